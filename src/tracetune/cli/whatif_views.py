"""A what-if answer as a table for a terminal, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from tracetune.cli.fitted import FittedTable
from tracetune.domain import words
from tracetune.domain.whatif import Bounded, EndpointOutlook, Latency, Played, ServiceOutlook, WhatIf

Document = dict[str, Any]


def table(found: WhatIf) -> RenderableType:
    """The sentence, endpoints and services as they would be, and every reason for doubt."""
    parts: list[RenderableType] = [Text(found.sentence, style="bold"), ""]
    numbers: tuple[str, ...] = ("CALLS", "P50", "P95", "P99", "P99 BETWEEN", "NOW")
    endpoints = FittedTable("ENDPOINT", *numbers, right=numbers, folds=("ENDPOINT",))
    for each in found.endpoints:
        endpoints.add_row(*_endpoint(each))
    numbers = ("REPLICAS", "CALLS", "P99", "BUSY", "FULL AT")
    services = FittedTable("SERVICE", *numbers, right=numbers, folds=("SERVICE",))
    for one in found.services:
        services.add_row(*_service(one))
    parts += [endpoints, "", services]
    if found.refusals:
        parts.append("")
    for refused in found.refusals:
        effect = "no number" if refused.is_final else "wider interval"
        parts.append(Text(f"· {effect}: {refused.said}; it takes {refused.unlock}", style="dim"))
    return Group(*parts)


def _endpoint(each: EndpointOutlook) -> tuple[str, ...]:
    now = words.duration(each.now.p99.value)
    if each.latency is None:
        return (each.span_name, words.rate(each.calls_per_second), "–", "–", "–", "–", now)
    latency = each.latency
    between = words.duration_range(latency.p99.lower, latency.p99.upper)
    values = (words.duration(bounded.value) for bounded in (latency.p50, latency.p95, latency.p99))
    return (each.span_name, words.rate(each.calls_per_second), *values, between, now)


def _service(each: ServiceOutlook) -> tuple[str, ...]:
    tail = words.duration(each.latency.p99.value) if each.latency else "–"
    return (
        each.service_name,
        str(each.replicas or "–"),
        words.rate(each.calls_per_second),
        tail,
        words.share(each.busy_share),
        words.rate(each.saturation_calls_per_second),
    )


def played(ways: Sequence[Played]) -> RenderableType:
    """Each way of choosing replicas in a line."""
    head = ("REPLICAS BY", "MINUTES OVER", "REPLICA-HOURS", "CHANGES")
    lines = FittedTable(*head, right=head[1:], folds=head[:1])
    for each in ways:
        lines.add_row(each.way, str(each.minutes_lost), f"{each.replica_hours:.1f}", str(each.changes))
    note = (
        "p99 over twice what it is when nothing waits; of services whose queues are known; by the model of these traces"
    )
    return Group(lines, "", Text(f"· {note}", style="dim"))


def played_document(ways: Sequence[Played]) -> list[Document]:
    """The same as JSON."""
    return [
        {
            "way": each.way,
            "minutes_lost": each.minutes_lost,
            "replica_hours": each.replica_hours,
            "changes": each.changes,
        }
        for each in ways
    ]


def document(found: WhatIf) -> Document:
    """Every number of the answer; null where there is none."""
    return {
        "sentence": found.sentence,
        "is_answered": found.is_answered,
        "is_screened": found.is_screened,
        "load": found.ask.load,
        "replicas": dict(found.ask.replicas),
        "demand": dict(found.ask.demand),
        "calls_per_second": found.calls_per_second,
        "endpoints": [
            {
                "service_name": each.service_name,
                "span_name": each.span_name,
                "calls_per_second": each.calls_per_second,
                "now": _latency(each.now),
                "latency": _latency(each.latency),
            }
            for each in found.endpoints
        ],
        "services": [
            {
                "service_name": each.service_name,
                "replicas": each.replicas or None,
                "calls_per_second": each.calls_per_second,
                "latency": _latency(each.latency),
                "busy_share": _known(each.busy_share),
                "saturation_calls_per_second": _known(each.saturation_calls_per_second),
            }
            for each in found.services
        ],
        "refusals": [
            {
                "reason": each.reason.value,
                "service_name": each.service_name,
                "said": each.said,
                "unlock": each.unlock,
                "is_final": each.is_final,
            }
            for each in found.refusals
        ],
    }


def _latency(latency: Latency | None) -> Document | None:
    if latency is None or math.isnan(latency.p50.value):
        return None
    return {"p50": _bounded(latency.p50), "p95": _bounded(latency.p95), "p99": _bounded(latency.p99)}


def _bounded(bounded: Bounded) -> Document:
    return {"value": bounded.value, "lower": bounded.lower, "upper": bounded.upper}


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
