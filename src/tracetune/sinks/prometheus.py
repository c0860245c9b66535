"""The present as Prometheus metrics: latency beside what was expected of it, incidents, advice, and how it all is doing.

Names and units follow the Prometheus conventions: base units, ``_total`` for counters. The numbers are of the last closed
minute. Operations are capped: the first MOST_OPERATIONS by impact keep their names, the others of a service are ``other``.

Source: OpenMetrics 1.0, "Metric types" and "Exemplars".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from prometheus_client import Metric as Family
from prometheus_client.core import CounterMetricFamily, GaugeHistogramMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.samples import Exemplar

from tracetune.domain.advice import to_follow
from tracetune.domain.analysis import Analysis
from tracetune.domain.anomalies import AnomalyKind
from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER
from tracetune.domain.histograms import Histograms, upper_bound_seconds
from tracetune.domain.minutes import column, histograms, labels
from tracetune.domain.series import Metric, SeriesKey

MOST_OPERATIONS = 200
OTHER = "other"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds of the histogram of durations."""

_WHAT = {
    AnomalyKind.SLOWER: "latency",
    AnomalyKind.LOAD: "latency",
    AnomalyKind.ERRORS: "errors",
    AnomalyKind.SURGE: "calls",
    AnomalyKind.DROP: "calls",
    AnomalyKind.MIX: "calls",
}
_BOUNDS = (("lower", LOWER), ("mid", MIDDLE), ("upper", UPPER))


@dataclass(frozen=True, slots=True)
class Vitals:
    """How the process itself is doing; what is unknown is 0 or empty."""

    version: str = ""
    received: Mapping[str, int] = field(default_factory=dict)  # spans by source
    dropped: Mapping[str, int] = field(default_factory=dict)  # spans by reason
    alerts: Mapping[tuple[str, str], int] = field(default_factory=dict)  # by (channel, "sent" or "failed")
    held_spans: int = 0
    lag_seconds: float = 0.0
    journal_bytes: int = 0
    closed_minute: int = -1


def families(analysis: Analysis) -> Iterator[Family]:
    """The families of what was found; none of them changes until the next analysis."""
    if analysis.learned.series.length:
        yield from _operations(analysis)
    yield from _judgement(analysis)
    yield from _guidance(analysis)


def _operations(analysis: Analysis) -> Iterator[Family]:
    minute = analysis.learned.series.start_minute + analysis.learned.series.length - 1
    table = analysis.ingested.minutes.operations
    rows = (column(table, "minute") == minute) & table["is_entry"].to_numpy(zero_copy_only=False)
    table = table.filter(pa.array(rows)).combine_chunks()
    named = _named(analysis)
    names = [key if key in named else SeriesKey(key.service_name, OTHER) for key in _keys(table)]
    groups = list(dict.fromkeys(names))
    place = {key: at for at, key in enumerate(groups)}
    group = np.array([place[key] for key in names], np.int64)
    calls, errors = (np.bincount(group, weights=column(table, c), minlength=len(groups)) for c in ("calls", "errors"))
    durations = histograms(table, "duration")
    added = durations.add_up(group, len(groups))
    quantiles = {quantile: added.quantile(quantile) for quantile in (0.5, 0.95)}
    latency = Family("tracetune_latency_seconds", "Duration of calls in the last closed minute.", "summary")
    called = _gauge("calls", "Calls in the last closed minute.", "service", "operation")
    failed = _gauge("error_ratio", "Share of the calls in the last closed minute that failed.", "service", "operation")
    for at, key in enumerate(groups):
        for quantile, values in quantiles.items():
            if math.isfinite(values[at]):
                label = {"service": key.service_name, "operation": key.span_name, "quantile": f"{quantile:g}"}
                latency.add_sample(latency.name, label, float(values[at]))
        _put(called, key, calls[at])
        _put(failed, key, errors[at] / calls[at] if calls[at] else math.nan)
    yield from (latency, called, failed, _expected(analysis, named), _expected_calls(analysis, named))
    yield _durations(analysis, table, durations, minute)


def _keys(table: pa.Table) -> list[SeriesKey]:
    service, services = labels(table, "service_name")
    name, names = labels(table, "span_name")
    return [SeriesKey(services[a], names[b]) for a, b in zip(service.tolist(), name.tolist(), strict=True)]


