"""Services and their operations over a window, as the API gives them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from tracetune.api.incidents import incident_item, known, listed, numbers
from tracetune.api.schemas import (
    IncidentItem,
    Neighbour,
    Numbers,
    OperationItem,
    ReleaseItem,
    ServiceDetail,
    ServiceItem,
)
from tracetune.api.snapshots import Shown
from tracetune.api.windows import Window
from tracetune.domain import words
from tracetune.domain.analysis import Analysis
from tracetune.domain.anomalies import Severity
from tracetune.domain.minutes import column, group_rows, histograms, labels
from tracetune.domain.notes import Notes
from tracetune.domain.series import Metric, SeriesKey
from tracetune.errors import NotFound
from tracetune.sinks import charts
from tracetune.sinks.compose import advice_view, blamed, verdict_views, worst

COURSE_POINTS = 48


@dataclass(frozen=True, slots=True)
class _Totals:
    """Sums over the window, by name: (calls, errors, p50, p95)."""

    calls: int
    errors: int
    p50: float
    p95: float

    @property
    def impact(self) -> float:
        return self.calls * (0.0 if math.isnan(self.p95) else self.p95)


_NONE = _Totals(0, 0, math.nan, math.nan)


def service_items(shown: Shown, window: Window) -> list[ServiceItem]:
    """Every service, those in an incident first, then by impact downwards."""
    return shown.remembered(("services", window), lambda: _service_items(shown, window))


def _service_items(shown: Shown, window: Window) -> list[ServiceItem]:
    analysis = shown.within(window)
    totals = _by_service(analysis)
    from_callers = _from_callers(analysis)
    severity = severities(analysis)
    replicas = {each.service_name: each.replicas for each in shown.analysis.capacities}
    versions = _versions(shown.analysis)
    kinds = {edge.server: edge.connection_type for edge in analysis.graph.edges if edge.connection_type}
    causes = blamed(analysis)[0]
    minutes = max(window.last - window.first, 1)
    found = []
    for name in analysis.graph.services:
        own = totals.get(name) or from_callers.get(name, _NONE)
        rows = shown.rows_of.get(name, [])
        worst_found = severity.get(name, "")
        found.append(
            ServiceItem(
                service_name=name,
                severity=worst_found,
                state=_state(shown, name, own, severity=worst_found),
                kind=kinds.get(name, ""),
                is_cause=name in causes,
                operations=len(rows),
                calls=own.calls,
                calls_per_minute=known(own.calls / minutes) or 0.0,
                errors=own.errors,
                error_ratio=known(own.errors / own.calls) if own.calls else None,
                p50=known(own.p50),
                p95=known(own.p95),
                impact_seconds=known(own.impact) or 0.0,
                replicas=replicas.get(name),
                version=versions.get(name, ""),
                course=_course(analysis, max(rows, key=lambda row: shown.weight[row])) if rows else [],
            )
        )
    order = {Severity.CRITICAL.value: 0, Severity.WARNING.value: 1, Severity.MINOR.value: 2, "": 3}
    return sorted(found, key=lambda item: (order[item.severity], -item.impact_seconds, item.service_name))


def _state(shown: Shown, name: str, own: _Totals, *, severity: str) -> str:
    if severity:
        return "affected"
    if not own.calls:
        return "idle"
    return "normal" if name in shown.learned_services or name not in shown.rows_of else "learning"


def operation_items(shown: Shown, window: Window, service_name: str) -> list[OperationItem]:
    """The entry operations of one service, the greatest impact first."""
    analysis = shown.within(window)
    table = analysis.ingested.minutes.operations
    service, services = labels(table, "service_name")
    if service_name not in services:
        return []
    mine = (service == services.index(service_name)) & table["is_entry"].to_numpy(zero_copy_only=False)
    table = table.filter(pa.array(mine)).combine_chunks()
    if not len(table):
        return []
    first, group = group_rows(table, ["span_name"])
    name, names = labels(table, "span_name")
    severity: dict[SeriesKey, list[Severity]] = {}
    for incident in analysis.incidents:
        for anomaly in incident.anomalies:
            severity.setdefault(anomaly.key, []).append(anomaly.severity)
    found = []
    for position, totals in enumerate(_totals(table, group, len(first))):
        key = SeriesKey(service_name, names[name[first[position]]])
        row = shown.rows.get(key)
        found.append(
            OperationItem(
                service_name=service_name,
                span_name=key.span_name,
                severity=worst(severity.get(key, ())),
                is_root=row is not None and bool(shown.analysis.learned.series.root_share[row] >= 0.5),
                calls=totals.calls,
                errors=totals.errors,
                p50=known(totals.p50),
                p95=known(totals.p95),
                impact_seconds=known(totals.impact) or 0.0,
                course=[] if row is None else _course(analysis, row),
            )
        )
    return sorted(found, key=lambda item: (-item.impact_seconds, item.span_name))


def service_detail(shown: Shown, window: Window, service_name: str, notes: Notes, now: float) -> ServiceDetail:
    """One service with its operations, neighbours, incidents, advice and models.

    Raises:
        NotFound: no such service was met in the minutes that are held.
    """
    items = {item.service_name: item for item in service_items(shown, window)}
    if service_name not in items:
        raise unknown_service(shown, service_name)
    incidents = [
        incident_item(shown, each, notes, now)
        for each in listed(shown.analysis.incidents, window, status="all", service=service_name)
    ]
    edges = shown.analysis.graph.edges
    verdicts = shown.remembered(("verdicts",), lambda: verdict_views(shown.analysis))
    return ServiceDetail(
        service=items[service_name],
        sentence=_sentence(items[service_name], incidents),
        operations=operation_items(shown, window, service_name),
        callers=[Neighbour(e.client, e.connection_type, e.calls, e.errors) for e in edges if e.server == service_name],
        callees=[Neighbour(e.server, e.connection_type, e.calls, e.errors) for e in edges if e.client == service_name],
        incidents=incidents,
        releases=[each for each in releases(shown, window) if each.service_name == service_name],
        advice=[
            advice_view(each) for each in shown.analysis.advice if service_name in (each.target_service, each.peer)
        ],
        models=[each for each in verdicts if each.service_name == service_name],
    )


def unknown_service(shown: Shown, service_name: str) -> NotFound:
    """The error for a service that was not met, with names that are like it."""
    wanted = service_name.casefold()
    alike = [name for name in shown.analysis.graph.services if wanted[:3] in name.casefold()]
    names = ", ".join((alike or list(shown.analysis.graph.services))[:8]) or "none yet"
    return NotFound(f"there is no service {service_name!r}", hint=f"services: {names}")


def releases(shown: Shown, window: Window) -> list[ReleaseItem]:
    """Versions first seen in the window, by time."""
    every = shown.remembered(("releases",), lambda: charts.releases(shown.analysis))
    return [
        ReleaseItem(words.timestamp(each.minute), each.service_name, each.service_version)
        for each in every
        if window.first <= each.minute < window.last
    ]


def severities(analysis: Analysis) -> dict[str, str]:
    """The worst severity of each service's anomalies."""
    found: dict[str, list[Severity]] = {}
    for incident in analysis.incidents:
        for anomaly in incident.anomalies:
            found.setdefault(anomaly.key.service_name, []).append(anomaly.severity)
    return {name: worst(each) for name, each in found.items()}


