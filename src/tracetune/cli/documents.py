"""Answers as JSON: what ``--json`` prints, with times as RFC 3339 and stable names."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from enum import Enum
from typing import Any

from tracetune.cli import model_views
from tracetune.domain import words
from tracetune.domain.advice import Advice
from tracetune.domain.analysis import Analysis, Ingested
from tracetune.domain.anomalies import Anomaly, Incident
from tracetune.domain.causes import CauseRanking
from tracetune.domain.quality import Finding

Document = dict[str, Any]


def analysis(found: Analysis) -> Document:
    """All of an analysis but its series: the sentence, the incidents with their causes, the advice, the data."""
    return {
        "headline": found.headline,
        "input": ingested(found.ingested),
        "limits": list(found.learned.limits),
        "incidents": [incident(each, found.rankings.get(each.id)) for each in found.incidents],
        "advice": [advice(each) for each in found.advice],
        "models": [model_views.verdict(*each) for each in model_views.of(found.learned.forecasts)],
        "parameters": dict(found.parameters),
    }


def ingested(found: Ingested) -> Document:
    """What was read: counts, period, sources and problems."""
    return {
        "spans": found.spans,
        "traces": found.traces,
        "services": found.services,
        "start_time_unix_nano": found.start_time_unix_nano,
        "end_time_unix_nano": found.end_time_unix_nano,
        "sources": [_plain(source) for source in found.sources],
        "problems": [finding(each) for each in found.findings],
    }


def incident(found: Incident, ranking: CauseRanking | None) -> Document:
    """An incident with its anomalies and, where they were ranked, its causes."""
    return {
        "id": found.id,
        "kind": found.kind.value,
        "severity": found.severity.value,
        "onset": words.timestamp(found.onset),
        "end": _time(found.end),
        "services": list(found.services),
        "explanation": _plain(ranking) if ranking else None,
        "anomalies": [anomaly(each) for each in found.anomalies],
    }


def anomaly(found: Anomaly) -> Document:
    """An anomaly; observed and expected are seconds, a ratio or calls a minute, by its kind."""
    document: Document = _plain(found)
    service_name, span_name = document.pop("key")
    times = {"onset": words.timestamp(found.onset), "end": _time(found.end)}
    return {"id": document.pop("id"), "service_name": service_name, "span_name": span_name, **document, **times}


def advice(found: Advice) -> Document:
    """One recommendation."""
    document: Document = _plain(found)
    return document


def finding(found: Finding) -> Document:
    """A problem of the span data with its remedy."""
    problem = found.problem
    return {
        "code": found.code,
        "effect": problem.effect.value,
        "count": found.count,
        "total": found.total,
        "where": list(found.where),
        "detail": found.detail,
        "meaning": problem.meaning,
        "remedy": problem.remedy,
    }


def _time(minute: int | None) -> str | None:
    return None if minute is None else words.timestamp(minute)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any domain value
    """A domain value as JSON's types; NaN and infinities, which JSON has not, become null."""
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value
