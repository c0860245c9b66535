"""Measures predicted points after their predictions have been sealed, or reads them from a table, and compares."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import msgspec

from tracetune_lab import predictions, sweep
from tracetune_lab.grid import Grid
from tracetune_lab.predictions import Judged
from tracetune_lab.priority import Priority
from tracetune_lab.recordings import Recording
from tracetune_lab.sweep_table import PointRow

# Far from the seeds of the sweep, so that a predicted point meets arrivals that nobody has seen.
SEED = 70_001


async def measure(
    path: Path, folder: Path, grid: Grid, priority: Priority, say: Callable[[str], object]
) -> list[Judged]:
    """Seal the predictions in `folder`, measure their points there, and set both side by side.

    Points that `folder` holds already are not measured again.

    Raises:
        InvalidPredictionError: the predictions break a rule, differ from those sealed, or are younger than a point.
    """
    told = predictions.read_predictions(path)
    known = predictions.seal(path, folder)
    say(f"sealed {known.sha256} at {known.sealed_unix_nano / 1e9:.0f}, before anything is measured")
    chosen = predictions.grid_of(told, grid, SEED)
    rows = await sweep.run(chosen, folder / "points", priority, say)
    places = [folder / "points" / point.folder() for points in chosen.points() for point in points]
    predictions.check_sealed_before(known, (Recording(place) for place in places))
    return predictions.judge(told, rows)


def against(path: Path, table: Path) -> list[Judged]:
    """Set predictions beside a table that was measured already: nothing proves that they are older.

    Raises:
        InvalidPredictionError: the predictions break a rule, or the table lacks a point.
    """
    with table.open(newline="") as file:
        rows = [msgspec.convert(row, PointRow, strict=False) for row in csv.DictReader(file)]
    return predictions.judge(predictions.read_predictions(path), rows)


def text(judged: list[Judged]) -> str:
    """The verdicts, then the cells that were answered and are far off."""
    lines = [predictions.HEADER, *(verdict.text() for verdict in predictions.verdicts(judged))]
    for each in judged:
        if abs(each.error) > predictions.FAR_OFF:
            cell = each.cell
            lines.append(
                f"far off: {cell.service} {cell.operation} p{100 * cell.quantile:g} at {each.rate_rps:g}/s with"
                f" {each.replicas}: {1000 * (cell.seconds or 0):.0f} ms predicted, {1000 * each.measured_seconds:.0f} ms"
            )
    return "\n".join(lines)
