"""Draw predicted against measured latency of the lab's sweep:  python benchmarks/tuning/plot.py docs/tuning-sweep.svg."""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path

import msgspec
from sweep import RECORDED, RESULTS
from tracetune_lab.predictions import Judged, Predictions, judge, read_predictions
from tracetune_lab.sweep_table import PointRow

_SIDE, _EDGE = 420, 52
_LOW, _HIGH = 0.06, 3.0
_COLOURS = {0.5: "#1b9e77", 0.95: "#7570b3", 0.99: "#d95f02"}
_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0)


def judged() -> list[Judged]:
    """Every predicted number of points that were measured, of both splits."""
    with (RECORDED / "shop-sweep.csv").open(newline="") as file:
        rows = [msgspec.convert(row, PointRow, strict=False) for row in csv.DictReader(file)]
    rows = [row for row in rows if row.service == "entry" and row.split != "train"]
    measured = {(row.rate_rps, " ".join(sorted(row.replicas.split()))) for row in rows}
    told = read_predictions(RESULTS / "sweep-ours.json")
    points = [
        point
        for point in told.points
        if (point.rate_rps, " ".join(sorted(f"{key}={count}" for key, count in point.replicas.items()))) in measured
    ]
    return judge(Predictions(told.by, told.learnt_from, points), rows)


def place(seconds: float) -> float:
    """Pixels along an axis, logarithmic."""
    return (math.log(seconds) - math.log(_LOW)) / (math.log(_HIGH) - math.log(_LOW)) * _SIDE


def svg(cells: list[Judged]) -> str:
    """One dot a number with its interval, on equal logarithmic axes; grey is off by less than 30 %."""
    size = _SIDE + 2 * _EDGE
    band = [
        (_LOW, _LOW * 1.3),
        (_HIGH / 1.3, _HIGH),
        (_HIGH, _HIGH),
        (_HIGH, _HIGH / 1.3),
        (_LOW * 1.3, _LOW),
        (_LOW, _LOW),
    ]
    corners = " ".join(f"{_EDGE + place(x):.1f},{_EDGE + _SIDE - place(y):.1f}" for x, y in band)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" font-family="sans-serif" font-size="12">',
        f'<rect width="{size}" height="{size}" fill="#ffffff"/><polygon points="{corners}" fill="#eeeeee"/>',
        f'<line x1="{_EDGE}" y1="{_EDGE + _SIDE}" x2="{_EDGE + _SIDE}" y2="{_EDGE}" stroke="#888888"/>',
    ]
    for tick in _TICKS:
        x, y = _EDGE + place(tick), _EDGE + _SIDE - place(tick)
        label = f"{1000 * tick:.0f} ms" if tick < 1 else f"{tick:.0f} s"
        parts.append(f'<text x="{x:.1f}" y="{_EDGE + _SIDE + 18}" text-anchor="middle" fill="#333333">{label}</text>')
        parts.append(f'<text x="{_EDGE - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#333333">{label}</text>')
    for each in cells:
        low, high, value = each.cell.low_seconds, each.cell.high_seconds, each.cell.seconds
        if value is None or low is None or high is None:
            continue
        x, colour = _EDGE + place(each.measured_seconds), _COLOURS[each.cell.quantile]
        top, bottom = (_EDGE + _SIDE - place(min(bound, _HIGH)) for bound in (high, low))
        parts.append(
            f'<line x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" y2="{bottom:.1f}" stroke="{colour}" stroke-opacity="0.35"/>'
        )
        parts.append(f'<circle cx="{x:.1f}" cy="{_EDGE + _SIDE - place(value):.1f}" r="2.5" fill="{colour}"/>')
    for row, (quantile, colour) in enumerate(_COLOURS.items()):
        y = _EDGE + 14 + 18 * row
        parts.append(f'<circle cx="{_EDGE + 14}" cy="{y - 4}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{_EDGE + 24}" y="{y}" fill="#333333">p{100 * quantile:g}</text>')
    middle = _EDGE + _SIDE / 2
    parts.append(f'<text x="{middle}" y="{size - 12}" text-anchor="middle" fill="#333333">measured in the lab</text>')
    parts.append(
        f'<text x="{middle}" y="{_EDGE - 16}" text-anchor="middle" fill="#333333">predicted, with interval (up)</text>'
    )
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Write the picture."""
    Path(sys.argv[1]).write_text(svg(judged()), "utf-8")


if __name__ == "__main__":
    main()
