"""The comparison of histories as a picture: one band a panel over the same minutes, as SVG that needs nothing else."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tracetune.domain import words
from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER
from tracetune.proofs import sentences
from tracetune.proofs.histories import Comparison, History

Values = NDArray[np.float64]

WIDTH, PANEL, GAP, LEFT, HEAD, LINE, BOTTOM = 920, 128, 40, 64, 66, 18, 34
"""Pixels; the picture is drawn at this width and scales with its place."""

_TICKS = 8
_LINE_LETTERS = 104

_STYLE = """
.paper{fill:#fff}.ink{fill:#1c2530}.dim{fill:#5b6773}.grid{stroke:#e3e7ec}.band{fill:#3b6fb6;fill-opacity:.18}
.middle{fill:none;stroke:#3b6fb6;stroke-width:1.2}.seen{fill:none;stroke:#1c2530;stroke-width:1}
text{font:12px system-ui,sans-serif}.title{font-weight:600;font-size:14px}.name{font-weight:600}
@media (prefers-color-scheme:dark){.paper{fill:#161b22}.ink{fill:#e6edf3}.dim{fill:#9aa7b4}.grid{stroke:#2b333d}
.band{fill:#6ea8fe;fill-opacity:.22}.middle{stroke:#6ea8fe}.seen{stroke:#e6edf3}}
"""


def svg(found: Comparison) -> str:
    """The picture; every panel has the same axes, so that bands can be compared by eye."""
    said = sentences.histories(found)
    lines = textwrap.wrap(said, _LINE_LETTERS)
    top = HEAD + LINE * len(lines)
    height = top + len(found.histories) * (PANEL + GAP) + BOTTOM
    about = f"p95 of {found.drawn}: seen (line), expected (band of 98 % with its median); times are UTC"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{html.escape(said)}">',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        *(_text(16, 24 + LINE * at, line, "ink title") for at, line in enumerate(lines)),
        _text(16, 28 + LINE * len(lines), about, "dim"),
    ]
    scale = _Scale.of(found)
    for number, history in enumerate(found.histories):
        parts += _panel(found, history, scale, top + number * (PANEL + GAP))
    return "\n".join([*parts, "</svg>", ""])


class _Scale:
    """Seconds to pixels within a panel, on a logarithmic axis."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self._span = np.log(high / low)

    @classmethod
    def of(cls, found: Comparison) -> _Scale:
        """From what was seen, with room for the bands; an unsure band is cut off at the panel's edge."""
        seen = found.observed[np.isfinite(found.observed)]
        if not len(seen):
            return cls(0.001, 1.0)
        return cls(float(np.quantile(seen, 0.01)) / 1.6, float(seen.max()) * 1.5)

    def y(self, seconds: Values) -> Values:
        place = np.log(np.maximum(seconds, 1e-9) / self.low) / self._span
        scaled: Values = PANEL * (1.0 - np.clip(place, 0.0, 1.0))
        return scaled

    def ticks(self) -> list[float]:
        steps = [digit * 10.0**power for power in range(-6, 4) for digit in (1, 2, 5)]
        return [step for step in steps if self.low <= step <= self.high]


def _panel(found: Comparison, history: History, scale: _Scale, top: float) -> list[str]:
    minutes = found.last - found.cut
    x = LEFT + np.arange(minutes) * (WIDTH - LEFT - 16) / max(minutes - 1, 1)
    lower, middle, upper = (scale.y(history.quantiles[:, at]) for at in (LOWER, MIDDLE, UPPER))
    told = (
        f"loss {words.share(history.loss)} · band covers {words.share(history.coverage)} · MASE {history.mase:.2f} · "
        f"{history.hits} of {history.trials} slowdowns found, {history.others} others (F1 {history.f1:.2f})"
    )
    parts = [_text(16, top - 8, f"{history.name} of history", "ink name"), _text(150, top - 8, told, "dim")]
    parts.append(f'<g transform="translate(0 {top:.1f})">')
    for seconds in scale.ticks():
        y = float(scale.y(np.array([seconds]))[0])
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 16}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_text(LEFT - 6, y + 4, words.duration(seconds), "dim", end=True))
    parts += [
        _text(float(x[at]), PANEL + 16, words.clock(found.cut + at), "dim") for at in _clock_ticks(found.cut, minutes)
    ]
    for run in _runs(np.isfinite(history.quantiles[:, MIDDLE])):
        edge = [*zip(x[run], upper[run], strict=True), *zip(x[run][::-1], lower[run][::-1], strict=True)]
        parts.append(f'<path class="band" d="{_path(edge)}Z"/>')
        parts.append(f'<path class="middle" d="{_path(list(zip(x[run], middle[run], strict=True)))}"/>')
    seen = scale.y(found.observed)
    runs = [list(zip(x[run], seen[run], strict=True)) for run in _runs(np.isfinite(found.observed))]
    return [*parts, *(f'<path class="seen" d="{_path(run)}"/>' for run in runs), "</g>"]


def _clock_ticks(cut: int, minutes: int) -> list[int]:
    """Positions of round times of day, at most _TICKS of them."""
    step = next((step for step in (10, 15, 30, 60, 120, 180, 360) if minutes / step <= _TICKS), 360)
    return [at for at in range(minutes) if (cut + at) % step == 0]


def _runs(known: NDArray[np.bool_]) -> list[slice]:
    """Stretches of minutes that are known; a gap stays a gap."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], known.astype(np.int8), [0])))).tolist()
    return [slice(first, last) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _text(x: float, y: float, text: str, style: str, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}"{anchor}>{html.escape(text)}</text>'
