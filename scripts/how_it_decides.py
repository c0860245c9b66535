"""Write docs/concepts/how-it-decides.md with its figures and pictures from the demo's data:  python scripts/how_it_decides.py.

Every number on the page comes out of the functions that decide; the page's text stands in how_it_decides.md.txt.
"""

from __future__ import annotations

import json
import string
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tracetune import pipeline
from tracetune.anomalies.detect import calibrate, detect
from tracetune.anomalies.incidents import group
from tracetune.anomalies.rules import LASTING, QUICK, URGENT
from tracetune.anomalies.seen import Seen
from tracetune.anomalies.signals import LATENCY, Signals
from tracetune.causes.ranking import rank
from tracetune.domain import words
from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import Severity
from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.forecasting.gate import WORDS
from tracetune.forecasting.learn import baselines, study
from tracetune.proofs.replay import look_live
from tracetune.testing.shop import shop_day

ROOT = Path(__file__).resolve().parent.parent
PAGE, FIGURES = "how-it-decides.md", "how-it-decides.json"
TEXT = Path(__file__).with_name("how_it_decides.md.txt")
FOLDER = ROOT / "docs" / "concepts"
LEARNED = 720  # minutes: the first half of the demo's day
SHOWN = (13 * 60 + 30, 15 * 60 + 20)
_RULES = {URGENT: "2 of 3 minutes", QUICK: "5 of 10 minutes", LASTING: "the sum of 20 minutes"}
_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 400" role="img" aria-label="{about}">
<style>
.paper{{fill:#fff}}.ink{{fill:#1c2530}}.dim{{fill:#5b6773}}.grid{{stroke:#e3e7ec}}.band{{fill:#3b6fb6;fill-opacity:.18}}
.line{{fill:none;stroke:#1c2530;stroke-width:1.2}}.middle{{fill:none;stroke:#3b6fb6}}
.mark{{stroke:#c2571a;stroke-dasharray:3 3}}.limit{{stroke:#c2571a}}.hot{{fill:#c2571a}}.cold{{fill:#9aa7b4}}
text{{font:12px system-ui,sans-serif}}.name{{font-weight:600}}
@media (prefers-color-scheme:dark){{.paper{{fill:#161b22}}.ink{{fill:#e6edf3}}.dim{{fill:#9aa7b4}}.grid{{stroke:#2b333d}}
.line{{stroke:#e6edf3}}.middle{{stroke:#6ea8fe}}.band{{fill:#6ea8fe;fill-opacity:.22}}
.hot{{fill:#f0883e}}.mark,.limit{{stroke:#f0883e}}}}
</style>"""
_LATENCIES = {Metric.LATENCY_P50: "median", Metric.LATENCY_P95: "p95"}


def demo_minutes() -> MinuteBatch:
    """The minutes of the demo's day."""
    intake = pipeline.Intake(1_000_000)
    for spans in shop_day(0):
        intake.add("shop", spans, {})
    return intake.finish().minutes


def figures() -> dict[str, Any]:
    """Everything that is said or drawn on the page."""
    minutes = demo_minutes()
    series, graph = SeriesBatch.from_minutes(minutes), ServiceGraph.from_minutes(minutes)
    normal, past = study(series.between(0, LEARNED), estimators=baselines(), seed=0, horizon_minutes=0)
    thresholds = calibrate(past)
    learned = normal.expect(series, horizon_minutes=0)
    incidents = group(detect(learned, graph=graph, thresholds=thresholds), graph)
    incident = next(each for each in incidents if each.severity is Severity.CRITICAL)
    loud = next(each for each in incident.anomalies if each.severity is Severity.CRITICAL)
    sighting = look_live(learned, graph, incident, thresholds)
    if sighting is None or sighting.paged is None:
        raise ValueError("the demo's incident would never have been paged")
    row, noticed = series.keys.index(loud.key), sighting.noticed - series.start_minute
    signals = Signals.of(Seen.of(learned.between(0, noticed)))
    levels = {rule: float(thresholds.of([loud.key])[LATENCY, rule][0]) for rule in _RULES}
    reached = {rule: float(signals.gathered[LATENCY, rule][row, -1]) for rule in _RULES}
    first = max(_RULES, key=lambda rule: reached[rule] / levels[rule])
    which = int(np.argmax(np.nan_to_num(signals.by_latency[:, row, -1])))
    metric = list(_LATENCIES)[which]
    cause = rank(incident, minutes, learned, graph, incidents).causes[0]
    last = noticed - 1
    quantiles = learned.forecasts[metric].values[row, last]
    seen = float(series[metric][row, last])
    return {
        "operation": str(loud.key),
        "learned_minutes": LEARNED,
        "minute": words.clock(series.start_minute + last),
        "metric": _LATENCIES[metric],
        "calls": int(series[Metric.CALLS][row, last]),
        "seen": words.duration(seen),
        "expected": words.duration(float(quantiles[MIDDLE])),
        "band": words.duration_range(float(quantiles[LOWER]), float(quantiles[UPPER])),
        "upper": words.duration(float(quantiles[UPPER])),
        "score": f"{float(signals.by_latency[which, row, -1]):.1f}",
        "model": WORDS[learned.forecasts[metric].verdicts[row].model],
        "verdict": learned.forecasts[metric].verdicts[row].reason,
        "coverage": words.share(learned.forecasts[metric].verdicts[row].coverage),
        "scores": ", ".join("–" if np.isnan(x) else f"{x:.1f}" for x in signals.scores[LATENCY][row, -10:]),
        "rules": "\n".join(_stood(name, reached[rule], levels[rule]) for rule, name in _RULES.items()),
        "first_rule": _RULES[first],
        "onset": words.clock(incident.onset),
        "noticed": words.clock(sighting.noticed),
        "noticed_after": sighting.noticed - incident.onset,
        "paged": words.clock(sighting.paged),
        "paged_after": sighting.paged - incident.onset,
        "calls_seen": words.count(_calls(learned, row, incident.onset, sighting.paged)),
        "services": ", ".join(sorted(incident.services)),
        "anomalies": "\n".join(
            f"| `{each.key}` | {each.kind} | {each.severity} | {each.why} |" for each in incident.anomalies
        ),
        "alarms": len(incident.anomalies),
        "cause": cause.service_name,
        "evidence": cause.evidence[0],
        "picture": _picture(learned, row, incident.onset, sighting.noticed, sighting.paged, levels[QUICK]),
    }


def _stood(name: str, evidence: float, level: float) -> str:
    had = f"{evidence:.1f}" if np.isfinite(evidence) else "–, too few calls"
    return f"| {name} | {had} | {level:.1f} | {'**yes**' if evidence >= level else 'not yet'} |"


def _calls(learned: Learned, row: int, first: int, last: int) -> float:
    start = learned.series.start_minute
    return float(np.nansum(learned.series[Metric.CALLS][row, first - start : last - start]))


def _picture(learned: Learned, row: int, onset: int, noticed: int, paged: int, level: float) -> dict[str, Any]:
    start, at = learned.series.start_minute, slice(*SHOWN)
    signals = Signals.of(Seen.of(learned))
    column = np.searchsorted(np.flatnonzero(learned.series.observed), np.arange(*SHOWN))
    band = learned.forecasts[Metric.LATENCY_P50].values[row, at] * 1e3
    return {
        "start": start + SHOWN[0],
        "marks": {"begins": onset, "shown": noticed, "pages": paged},
        "threshold": round(level, 2),
        "seen": _rounded(learned.series[Metric.LATENCY_P50][row, at] * 1e3),
        "lower": _rounded(band[:, LOWER]),
        "middle": _rounded(band[:, MIDDLE]),
        "upper": _rounded(band[:, UPPER]),
        "score": _rounded(signals.scores[LATENCY][row, column]),
    }


def _rounded(values: Any) -> list[float | None]:  # noqa: ANN401 - an array
    return [round(float(value), 1) if np.isfinite(value) else None for value in values]


def page(found: dict[str, Any]) -> str:
    """The page's text with the figures in their places."""
    return string.Template(TEXT.read_text("utf-8")).substitute({k: v for k, v in found.items() if k != "picture"})


def picture(found: dict[str, Any]) -> str:
    """The incident as it was seen: latency in its band, and each minute's score with what it takes to be evidence."""
    drawn = found["picture"]
    count, width, left = len(drawn["seen"]), 900, 56
    x = left + np.arange(count) * (width - left - 16) / (count - 1)
    parts = [
        _HEAD.format(
            width=width, about=f"{found['operation']} leaves its band at {found['onset']} and pages at {found['paged']}"
        ),
        f'<rect class="paper" width="{width}" height="400"/>',
        _text(left, 20, f"{found['operation']}: median latency in its band of 98 %", "ink name"),
        _text(left, 226, "Score of each minute: how many standard deviations above its forecast", "ink name"),
    ]
    high: float = 1.05 * max(value for name in ("seen", "upper") for value in drawn[name] if value is not None)

    def ms(value: float) -> float:
        return 200.0 - 164.0 * value / high

    def sigma(value: float) -> float:
        return 372.0 - 130.0 * min(max(value, 0.0), 10.0) / 10.0

    for value in range(0, int(high), 200):
        parts += [
            _rule(left, width - 16, ms(value), "grid"),
            _text(left - 6, ms(value) + 4, f"{value} ms", "dim", end=True),
        ]
    for value in (0, 5, 10):
        parts += [
            _rule(left, width - 16, sigma(value), "grid"),
            _text(left - 6, sigma(value) + 4, f"{value} σ", "dim", end=True),
        ]
    edge = [*zip(x, map(ms, drawn["upper"]), strict=True), *zip(x[::-1], map(ms, drawn["lower"][::-1]), strict=True)]
    parts.append(f'<path class="band" d="{_path(edge)}Z"/>')
    parts += [f'<path class="{style}" d="{_path([(a, ms(v)) for a, v in zip(x, drawn[name], strict=True) if v is not None])}"/>'
              for name, style in (("middle", "middle"), ("seen", "line"))]  # fmt: skip
    for a, value in zip(x, drawn["score"], strict=True):
        if value is not None:
            style = "hot" if value >= drawn["threshold"] else "cold"
            parts.append(f'<circle class="{style}" cx="{a:.1f}" cy="{sigma(value):.1f}" r="2.6"/>')
    parts.append(_rule(left, width - 16, sigma(drawn["threshold"]), "limit"))
    for place, (name, minute) in enumerate(drawn["marks"].items()):
        at = float(x[minute - drawn["start"]])
        parts.append(f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="36" y2="372"/>')
        before = place == 0  # what follows soon would run into it
        parts.append(
            _text(at - 4 if before else at + 4, 48 + 15 * place, f"{name} {words.clock(minute)}", "hot", end=before)
        )
    ticks = [at for at in range(count) if (drawn["start"] + at) % 30 == 0]
    parts += [_text(float(x[at]) - 16, 392, words.clock(drawn["start"] + at), "dim") for at in ticks]
    return "\n".join([*parts, "</svg>", ""])


def _text(x: float, y: float, text: str, style: str, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}"{anchor}>{text}</text>'


def _rule(first: float, last: float, y: float, style: str) -> str:
    return f'<line class="{style}" x1="{first}" x2="{last}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _path(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def write(folder: Path) -> None:
    """The page, its figures and its picture."""
    found = figures()
    (folder / FIGURES).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (folder / PAGE).write_text(page(found), "utf-8")
    (folder / "how-it-decides.svg").write_text(picture(found), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
