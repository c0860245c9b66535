from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np

from tracetune.domain.analysis import Analysis
from tracetune.domain.histograms import ZERO_BUCKET
from tracetune.domain.minutes import column, histograms
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.sinks import charts
from tracetune.sinks.columns import decode
from tracetune.sinks.document import Document, OperationSeries


def find(document: Document, service: str, span: str) -> OperationSeries:
    return next(s for s in document.series if (s.service_name, s.span_name) == (service, span))


def test_the_entry_of_the_worst_incident_comes_first(composed: Document) -> None:
    first = composed.series[0]

    assert (first.service_name, first.span_name) == ("frontend", "POST /checkout")
    assert first.is_root


def test_values_drawn_are_the_values_learned(shop: Analysis, composed: Document) -> None:
    drawn = find(composed, "payments", "Authorize")

    row = shop.learned.series.keys.index(SeriesKey("payments", "Authorize"))
    p95 = shop.learned.series[Metric.LATENCY_P95][row]
    upper = shop.learned.forecasts[Metric.LATENCY_P95].values[row, :, -1]
    assert np.allclose(decode(drawn.p95)[:1440], p95, rtol=0.004, equal_nan=True)
    assert drawn.upper
    assert np.allclose(decode(drawn.upper), upper, rtol=0.004, equal_nan=True)


def test_lost_minutes_are_gaps_in_every_column(composed: Document, analysis_data: ModuleType) -> None:
    drawn = find(composed, "frontend", "GET /")

    first, last = analysis_data.LOST
    for values in (drawn.p50, drawn.p95, drawn.calls):
        assert np.isnan(decode(values)[first:last]).all()


def test_the_forecast_goes_on_after_the_last_minute_seen(shop: Analysis, composed: Document) -> None:
    drawn = find(composed, "frontend", "GET /")

    assert drawn.middle
    assert charts.drawn_minutes(shop) == 1500
    assert not np.isnan(decode(drawn.middle)[1440:]).any()
    assert np.isnan(decode(drawn.p95)[1440:]).all()


def test_a_long_series_keeps_its_single_worst_minute() -> None:
    values = np.ones(20_000)
    values[12_345] = 9.0

    points = charts._extremes([values], 20_000)

    assert len(points) <= charts.MOST_POINTS
    assert 12_345 in points
    assert points[0] == 0
    assert points[-1] == 19_999


def test_own_times_sum_to_the_mean_duration_of_the_entry(shop: Analysis, composed: Document) -> None:
    own_time = find(composed, "frontend", "POST /checkout").own_time

    operations = shop.ingested.minutes.operations
    mask = (column_is(operations, "service_name", "frontend")) & column_is(operations, "span_name", "POST /checkout")
    mean = column(operations, "duration_nano")[mask].sum() / column(operations, "calls")[mask].sum() / 1e9
    assert own_time
    assert np.isclose(sum(own_time.total_seconds), mean, rtol=1e-3)


def column_is(table: object, name: str, value: str) -> np.ndarray:
    return np.array([label == value for label in table[name].to_pylist()])  # type: ignore[index]


def test_an_operation_that_begins_no_trace_has_no_own_time_chart(composed: Document) -> None:
    assert find(composed, "payments", "Authorize").own_time is None


def test_a_distribution_counts_every_call_once(shop: Analysis, composed: Document) -> None:
    found = find(composed, "payments", "Authorize").distribution

    operations = shop.ingested.minutes.operations
    mask = column_is(operations, "span_name", "Authorize")
    counted = histograms(operations.filter(mask), "duration")
    assert sum(found.usual) + sum(found.unusual) == counted.counts[counted.buckets != ZERO_BUCKET].sum()
    assert sum(found.unusual) > 0


def test_a_release_is_the_first_minute_of_a_version_the_service_did_not_begin_with(
    shop: Analysis, analysis_data: ModuleType
) -> None:
    (release,) = charts.releases(shop)

    assert (release.service_name, release.service_version) == ("payments", "4.18.0")
    assert release.minute == analysis_data.START + analysis_data.RELEASE


def test_without_a_forecast_there_is_no_band_(shop: Analysis) -> None:
    bare = replace(shop, learned=replace(shop.learned, forecasts={}))

    drawn = charts.operation_series(bare)[0]

    assert drawn.band == ""
    assert drawn.lower is None
    assert not drawn.minutes


def test_no_minute_at_all_gives_no_chart(analysis_data: ModuleType) -> None:
    empty = analysis_data.empty_analysis()

    assert charts.operation_series(empty) == []
    assert charts.releases(empty) == []
    assert isinstance(empty.learned.series, SeriesBatch)
