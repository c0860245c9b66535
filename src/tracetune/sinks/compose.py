"""An analysis turned into the document of its report."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from tracetune.domain.advice import Action, Advice
from tracetune.domain.analysis import Analysis
from tracetune.domain.anomalies import Severity
from tracetune.domain.causes import CauseKind
from tracetune.domain.minutes import column, group_rows, histograms, labels
from tracetune.domain.series import Metric, SeriesKey
from tracetune.sinks import charts, layout, narrative
from tracetune.sinks.columns import logarithmic, short
from tracetune.sinks.document import (
    AdviceView,
    Document,
    Facts,
    FindingView,
    MapEdge,
    MapNode,
    OperationRow,
    ServiceMap,
    Source,
    VerdictView,
)
from tracetune.sinks.manifests import patch
from tracetune.sinks.spread import spread
from tracetune.sinks.whatifs import what_ifs

MOST_OPERATIONS = 100
MOST_VERDICTS = 400
SPARK_POINTS = 48
_SEVERITIES = (Severity.CRITICAL, Severity.WARNING, Severity.MINOR)


def compose(analysis: Analysis) -> Document:
    """Everything the page shows."""
    series = analysis.learned.series
    rows, operation_count = operation_rows(analysis)
    return Document(
        headline=analysis.headline,
        severity=worst(incident.severity for incident in analysis.incidents),
        facts=_facts(analysis),
        start_minute=series.start_minute,
        cutoff=series.length,
        length=charts.drawn_minutes(analysis),
        incidents=narrative.incidents(analysis),
        series=charts.operation_series(analysis),
        releases=charts.releases(analysis),
        spread=spread(analysis),
        operations=rows,
        operation_count=operation_count,
        map=service_map(analysis),
        advice=[advice_view(advice) for advice in analysis.advice],
        what_ifs=what_ifs(analysis),
        findings=finding_views(analysis),
        limits=list(analysis.learned.limits),
        parameters=dict(analysis.parameters),
        verdicts=verdict_views(analysis)[:MOST_VERDICTS],
        series_count=sum(len(forecast.keys) for forecast in analysis.learned.forecasts.values()),
    )


def worst(severities: Iterable[Severity]) -> str:
    """The worst of the severities; "" for none."""
    found = set(severities)
    return next((severity.value for severity in _SEVERITIES if severity in found), "")


def _facts(analysis: Analysis) -> Facts:
    ingested = analysis.ingested
    return Facts(
        traces=ingested.traces,
        spans=ingested.spans,
        services=ingested.services,
        start_seconds=ingested.start_time_unix_nano / 1e9,
        end_seconds=ingested.end_time_unix_nano / 1e9,
        missing_minutes=int((~analysis.learned.series.observed).sum()),
        sources=[Source(s.name, s.format, s.spans, s.bytes_read, s.error) for s in ingested.sources],
    )


def operation_rows(analysis: Analysis) -> tuple[list[OperationRow], int]:
    """The entry operations of greatest impact, the greatest first, and how many there are in all."""
    table = analysis.ingested.minutes.operations
    table = table.filter(table["is_entry"]).combine_chunks()
    if not len(table):
        return [], 0
    first, group = group_rows(table, ["service_name", "span_name"])
    service, services = labels(table, "service_name")
    name, names = labels(table, "span_name")
    added = histograms(table, "duration").add_up(group, len(first))
    p50, p95 = added.quantile(0.5), added.quantile(0.95)
    calls = np.bincount(group, weights=column(table, "calls"), minlength=len(first))
    errors = np.bincount(group, weights=column(table, "errors"), minlength=len(first))
    impact = calls * np.nan_to_num(p95)
    severity: dict[SeriesKey, list[Severity]] = {}
    for incident in analysis.incidents:
        for anomaly in incident.anomalies:
            severity.setdefault(anomaly.key, []).append(anomaly.severity)
    rows = []
    for row in np.argsort(-impact, kind="stable")[:MOST_OPERATIONS].tolist():
        key = SeriesKey(services[service[first[row]]], names[name[first[row]]])
        rows.append(
            OperationRow(
                service_name=key.service_name,
                span_name=key.span_name,
                calls=int(calls[row]),
                errors=int(errors[row]),
                p50=short(p50[row]),
                p95=short(p95[row]),
                impact_seconds=short(impact[row]),
                spark=logarithmic(_spark(analysis, key)),
                severity=worst(severity.get(key, ())),
            )
        )
    return rows, len(first)


def _spark(analysis: Analysis, key: SeriesKey) -> np.ndarray:
    """The highest p95 of each of SPARK_POINTS equal stretches of time; NaN where nothing was observed."""
    series = analysis.learned.series
    if key not in series.keys:
        return np.full(1, np.nan)
    values = series[Metric.LATENCY_P95][series.keys.index(key)]
    edges = np.linspace(0, len(values), min(SPARK_POINTS, len(values)) + 1).astype(np.int64)
    parts = [values[a:b][~np.isnan(values[a:b])] for a, b in pairwise(edges)]
    return np.array([np.median(part) if len(part) else np.nan for part in parts])


def service_map(analysis: Analysis) -> ServiceMap:
    """The services with their places and numbers, and the calls between them."""
    laid = layout.lay_out(analysis.graph)
    calls, p95 = _by_service(analysis)
    p95 = _from_the_callers(analysis) | p95
    severity: dict[str, list[Severity]] = {}
    for incident in analysis.incidents:
        for anomaly in incident.anomalies:
            severity.setdefault(anomaly.key.service_name, []).append(anomaly.severity)
    causes, slowed = blamed(analysis)
    kinds = {edge.server: edge.connection_type for edge in analysis.graph.edges if edge.connection_type}
    totals: dict[tuple[str, str], tuple[int, int]] = {}
    for edge in analysis.graph.edges:
        so_far = totals.get((edge.client, edge.server), (0, 0))
        totals[edge.client, edge.server] = (so_far[0] + edge.calls, so_far[1] + edge.errors)
    called = {name: sum(n for (_, to), (n, _) in totals.items() if to == name) for name in laid.places}
    nodes = [
        MapNode(
            service_name=name,
            x=round(x, 1),
            y=round(y, 1),
            kind=kinds.get(name, ""),
            severity=worst(severity.get(name, ())),
            is_cause=name in causes,
            calls=calls.get(name, called[name]),
            p95=short(p95.get(name, math.nan)),
        )
        for name, (x, y) in sorted(laid.places.items())
    ]
    edges = [
        MapEdge(
            client, server, *totals[client, server], any({client, server} <= names for names in slowed), list(points)
        )
        for (client, server), points in sorted(laid.routes.items())
    ]
    return ServiceMap(laid.width, laid.height, layout.NODE_WIDTH, layout.NODE_HEIGHT, nodes, edges)


def blamed(analysis: Analysis) -> tuple[set[str], list[set[str]]]:
    """Services that are the likeliest cause of an incident that load does not explain, and each such incident's services."""
    causes: set[str] = set()
    slowed: list[set[str]] = []
    for incident in analysis.incidents:
        ranking = analysis.rankings.get(incident.id)
        first = ranking.causes[0] if ranking and ranking.causes else None
        if first is None or first.kind in (CauseKind.LOAD, CauseKind.UNKNOWN):
            continue
        causes.add(first.service_name)
        slowed.append({first.service_name, *incident.services})
    return causes, slowed


