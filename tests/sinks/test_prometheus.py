from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

from prometheus_client import Metric as Family

from tracetune.domain.analysis import Analysis
from tracetune.domain.series import Metric
from tracetune.sinks import prometheus
from tracetune.sinks.prometheus import OTHER, Vitals, families, process


def _samples(found: Iterable[Family], name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in found
        for sample in family.samples
        if sample.name == f"tracetune_{name}"
    }


def test_latency_and_calls_are_those_of_the_last_minute(shop: Analysis) -> None:
    series = shop.learned.series
    row = next(row for row, key in enumerate(series.keys) if key == ("payments", "Authorize"))

    found = list(families(shop))

    key = ("payments", "Authorize")
    assert _samples(found, "latency_seconds")[*key, "0.95"] == series[Metric.LATENCY_P95][row, -1]
    assert _samples(found, "calls")[key] == series[Metric.CALLS][row, -1]
    forecast = shop.learned.forecasts[Metric.LATENCY_P95].values[row, series.length - 1]
    expected = _samples(found, "latency_expected_seconds")
    assert expected[*key, "p95", "upper"] == forecast[6]
    assert expected[*key, "p95", "lower"] == forecast[0]


def test_operations_beyond_the_cap_are_added_up_by_service(shop: Analysis) -> None:
    every = _samples(families(shop), "calls")
    whole = prometheus.MOST_OPERATIONS
    try:
        prometheus.MOST_OPERATIONS = 3
        capped = _samples(families(shop), "calls")
    finally:
        prometheus.MOST_OPERATIONS = whole

    assert sum(operation != OTHER for _, operation in capped) == 3
    assert sum(capped.values()) == sum(every.values())


def test_an_incident_that_goes_on_is_counted_with_its_cause(shop: Analysis) -> None:
    going = dataclasses.replace(
        shop.incidents[0],
        end=None,
        anomalies=tuple(dataclasses.replace(each, end=None) for each in shop.incidents[0].anomalies),
    )

    found = list(families(dataclasses.replace(shop, incidents=(going,))))

    assert _samples(found, "incident_open") == {("payments", "payments", "critical"): 1.0}
    assert _samples(found, "incidents_open") == {(): 1.0}
    score = _samples(found, "anomaly_score")
    assert score["payments", "latency"] == going.anomalies[0].score
    assert score["cart", "latency"] == 0.0


def test_what_has_ended_is_counted_no_more(shop: Analysis) -> None:
    found = list(families(shop))

    assert _samples(found, "incident_open") == {}
    assert set(_samples(found, "anomaly_score").values()) == {0.0}


def test_the_slowest_trace_of_the_minute_is_an_exemplar(shop: Analysis) -> None:
    end = shop.learned.series.start_minute + 831
    minutes = shop.ingested.minutes
    cut = dataclasses.replace(shop.learned.series.between(0, 831))
    analysis = dataclasses.replace(shop, learned=dataclasses.replace(shop.learned, series=cut))

    family = next(each for each in families(analysis) if each.name == "tracetune_call_duration_seconds")

    with_one = [sample for sample in family.samples if sample.exemplar]
    known = {row["trace_id"].hex() for row in minutes.exemplars.to_pylist() if row["minute"] == end - 1}
    assert with_one
    for sample in with_one:
        assert sample.exemplar is not None
        assert sample.exemplar.labels["trace_id"] in known
        assert sample.exemplar.value <= float(sample.labels["le"])


def test_buckets_rise_and_end_with_every_call(shop: Analysis) -> None:
    family = next(each for each in families(shop) if each.name == "tracetune_call_duration_seconds")

    mine = [sample for sample in family.samples if sample.labels["service"] == "payments"]
    buckets = [sample.value for sample in mine if sample.name.endswith("_bucket")]
    count = next(sample.value for sample in mine if sample.name.endswith("_gcount"))
    assert buckets == sorted(buckets)
    assert buckets[-1] == count


def test_nothing_seen_yet_exposes_the_process_alone() -> None:
    found = list(process(Vitals("1.2.3", {"zipkin": 5}, {"no_time": 2}, {("slack", "sent"): 1}, closed_minute=9)))

    assert _samples(found, "spans_received_total") == {("zipkin",): 5.0}
    assert _samples(found, "spans_dropped_total") == {("no_time",): 2.0}
    assert _samples(found, "alerts_total") == {("slack", "sent"): 1.0}
    assert _samples(found, "closed_minute_timestamp_seconds") == {(): 600.0}


def test_a_number_that_is_not_known_has_no_sample(shop: Analysis) -> None:
    assert all(math.isfinite(sample.value) for family in families(shop) for sample in family.samples)
