"""Trained models as tables and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from tracetune.cli.fitted import FittedTable
from tracetune.domain import words
from tracetune.domain.forecasts import Forecast, Verdict
from tracetune.domain.series import Metric, SeriesKey
from tracetune.forecasting.gate import WORDS
from tracetune.forecasting.learn import Normal
from tracetune.stores.models import ModelVersion
from tracetune.training import Change

Document = dict[str, Any]
Judged = tuple[Metric, SeriesKey, Verdict]


def version(found: ModelVersion) -> Document:
    """A version as JSON."""
    return {
        "version": found.number,
        "aliases": list(found.aliases),
        "created": found.created,
        "bytes": found.bytes,
        "sha256": found.sha256,
        "about": dict(found.about),
    }


def trained(found: ModelVersion, said: str) -> RenderableType:
    """The version that was just made, and what became of it."""
    return Group(
        Text(f"Version {found.number} learned from {_window(found)}; {said}.", style="bold"), "", versions([found])
    )


def versions(found: Sequence[ModelVersion]) -> RenderableType:
    """A line for each."""
    if not found:
        return Text("The registry holds no model yet; tracetune train FILES --registry DIR makes one.")
    table = FittedTable(
        "VERSION", "ALIASES", "CREATED", "LEARNED FROM", "OPERATIONS", "P95 LOSS", "COVERAGE", "EVENT F1", "BACKEND", "CODE",
        right=("VERSION", "OPERATIONS", "P95 LOSS", "COVERAGE", "EVENT F1"),
        folds=("ALIASES", "CREATED", "LEARNED FROM", "BACKEND", "CODE"),
    )  # fmt: skip
    for each in found:
        measures = each.about.get("metrics", {}).get(Metric.LATENCY_P95.value, {})
        table.add_row(
            str(each.number),
            Text(", ".join(each.aliases), style="bold"),
            each.created.replace("T", " ")[:16],
            _window(each),
            str(each.about.get("operations", "?")),
            _share(measures.get("loss")),
            _share(measures.get("coverage")),
            _f1(measures.get("event_f1")),
            str(each.about.get("backend", "?")),
            str(each.about.get("code_version", "?")),
        )
    return table


def one(found: ModelVersion, normal: Normal) -> RenderableType:
    """A version in full."""
    limits = [Text(f"· {limit}", style="dim") for limit in normal.limits]
    return Group(versions([found]), *limits, "", speakers(_verdicts(normal)))


def learned(judged: Sequence[Judged], limits: Sequence[str]) -> RenderableType:
    """Who speaks for the operations of some traces, after a sentence that counts them."""
    models = [verdict.model for _, _, verdict in judged]
    counts = [
        f"{WORDS.get(name, name)} for {models.count(name)}"
        for name in sorted(set(models), key=models.count, reverse=True)
    ]
    said = (
        f"Of {words.number_of(len(judged), 'forecast')}, {', '.join(counts)}." if judged else "Nothing is forecast yet."
    )
    return Group(Text(said, style="bold"), *(Text(f"· {each}", style="dim") for each in limits), "", speakers(judged))


def of(forecasts: Mapping[Metric, Forecast]) -> list[Judged]:
    """The verdict on each operation and metric of these forecasts, by operation."""
    found = [
        (metric, key, verdict)
        for metric, forecast in forecasts.items()
        for key, verdict in zip(forecast.keys, forecast.verdicts, strict=True)
    ]
    return sorted(found, key=lambda each: (each[1], each[0]))


def speakers(judged: Iterable[Judged]) -> RenderableType:
    """For each operation and metric the model that speaks, its error, its coverage, what it finds, and why it does."""
    columns = ("SERVICE", "OPERATION", "METRIC", "MODEL", "LOSS", "COVERAGE", "EVENT F1", "WHY")
    folds = ("SERVICE", "OPERATION", "METRIC", "MODEL", "WHY")
    table = FittedTable(*columns, right=("LOSS", "COVERAGE", "EVENT F1"), folds=folds, lead=2, below="WHY")
    for metric, key, verdict in judged:
        loss = verdict.pinball_loss.get(verdict.model, math.nan)
        table.add_row(
            key.service_name,
            key.span_name,
            metric.value.removeprefix("latency_"),
            WORDS.get(verdict.model, verdict.model),
            words.duration(loss) if metric is not Metric.CALLS else f"{loss:.2g}/min" if math.isfinite(loss) else "–",
            words.share(verdict.coverage),
            _f1(verdict.event_f1.get(verdict.model)),
            Text(verdict.reason, style="dim"),
        )
    return table


def verdicts(normal: Normal) -> list[Document]:
    """Who speaks for each operation and metric, as JSON."""
    return [verdict(*each) for each in _verdicts(normal)]


def verdict(metric: Metric, key: SeriesKey, judged: Verdict) -> Document:
    """One operation's verdict on one metric, as JSON; losses are in the metric's unit."""
    return {
        "service_name": key.service_name,
        "span_name": key.span_name,
        "metric": metric.value,
        "model": judged.model,
        "pinball_loss": {name: loss if math.isfinite(loss) else None for name, loss in judged.pinball_loss.items()},
        "coverage": judged.coverage if math.isfinite(judged.coverage) else None,
        "event_f1": {name: f1 if math.isfinite(f1) else None for name, f1 in judged.event_f1.items()},
        "reason": judged.reason,
    }


def diff(before: ModelVersion, after: ModelVersion, changed: Sequence[Change]) -> RenderableType:
    """Both versions, one below the other, and who speaks instead of whom."""
    said = words.number_of(len(changed), "forecast")
    headline = f"Version {after.number} speaks otherwise than version {before.number} for {said}."
    parts: list[RenderableType] = [Text(headline, style="bold"), "", versions([before, after])]
    if changed:
        columns = ("SERVICE", "OPERATION", "METRIC", "BEFORE", "", "AFTER")
        table = FittedTable(*columns, folds=columns, lead=2)
        for each in changed:
            names = [WORDS.get(name, name) or "nobody" for name in (each.before, each.after)]
            table.add_row(each.key.service_name, each.key.span_name, each.metric.value, names[0], "→", names[1])
        parts += ["", table]
    return Group(*parts, Text("· losses are of different minutes where the windows differ", style="dim"))


def diff_document(before: ModelVersion, after: ModelVersion, changed: Sequence[Change]) -> Document:
    """The difference as JSON."""
    return {
        "before": version(before),
        "after": version(after),
        "changes": [
            {
                "service_name": each.key.service_name,
                "span_name": each.key.span_name,
                "metric": each.metric.value,
                "before": each.before or None,
                "after": each.after or None,
            }
            for each in changed
        ],
    }


def _verdicts(normal: Normal) -> list[Judged]:
    found = [
        (metric, key, each)
        for metric, chosen in normal.models.items()
        for key, each in zip(chosen.keys, chosen.verdicts, strict=True)
    ]
    return sorted(found, key=lambda each: (each[1], each[0]))


def _window(found: ModelVersion) -> str:
    window = found.about.get("window", {})
    minutes = window.get("minutes")
    if not isinstance(minutes, int):
        return "?"
    return f"{words.length(minutes)} until {str(window.get('end', '?')).replace('T', ' ')[:16]}"


def _f1(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) and math.isfinite(value) else "–"


def _share(value: object) -> str:
    return words.share(value) if isinstance(value, float) else "–"
