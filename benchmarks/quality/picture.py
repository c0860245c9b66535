"""Draws real false alarms against the budget as an SVG: what each way to set thresholds makes of the same evidence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 460, 64, 20, 104, 50
LEAST, MOST = 0.003, 10.0
TICKS = (0.01, 0.1, 1.0, 10.0)
COLOURS = ("#4477aa", "#66ccee", "#228833", "#aa3377", "#ee6677")

_HEAD = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" \
aria-label="Real false alarms against the budget">
<style>
.paper{{fill:#fff}}.ink{{fill:#1c2530}}.dim{{fill:#5b6773}}.grid{{stroke:#e3e7ec}}.promise{{stroke:#5b6773;stroke-dasharray:4 4}}
.line{{fill:none;stroke-width:2}}text{{font:12px system-ui,sans-serif}}.name{{font-weight:600}}
@media (prefers-color-scheme:dark){{.paper{{fill:#161b22}}.ink{{fill:#e6edf3}}.dim{{fill:#9aa7b4}}.grid{{stroke:#2b333d}}}}
</style>
<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>"""


def calibration(ways: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """The picture of ``calibrations``' figures, as text."""
    budgets = [float(each) for each in next(iter(ways.values()))]
    return "\n".join([_HEAD, *_frame(budgets), *_lines(ways), "</svg>", ""])


def _frame(budgets: list[float]) -> Iterator[str]:
    yield f'<text x="{LEFT}" y="20" class="ink name">Real false alarms a series-day against those allowed</text>'
    for tick in TICKS:
        y = _y(tick)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" class="dim" text-anchor="end">{tick:g}</text>'
    for budget in budgets:
        x = _x(budget)
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" class="dim" text-anchor="middle">{budget:g}</text>'
    yield f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 12}" class="dim" text-anchor="end">allowed (budget)</text>'
    first, last = budgets[0], budgets[-1]
    yield f'<line class="promise" x1="{_x(first):.1f}" y1="{_y(first):.1f}" x2="{_x(last):.1f}" y2="{_y(last):.1f}"/>'
    yield f'<text x="{_x(last):.1f}" y="{_y(last) - 8:.1f}" class="dim" text-anchor="end">as promised</text>'


def _lines(ways: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[str]:
    for place, ((way, by_budget), colour) in enumerate(zip(ways.items(), COLOURS, strict=False)):
        points = [(_x(float(each)), _y(found["false alarms a series-day"])) for each, found in by_budget.items()]
        yield f'<path class="line" stroke="{colour}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
        x, y = LEFT + 300 * (place % 2), 44 + 20 * (place // 2)
        yield f'<line x1="{x}" x2="{x + 18}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}" stroke-width="2.5"/>'
        yield f'<text x="{x + 24}" y="{y}" class="ink">{way}</text>'


def _x(budget: float) -> float:
    return (
        LEFT + 20 + (WIDTH - LEFT - RIGHT - 40) * (math.log(budget) - math.log(0.02)) / (math.log(0.5) - math.log(0.02))
    )


def _y(alarms: float) -> float:
    share = (math.log(min(max(alarms, LEAST), MOST)) - math.log(LEAST)) / (math.log(MOST) - math.log(LEAST))
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
