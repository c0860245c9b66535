from __future__ import annotations

import numpy as np

from tracetune.anomalies.seen import Seen
from tracetune.anomalies.traffic import Traffic
from tracetune.domain.analysis import Learned
from tracetune.domain.forecasts import QUANTILES, Forecast, Verdict
from tracetune.domain.graph import Edge, ServiceGraph
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey

HOME, SEARCH, STOCK = range(3)
KEYS = (SeriesKey("front", "GET /home"), SeriesKey("front", "GET /search"), SeriesKey("stock", "GET /stock"))
GRAPH = ServiceGraph(("front", "other", "stock"), (Edge("front", "stock", "", 100, 0),))
MINUTES = 30
USUAL = np.array([200.0, 50.0, 250.0])


def _traffic(
    calls: dict[int, float], graph: ServiceGraph | None = GRAPH, roots: tuple[float, ...] = (1, 1, 0)
) -> Traffic:
    """Calls as usual, and from minute 20 on these."""
    values = np.repeat(USUAL[:, None], MINUTES, axis=1)
    for row, count in calls.items():
        values[row, 20:] = count
    metrics = {metric: np.full(values.shape, 0.1) for metric in Metric} | {Metric.CALLS: values}
    series = SeriesBatch(KEYS, 0, metrics, np.ones(MINUTES, np.bool_), np.array(roots, np.float64))
    spread = np.linspace(-2.33, 2.33, len(QUANTILES)) * np.sqrt(USUAL)[:, None]
    band = np.repeat((USUAL[:, None] + spread)[:, None, :], MINUTES, axis=1)
    verdicts = (Verdict("seasonal", {}, float("nan"), ""),) * 3
    seen = Seen.of(Learned(series, {Metric.CALLS: Forecast(KEYS, Metric.CALLS, 0, MINUTES, band, verdicts)}, ()))
    return Traffic.of(seen, seen.departure(Metric.CALLS), graph)


def test_usual_calls_are_neither_load_nor_another_mix() -> None:
    found = _traffic({})

    assert not found.overloaded.any()
    assert not found.mixed.any()


def test_a_surge_at_the_entrance_is_load_on_what_it_reaches() -> None:
    found = _traffic({HOME: 400.0, SEARCH: 100.0, STOCK: 500.0})

    assert found.overloaded[STOCK, 20:].all()
    assert not found.overloaded[STOCK, :20].any()
    assert not found.mixed.any()


def test_repeated_calls_inside_are_no_load() -> None:
    found = _traffic({STOCK: 1000.0})

    assert not found.overloaded[STOCK].any()


def test_calls_that_begin_inside_are_load_of_their_own() -> None:
    found = _traffic({STOCK: 1000.0}, roots=(1, 1, 1))

    assert found.overloaded[STOCK, 20:].all()


def test_other_calls_at_the_same_rate_are_another_mix() -> None:
    found = _traffic({HOME: 100.0, SEARCH: 150.0})

    assert found.mixed[20:].all()
    assert not found.mixed[:20].any()


def test_an_entrance_that_loses_its_calls_is_no_other_mix() -> None:
    assert not _traffic({SEARCH: 0.0}).mixed.any()
    assert not _traffic({HOME: 50.0, SEARCH: 10.0}).mixed.any()


def test_without_a_graph_every_entrance_counts_for_all() -> None:
    found = _traffic({HOME: 400.0, STOCK: 500.0}, graph=None)

    assert found.overloaded[STOCK, 20:].all()
