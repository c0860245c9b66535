"""Measures one topology at a grid of loads and replicas: the ground truth for scaling guidance."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from tracetune_lab.errors import InvalidRecordingError
from tracetune_lab.grid import Grid, Point
from tracetune_lab.lab import Lab, LabOptions
from tracetune_lab.load import LoadPlan
from tracetune_lab.priority import Priority
from tracetune_lab.profiles import Profile
from tracetune_lab.record import ENVOY_COUNTS, Watch
from tracetune_lab.recordings import CLOSING_LEVEL, Recorder, Recording
from tracetune_lab.sweep_table import PointRow, rows_of

# Spans that are kept for reading once need no slow compression between two points.
QUICK_LEVEL = 6


async def run(grid: Grid, folder: Path, priority: Priority, say: Callable[[str], object]) -> list[PointRow]:
    """Record every point that `folder` does not hold yet, and give the lines of all of them.

    Each choice of replicas is one lab that goes through its loads. A sweep that was interrupted
    goes on where it ended when it is started again; a point measured with another grid is refused.

    Raises:
        InvalidRecordingError: `folder` holds a point of another grid.
    """
    for points in grid.points():
        missing = [point for point in points if _recorded(grid, folder, point) is None]
        if missing:
            await _measure(grid, missing, folder, priority, say)
    return table(grid, folder)


def table(grid: Grid, folder: Path) -> list[PointRow]:
    """The lines of every point that has been recorded."""
    rows: list[PointRow] = []
    for point in (point for points in grid.points() for point in points):
        recording = _recorded(grid, folder, point)
        if recording is not None:
            rows.extend(rows_of(recording, point, grid.warm_up_seconds))
    return rows


def _recorded(grid: Grid, folder: Path, point: Point) -> Recording | None:
    place = folder / point.folder()
    if not place.exists():
        return None
    recording = Recording(place)
    if recording.manifest.scenario != _about(grid, point):
        raise InvalidRecordingError(f"{place} was measured with another grid; give another directory or remove it")
    return recording


async def _measure(
    grid: Grid, points: list[Point], folder: Path, priority: Priority, say: Callable[[str], object]
) -> None:
    topology = grid.topology_at(points[0].replicas)
    options = LabOptions(seed=points[0].seed, priority=priority)
    with tempfile.TemporaryDirectory(prefix="tracetune-lab-") as scratch:
        async with Lab(topology, options, Path(scratch), _keep_nothing) as lab:
            for point in points:
                level = CLOSING_LEVEL if point.split == "train" else QUICK_LEVEL
                with Recorder(folder / point.folder(), options.export, level) as recorder:
                    lab.sink.keep = recorder.keep
                    try:
                        await _record(grid, lab, point, recorder)
                    finally:
                        lab.sink.keep = _keep_nothing
                say(f"{time.strftime('%H:%M:%S')} point {point.number}: {point.rate_rps:g}/s {point.replicas_text()}")


def _keep_nothing(_payload: bytes) -> None:
    """Between two points no span is awaited (each has settled), but what was interrupted still sends."""


async def _record(grid: Grid, lab: Lab, point: Point, recorder: Recorder) -> None:
    watch = Watch(lab, await lab.stats(ENVOY_COUNTS))
    plan = LoadPlan(
        url=f"http://127.0.0.1:{lab.gateway_port}",
        host=lab.topology.entry.service,
        profile=Profile(base_rps=point.rate_rps, peak_rps=point.rate_rps),
        mix=grid.mix,
        run_seconds=grid.warm_up_seconds + grid.point_seconds,
        seed=point.seed,
        start_unix_seconds=time.time() + 1.5,
        warm_up_seconds=grid.warm_up_seconds,
    )
    report = await lab.run_load(plan)
    await lab.settle()
    manifest = watch.manifest(_about(grid, point), report, await lab.stats(ENVOY_COUNTS), "nothing")
    recorder.finish(manifest, [], report)


def _about(grid: Grid, point: Point) -> dict[str, object]:
    held = {name: value for name, value in msgspec.to_builtins(grid).items() if name != "settings"}
    about: dict[str, object] = {"name": point.folder(), **held, **msgspec.to_builtins(point)}
    return about