def _named(analysis: Analysis) -> frozenset[SeriesKey]:
    """The operations that keep their names: those of incidents that go on, then by calls times p95."""
    series = analysis.learned.series
    weight = np.nansum(series[Metric.CALLS] * np.nan_to_num(series[Metric.LATENCY_P95]), axis=1)
    order = np.argsort(-weight, kind="stable").tolist()
    news = [anomaly.key for incident in analysis.incidents if incident.end is None for anomaly in incident.anomalies]
    return frozenset(list(dict.fromkeys([*news, *(series.keys[row] for row in order)]))[:MOST_OPERATIONS])


def _expected(analysis: Analysis, named: frozenset[SeriesKey]) -> Family:
    """The expected range of the latency whose metric is forecast: p95, else p50."""
    metric = next((m for m in (Metric.LATENCY_P95, Metric.LATENCY_P50) if m in analysis.learned.forecasts), None)
    text = "Expected range of the latency in the last closed minute, of the percentile that is forecast."
    family = _gauge("latency_expected_seconds", text, "service", "operation", "percentile", "bound")
    if metric is not None:
        percentile = metric.value.removeprefix("latency_")
        for key, bound, value in _band(analysis, metric, named):
            _put(family, (*key, percentile, bound), max(value, 0.0))
    return family


def _expected_calls(analysis: Analysis, named: frozenset[SeriesKey]) -> Family:
    family = _gauge(
        "calls_expected", "Expected range of the calls in the last closed minute.", "service", "operation", "bound"
    )
    if Metric.CALLS in analysis.learned.forecasts:
        for key, bound, value in _band(analysis, Metric.CALLS, named):
            _put(family, (*key, bound), max(value, 0.0))
    return family


def _band(analysis: Analysis, metric: Metric, named: frozenset[SeriesKey]) -> Iterator[tuple[SeriesKey, str, float]]:
    forecast = analysis.learned.forecasts[metric]
    last = analysis.learned.series.start_minute + analysis.learned.series.length - 1 - forecast.start_minute
    if not 0 <= last < forecast.values.shape[1]:
        return
    for row, key in enumerate(forecast.keys):
        if key in named:
            for bound, position in _BOUNDS:
                yield key, bound, float(forecast.values[row, last, position])


def _durations(analysis: Analysis, table: pa.Table, durations: Histograms, minute: int) -> Family:
    """A histogram a service, with the minute's slowest trace as the exemplar of the bucket that it falls into."""
    text = "Durations of the calls in the last closed minute."
    family = GaugeHistogramMetricFamily("tracetune_call_duration_seconds", text, labels=["service"])
    service, services = labels(table, "service_name")
    if not len(table):
        return family
    added = durations.add_up(service.astype(np.int64), len(services))
    row, upper = added.rows(), upper_bound_seconds(added.buckets)
    total = np.bincount(service, weights=column(table, "duration_nano"), minlength=len(services)) / 1e9
    slowest = _slowest(analysis, minute)
    for at in np.unique(service).tolist():
        mine = row == at
        counts = [float(added.counts[mine & (upper <= bound)].sum()) for bound in BUCKETS]
        buckets: list[tuple[str, float]] = [(f"{b:g}", n) for b, n in zip(BUCKETS, counts, strict=True)]
        buckets.append(("+Inf", float(added.counts[mine].sum())))
        family.add_metric([services[at]], buckets, gsum_value=float(total[at]))
        if services[at] in slowest:
            _attach(family, len(buckets), *slowest[services[at]])
    return family


def _attach(family: GaugeHistogramMetricFamily, buckets: int, trace_id: str, seconds: float) -> None:
    """Put the exemplar on the bucket that it falls into, among the samples that were added last."""
    first = len(family.samples) - buckets - 2  # the count and the sum come after the buckets
    at = first + next((n for n, bound in enumerate(BUCKETS) if seconds <= bound), len(BUCKETS))
    family.samples[at] = family.samples[at]._replace(exemplar=Exemplar({"trace_id": trace_id}, seconds))


def _slowest(analysis: Analysis, minute: int) -> dict[str, tuple[str, float]]:
    table = analysis.ingested.minutes.exemplars
    rows = (column(table, "minute") == minute) & table["is_slowest"].to_numpy(zero_copy_only=False)
    found: dict[str, tuple[str, float]] = {}
    for row in table.filter(pa.array(rows)).to_pylist():
        seconds = row["duration_nano"] / 1e9
        if seconds > found.get(row["service_name"], ("", 0.0))[1]:
            found[row["service_name"]] = (row["trace_id"].hex(), seconds)
    return found


