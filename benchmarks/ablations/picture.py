"""Pictures of the ablations as SVG that needs nothing else and reads in both themes."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

WIDTH, LEFT, RIGHT, HEAD, ROW, PANEL = 920, 300, 60, 64, 44, 220

_STYLE = """
.paper{fill:#fff}.ink{fill:#1c2530}.dim{fill:#5b6773}.grid{stroke:#e3e7ec}
.one{fill:#3b6fb6}.two{fill:#9bb7dc}.seed{fill:#1c2530}
.a{stroke:#3b6fb6;fill:#3b6fb6}.b{stroke:#c2571a;fill:#c2571a}.c{stroke:#2f855a;fill:#2f855a}.d{stroke:#5b6773;fill:#5b6773}
path{fill:none!important;stroke-width:2}
text{font:12px system-ui,sans-serif}.title{font-weight:600;font-size:14px}.name{font-weight:600}
text.a,text.b,text.c,text.d{stroke:none}
@media (prefers-color-scheme:dark){.paper{fill:#161b22}.ink{fill:#e6edf3}.dim{fill:#9aa7b4}.grid{stroke:#2b333d}
.one{fill:#6ea8fe}.two{fill:#35558a}.seed{fill:#e6edf3}
.a{stroke:#6ea8fe;fill:#6ea8fe}.b{stroke:#f0883e;fill:#f0883e}.c{stroke:#56d364;fill:#56d364}.d{stroke:#9aa7b4;fill:#9aa7b4}}
"""


def bars(title: str, about: str, rows: Sequence[tuple[str, Sequence[float], Sequence[float]]]) -> str:
    """Two bars a row, F1 and recall: the mean over the seeds, with a dot for each seed."""
    height = HEAD + ROW * len(rows) + 34
    parts = _begin(title, about, height)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = _x(share)
        parts += [_line(x, HEAD - 4, x, height - 30), _text(x, height - 14, f"{share:g}", "dim", "middle")]
    for at, (name, f1, recall) in enumerate(rows):
        top = HEAD + ROW * at
        parts.append(_text(LEFT - 10, top + 21, name, "ink name", "end"))
        for values, offset, style, letter in ((f1, 3, "one", "F1"), (recall, 19, "two", "recall")):
            mean = sum(values) / len(values)
            parts.append(
                f'<rect class="{style}" x="{LEFT}" y="{top + offset}" width="{_x(mean) - LEFT:.1f}" height="14"/>'
            )
            parts += [
                f'<circle class="seed" cx="{_x(each):.1f}" cy="{top + offset + 7}" r="2"/>'
                for each in values
                if len(values) > 1
            ]
            parts.append(
                _text(max(_x(each) for each in values) + 7, top + offset + 11, f"{letter} {mean:.2f}", "dim", "start")
            )
    return "\n".join([*parts, "</svg>", ""])


def lines(title: str, about: str, at: Sequence[str], panels: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """A panel for each measure: one line a model over lengths of history."""
    left, gap = 56, 72
    width = (WIDTH - left - 24 - gap * (len(panels) - 1)) / len(panels)
    height = HEAD + 50 + PANEL + 40
    parts = _begin(title, about, height)
    for number, (measure, by_model) in enumerate(panels.items()):
        start, top = left + number * (width + gap), HEAD + 44
        values = [value for each in by_model.values() for value in each if math.isfinite(value)]
        low, high = min(values), max(values)
        room = 0.06 * (high - low) or 0.01
        low, high = low - room, high + room
        parts.append(_text(start, top - 12, measure, "ink name", "start"))
        for share in (0.0, 0.5, 1.0):
            value = low + (high - low) * share
            y = top + PANEL * (1.0 - share)
            parts += [
                _line(start, y, start + width, y),
                _text(start - 6, y + 4, f"{value:.{3 if high < 0.2 else 2}f}", "dim", "end"),
            ]
        xs = [start + width * (place + 0.3) / (len(at) - 0.4) for place in range(len(at))]
        parts += [_text(x, top + PANEL + 18, name, "dim", "middle") for x, name in zip(xs, at, strict=True)]
        for style, each in zip("abcd", by_model.values(), strict=False):
            points = [
                (x, top + PANEL * (1.0 - (value - low) / (high - low)))
                for x, value in zip(xs, each, strict=True)
                if math.isfinite(value)
            ]
            parts.append(f'<path class="{style}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>')
            parts += [f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points]
    for style, place, model in zip("abcd", range(4), next(iter(panels.values())), strict=False):
        x = 16 + 215 * place
        parts.append(f'<circle class="{style}" cx="{x + 4}" cy="{HEAD - 4}" r="4"/>')
        parts.append(_text(x + 14, HEAD, model, "ink", "start"))
    return "\n".join([*parts, "</svg>", ""])


def _begin(title: str, about: str, height: int) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{html.escape(title)}">',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        _text(16, 24, title, "ink title", "start"),
        _text(16, 44, about, "dim", "start"),
    ]


def _x(share: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * share


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, style: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{html.escape(text)}</text>'
