from __future__ import annotations

from dataclasses import replace
from types import ModuleType

from tracetune.domain.analysis import Analysis
from tracetune.domain.series import Metric
from tracetune.sinks.document import Document
from tracetune.sinks.spread import spread


def test_the_heat_is_where_the_fault_was_and_hardly_anywhere_else(
    composed: Document, analysis_data: ModuleType
) -> None:
    spread = composed.spread

    assert spread
    cells = spread.cells[spread.service_names.index("payments")]
    first, last = (minute // spread.minutes_per_cell for minute in analysis_data.SLOW)
    assert set(cells[first + 1 : last]) == {"4"}
    assert set(cells[:first] + cells[last + 1 :]) <= {"0", "1", " "}


def test_services_of_incidents_lead_the_heat_strip_in_the_order_of_onset(composed: Document) -> None:
    spread = composed.spread

    assert spread
    assert spread.service_names[:4] == ["shipping", "payments", "checkout", "frontend"]


def test_each_cell_says_which_number_departed_most(composed: Document, analysis_data: ModuleType) -> None:
    found = composed.spread

    assert found
    by = dict(zip(found.service_names, found.by, strict=True))
    slow, failing = (
        slice(first // found.minutes_per_cell + 1, last // found.minutes_per_cell)
        for first, last in (analysis_data.SLOW, analysis_data.FAILING)
    )
    assert set(by["payments"][slow]) <= {"m", "p"}
    assert set(by["shipping"][failing]) == {"e"}
    assert set(by["cart"]) <= {" ", "m", "p"}
    assert all(not letters or len(letters) == len(cells) for letters, cells in zip(found.by, found.cells, strict=True))


def test_median_alone_that_rose_is_hot_and_named(shop: Analysis) -> None:
    row = next(at for at, key in enumerate(shop.learned.series.keys) if key.service_name == "catalog")
    series = shop.learned.series
    metrics = {metric: series[metric].copy() for metric in Metric}
    band = shop.learned.forecasts[Metric.LATENCY_P95].values[row]
    median = replace(shop.learned.forecasts[Metric.LATENCY_P95], metric=Metric.LATENCY_P50)
    metrics[Metric.LATENCY_P50][row, 600:660] = 5.0 * band[600:660, -1]
    before = spread(shop)
    forecasts = {**shop.learned.forecasts, Metric.LATENCY_P50: median}
    learned = replace(shop.learned, series=replace(series, metrics=metrics), forecasts=forecasts)

    after = spread(replace(shop, learned=learned))

    assert before
    assert after
    cells = slice(600 // after.minutes_per_cell, 660 // after.minutes_per_cell)
    assert set(after.cells[after.service_names.index("catalog")][cells]) == {"4"}
    assert set(after.by[after.service_names.index("catalog")][cells]) == {"m"}
    assert set(before.cells[before.service_names.index("catalog")][cells]) <= {"0", "1", " "}


def test_without_a_forecast_or_a_minute_there_is_no_heat(shop: Analysis, analysis_data: ModuleType) -> None:
    assert spread(replace(shop, learned=replace(shop.learned, forecasts={}))) is None
    assert spread(analysis_data.empty_analysis()) is None