def _judgement(analysis: Analysis) -> Iterator[Family]:
    score = _gauge(
        "anomaly_score",
        "Score of the worst anomaly that goes on; above 1 is anomalous, 0 is none.",
        "service",
        "metric",
    )
    going = [incident for incident in analysis.incidents if incident.end is None]
    worst: dict[tuple[str, str], float] = {}
    for anomaly in (each for incident in going for each in incident.anomalies if each.end is None):
        at = (anomaly.key.service_name, _WHAT[anomaly.kind])
        worst[at] = max(anomaly.score, worst.get(at, 0.0))
    for service in sorted({key.service_name for key in analysis.learned.series.keys}):
        for what in ("latency", "errors", "calls"):
            _put(score, (service, what), worst.get((service, what), 0.0))
    blamed = "Incidents that go on, by the service that departed first and the service blamed."
    incidents = _gauge("incident_open", blamed, "service", "cause", "severity")
    counted: dict[tuple[str, str, str], int] = {}
    for incident in going:
        ranking = analysis.rankings.get(incident.id)
        cause = ranking.causes[0].service_name if ranking and ranking.causes else ""
        where = (incident.services[0], cause, incident.severity.value)
        counted[where] = counted.get(where, 0) + 1
    for where, count in counted.items():
        _put(incidents, where, count)
    total = _gauge("incidents_open", "Incidents that go on.")
    _put(total, (), len(going))
    yield from (score, incidents, total)


def _guidance(analysis: Analysis) -> Iterator[Family]:
    advised = _gauge(
        "replicas_advised", "Replicas for the load of the next minutes; autoscalers may follow.", "service"
    )
    for advice in analysis.advice:
        count = to_follow(advice)
        if count is not None:
            _put(advised, (advice.target_service,), count)
    replicas = _gauge("replicas", "Replicas seen in the spans.", "service")
    for capacity in analysis.capacities:
        if capacity.replicas is not None:
            _put(replicas, (capacity.service_name,), capacity.replicas)
    coverage = _gauge("model_coverage_ratio", "Share of held-back minutes inside the 98 % band.", "service")
    for service, value in _coverage(analysis).items():
        _put(coverage, (service,), value)
    yield from (advised, replicas, coverage)


def _coverage(analysis: Analysis) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for metric in (Metric.LATENCY_P95, Metric.LATENCY_P50):
        forecast = analysis.learned.forecasts.get(metric)
        if forecast is not None and not found:
            for key, verdict in zip(forecast.keys, forecast.verdicts, strict=True):
                if math.isfinite(verdict.coverage):
                    found.setdefault(key.service_name, []).append(verdict.coverage)
    return {service: sum(values) / len(values) for service, values in found.items()}


def process(vitals: Vitals) -> Iterator[Family]:
    """The families of the process itself."""
    yield InfoMetricFamily("tracetune_build", "The version that runs.", value={"version": vitals.version})
    yield _counter("spans_received", "Spans taken in.", "source", vitals.received.items())
    yield _counter("spans_dropped", "Spans left out, or noted.", "reason", vitals.dropped.items())
    alerts = CounterMetricFamily("tracetune_alerts", "Alerts by how they went.", labels=["channel", "outcome"])
    for (channel, outcome), count in vitals.alerts.items():
        alerts.add_metric([channel, outcome], count)
    yield alerts
    for name, text, value in (
        ("held_spans", "Spans that wait for their traces to be whole.", float(vitals.held_spans)),
        ("lag_seconds", "From the end of the last minute's grace to its publication.", vitals.lag_seconds),
        ("journal_bytes", "Acknowledged spans on disk that are in no stored minute yet.", float(vitals.journal_bytes)),
        ("closed_minute_timestamp_seconds", "End of the last closed minute.", (vitals.closed_minute + 1) * 60.0),
    ):
        family = _gauge(name, text)
        _put(family, (), value)
        yield family


def _gauge(name: str, text: str, *label_names: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"tracetune_{name}", text, labels=list(label_names))


def _counter(name: str, text: str, label: str, values: Iterable[tuple[str, int]]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"tracetune_{name}", text, labels=[label])
    for value, count in values:
        family.add_metric([value], count)
    return family


def _put(family: GaugeMetricFamily, values: Iterable[str], number: float) -> None:
    """Add a sample; a number that is not known has none."""
    if math.isfinite(number):
        family.add_metric(list(values), float(number))