def _by_service(analysis: Analysis) -> tuple[dict[str, int], dict[str, float]]:
    table = analysis.ingested.minutes.operations
    table = table.filter(table["is_entry"]).combine_chunks()
    if not len(table):
        return {}, {}
    service, services = labels(table, "service_name")
    group = service.astype(np.int64)
    p95 = histograms(table, "duration").add_up(group, len(services)).quantile(0.95)
    calls = np.bincount(group, weights=column(table, "calls"), minlength=len(services)).astype(np.int64)
    met = np.flatnonzero(calls).tolist()  # a label may be left over from rows that are not
    return {services[row]: int(calls[row]) for row in met}, {services[row]: float(p95[row]) for row in met}


def _from_the_callers(analysis: Analysis) -> dict[str, float]:
    """The p95 of the calls to each service as its callers saw it: all there is of databases and brokers."""
    table = analysis.ingested.minutes.links
    server, servers = labels(table, "server")
    if not len(table):
        return {}
    p95 = histograms(table, "client_duration").add_up(server.astype(np.int64), len(servers)).quantile(0.95)
    return {name: value for name, value in zip(servers, p95.tolist(), strict=True) if not math.isnan(value)}


def advice_view(advice: Advice) -> AdviceView:
    """One recommendation with its patch."""
    return AdviceView(
        target_service=advice.target_service,
        peer=advice.peer,
        knob=advice.knob,
        action=advice.action,
        unit=advice.unit,
        current=advice.current,
        lower=advice.lower,
        target=advice.target,
        upper=advice.upper,
        confidence=advice.confidence,
        reasons=list(advice.reasons),
        unlock=advice.unlock,
        effect=advice.effect,
        risk=advice.risk,
        details=dict(advice.details),
        is_minor=advice.is_minor,
        patch=patch(advice) if advice.action is Action.SET else "",
    )


def finding_views(analysis: Analysis) -> list[FindingView]:
    """The problems of the data."""
    return [
        FindingView(
            code=finding.code,
            effect=finding.problem.effect,
            meaning=finding.problem.meaning,
            remedy=finding.problem.remedy,
            count=finding.count,
            total=finding.total,
            where=list(finding.where[:8]),
            detail=finding.detail,
        )
        for finding in analysis.ingested.findings
    ]


def verdict_views(analysis: Analysis) -> list[VerdictView]:
    """Which model speaks for each series, metric by metric."""
    return [
        VerdictView(
            metric=metric,
            service_name=key.service_name,
            span_name=key.span_name,
            model=verdict.model,
            coverage=short(verdict.coverage),
            pinball_loss=short(verdict.pinball_loss.get(verdict.model, math.nan)),
            event_f1=short(verdict.event_f1.get(verdict.model, math.nan)),
            reason=verdict.reason,
        )
        for metric, forecast in analysis.learned.forecasts.items()
        for key, verdict in zip(forecast.keys, forecast.verdicts, strict=True)
    ]
