"""Draws the sweep's table as an SVG: the 95th percentile against the load, a line for each choice of replicas."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

WIDTH, PANEL_WIDTH, PANEL_HEIGHT, LEFT, TOP, GAP_X, GAP_Y = 930, 390, 180, 60, 40, 70, 56
# Paul Tol's bright palette and three greys, told apart by most colour-blind people.
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#222222", "#777777", "#bbbbbb")
PANELS = (
    ("entry", "entry", "all requests, as the generator saw them"),
    ("checkout", "/order", "checkout (3 slots a replica, held to the end)"),
    ("payment", "/charge", "payment (1 slot a replica)"),
    ("recommendation", "/recommendations", "recommendation (1 slot a replica)"),
)
Line = list[tuple[float, float]]


def draw(table: Path, path: Path) -> None:
    """Draw the table; a setting that was measured twice at a load keeps the first."""
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    settings = list(dict.fromkeys(row["replicas"] for row in rows))
    height = TOP + 2 * (PANEL_HEIGHT + GAP_Y) + 18 * ((len(settings) + 2) // 3)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="16" font-size="13">95th percentile in milliseconds against requests a second at the entry</text>',
    ]
    for number, (service, operation, title) in enumerate(PANELS):
        chosen = [row for row in rows if (row["service"], row["operation"]) == (service, operation)]
        lines = {setting: _line(chosen, setting) for setting in settings}
        corner = LEFT + number % 2 * (PANEL_WIDTH + GAP_X), TOP + number // 2 * (PANEL_HEIGHT + GAP_Y)
        parts.extend(_panel(title, lines, corner))
    for number, setting in enumerate(settings):
        x, y = LEFT + number % 3 * 290, TOP + 2 * (PANEL_HEIGHT + GAP_Y) + 18 * (number // 3)
        parts.append(f'<path d="M{x} {y - 4}h18" stroke="{_colour(number)}" stroke-width="2.5"/>')
        parts.append(f'<text x="{x + 24}" y="{y}">{setting}</text>')
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")


def _line(rows: list[dict[str, str]], setting: str) -> Line:
    found: dict[float, float] = {}
    for row in rows:
        if row["replicas"] == setting:
            found.setdefault(float(row["rate_rps"]), 1000 * float(row["p95_seconds"]))
    return sorted(found.items())


def _panel(title: str, lines: dict[str, Line], corner: tuple[float, float]) -> Iterator[str]:
    left, top = corner
    bottom = top + PANEL_HEIGHT
    most_x = max(x for line in lines.values() for x, _ in line)
    most_y = max(y for line in lines.values() for _, y in line)

    def at(x: float, y: float) -> str:
        return f"{left + x / most_x * PANEL_WIDTH:.1f} {bottom - y / most_y * PANEL_HEIGHT:.1f}"

    yield f'<text x="{left}" y="{top - 6}" fill="#444">{title}</text>'
    yield f'<path d="M{left} {top}V{bottom}h{PANEL_WIDTH}" stroke="#999" fill="none"/>'
    yield f'<text x="{left - 6}" y="{top + 9}" text-anchor="end">{most_y:.0f}</text>'
    yield f'<text x="{left - 6}" y="{bottom}" text-anchor="end">0</text>'
    for rate in range(0, int(most_x) + 1, 8):
        yield f'<text x="{left + rate / most_x * PANEL_WIDTH:.0f}" y="{bottom + 14}" text-anchor="middle">{rate}/s</text>'
    for number, line in enumerate(lines.values()):
        path = "L".join(at(x, y) for x, y in line)
        yield f'<path d="M{path}" stroke="{_colour(number)}" stroke-width="1.8" fill="none"/>'
        for x, y in line:
            place_x, place_y = at(x, y).split()
            yield f'<circle cx="{place_x}" cy="{place_y}" r="2.4" fill="{_colour(number)}"/>'


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