def _sentence(item: ServiceItem, incidents: Sequence[IncidentItem]) -> str:
    """What to say first: the worst anomaly that goes on, else the worst in the window, else the numbers."""
    mine = [each for incident in incidents for each in incident.anomalies if each.service_name == item.service_name]
    mine.sort(key=lambda each: (each.end is not None, -each.score))
    if mine:
        return mine[0].why
    if not item.calls:
        return "No calls in this window."
    said = f"p95 is {words.duration(item.p95)}" if item.p95 is not None else "Its latency is not known"
    calls = words.count(item.calls)
    state = "too little history to say what is normal" if item.state == "learning" else "as expected"
    return f"{said} over {calls} calls: {state}."


def _by_service(analysis: Analysis) -> dict[str, _Totals]:
    table = analysis.ingested.minutes.operations
    table = table.filter(table["is_entry"]).combine_chunks()
    if not len(table):
        return {}
    service, services = labels(table, "service_name")
    totals = _totals(table, service.astype(np.int64), len(services))
    return {name: each for name, each in zip(services, totals, strict=True) if each.calls}


def _from_callers(analysis: Analysis) -> dict[str, _Totals]:
    """What callers say of services without spans of their own: databases and brokers."""
    table = analysis.ingested.minutes.links
    if not len(table):
        return {}
    server, servers = labels(table, "server")
    totals = _totals(table, server.astype(np.int64), len(servers), duration="client_duration")
    return {name: each for name, each in zip(servers, totals, strict=True) if each.calls}


def _totals(table: pa.Table, group: np.ndarray, groups: int, *, duration: str = "duration") -> list[_Totals]:
    added = histograms(table, duration).add_up(group, groups)
    calls = np.bincount(group, weights=column(table, "calls"), minlength=groups)
    errors = np.bincount(group, weights=column(table, "errors"), minlength=groups)
    rows = zip(
        calls.tolist(), errors.tolist(), added.quantile(0.5).tolist(), added.quantile(0.95).tolist(), strict=True
    )
    return [_Totals(int(n), int(failed), p50, p95) for n, failed, p50, p95 in rows]


def _versions(analysis: Analysis) -> dict[str, str]:
    """The version that each service was seen with last."""
    table = analysis.ingested.minutes.instances
    service, services = labels(table, "service_name")
    version, versions = labels(table, "service_version")
    order = np.argsort(column(table, "minute"), kind="stable")
    named = order[np.array([bool(versions[code]) for code in version[order].tolist()], np.bool_)]
    return {services[service[row]]: versions[version[row]] for row in named.tolist()}


def _course(analysis: Analysis, row: int) -> Numbers:
    """The median p95 of each of COURSE_POINTS equal stretches of the window."""
    values = analysis.learned.series[Metric.LATENCY_P95][row]
    edges = np.linspace(0, len(values), min(COURSE_POINTS, len(values)) + 1).astype(np.int64)
    parts = [values[a:b][~np.isnan(values[a:b])] for a, b in pairwise(edges)]
    return numbers(np.array([np.median(part) if len(part) else np.nan for part in parts]))
