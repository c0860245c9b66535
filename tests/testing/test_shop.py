"""The simulated shop does what its stories say, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode
from tracetune.testing.build import DAY_START_UNIX_NANO
from tracetune.testing.shop import Kind, Truth, load_per_minute, shop_day, told

HOUR = (
    Truth(Kind.MISSING, "", "", 5, 8),
    Truth(Kind.RELEASE, "payments", "POST /authorize", 20, 40),
)


@pytest.fixture(scope="module")
def hour() -> SpanBatch:
    return SpanBatch.concat(list(shop_day(7, minutes=60, traces_per_minute=80.0, stories=HOUR)))


def minute_of(spans: SpanBatch) -> NDArray[np.int64]:
    minute: NDArray[np.int64] = (spans.column("start_time_unix_nano") - DAY_START_UNIX_NANO) // 60_000_000_000
    return minute


def entries(spans: SpanBatch, service: str, name: str) -> NDArray[np.bool_]:
    services, service_names = spans.labels("service_name")
    names, span_names = spans.labels("name")
    of = (services == service_names.index(service)) & (names == span_names.index(name))
    mask: NDArray[np.bool_] = of & (spans.column("kind") == SpanKind.SERVER)
    return mask


def median_seconds(spans: SpanBatch, mask: NDArray[np.bool_]) -> float:
    duration = spans.column("end_time_unix_nano") - spans.column("start_time_unix_nano")
    return float(np.median(duration[mask])) / 1e9


def test_release_slows_its_operation_and_shows_in_the_version(hour: SpanBatch) -> None:
    minute = minute_of(hour)
    payments = entries(hour, "payments", "POST /authorize")
    during = (minute >= 20) & (minute < 40)

    slowed = median_seconds(hour, payments & during) / median_seconds(hour, payments & ~during)

    versions, version_names = hour.labels("service_version")
    new = versions == version_names.index("v2")
    assert 2.1 < slowed < 2.9
    assert (new & payments).sum() > 0
    assert (new[payments] == during[payments]).all()


def test_release_slows_no_other_service(hour: SpanBatch) -> None:
    minute = minute_of(hour)
    during = (minute >= 20) & (minute < 40)
    quotes = entries(hour, "shipping", "GET /quote")

    slowed = median_seconds(hour, quotes & during) / median_seconds(hour, quotes & ~during)

    assert 0.8 < slowed < 1.25


def test_missing_minutes_have_no_span_at_all_and_their_neighbours_do(hour: SpanBatch) -> None:
    spans_per_minute = np.bincount(minute_of(hour), minlength=60)

    assert spans_per_minute[5:8].tolist() == [0, 0, 0]
    assert (np.delete(spans_per_minute[:60], [5, 6, 7]) > 0).all()


def test_surge_fills_the_recommender_and_nothing_else() -> None:
    surge = (Truth(Kind.SURGE, "recommendations", "GET /recommendations", 15, 30),)
    spans = SpanBatch.concat(list(shop_day(7, minutes=30, traces_per_minute=130.0, stories=surge)))
    minute = minute_of(spans)
    during = (minute >= 17) & (minute < 29)

    def slowed(service: str, name: str) -> float:
        mask = entries(spans, service, name)
        return median_seconds(spans, mask & during) / median_seconds(spans, mask & (minute < 15))

    assert (entries(spans, "frontend", "GET /") & during).sum() / 12 > 1.7 * (
        entries(spans, "frontend", "GET /") & (minute < 15)
    ).sum() / 15
    assert slowed("recommendations", "GET /recommendations") > 1.5
    assert slowed("catalog", "GET /products/{id}") < 1.2
    assert slowed("payments", "POST /authorize") < 1.2


def test_load_of_the_busiest_hour_is_four_times_that_of_the_quietest() -> None:
    load = load_per_minute(1440, 40.0)

    assert load.max() / load.min() == pytest.approx(4.0)
    assert load.mean() == pytest.approx(40.0)


def test_batches_are_what_began_in_their_minutes_and_lose_nothing(hour: SpanBatch) -> None:
    batches = list(shop_day(7, minutes=60, traces_per_minute=80.0, stories=HOUR, batch_minutes=25))

    assert len(batches) == 3
    assert sum(map(len, batches)) == len(hour)
    first = [minute_of(batch).min() for batch in batches]
    assert first == [0, 25, 50]


def test_failed_payment_fails_the_page(hour: SpanBatch) -> None:
    failed = hour.column("status_code") == StatusCode.ERROR
    traces = hour.ids("trace_id")[:, 0]
    payments = entries(hour, "payments", "POST /authorize")
    pages = entries(hour, "istio-ingressgateway", "POST /checkout")

    broken = np.isin(traces[pages], traces[payments & failed])

    assert broken.any()
    assert failed[pages][broken].all()


def test_equal_seeds_give_equal_days_and_others_do_not() -> None:
    def day(seed: int) -> SpanBatch:
        return SpanBatch.concat(list(shop_day(seed, minutes=5, stories=())))

    assert day(1).table == day(1).table
    assert len(day(1)) != len(day(2))


def test_what_happened_is_told_as_the_lab_tells_it() -> None:
    (missing, release, surge) = told()["faults"]

    assert release["service_name"] == "payments"
    assert release["start_unix_nano"] == DAY_START_UNIX_NANO + (14 * 60 + 10) * NANOS_PER_MINUTE
    assert [each["kind"] for each in (missing, release, surge)] == ["missing", "release_regression", "traffic_surge"]
