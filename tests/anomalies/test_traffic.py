from __future__ import annotations

import numpy as np

from tracetune.anomalies.rules import Episode
from tracetune.anomalies.seen import Seen
from tracetune.anomalies.traffic import Traffic, was_served
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
    seen = _seen(calls, roots)
    return Traffic.of(seen, seen.departure(Metric.CALLS), graph)


def _seen(calls: dict[int, float], roots: tuple[float, ...] = (1, 1, 0), from_minute: int = 20) -> Seen:
    """Calls as usual, and from some minute on these."""
    values = np.repeat(USUAL[:, None], MINUTES, axis=1)
    for row, count in calls.items():
        values[row, from_minute:] = count
    metrics = {metric: np.full(values.shape, 0.1) for metric in Metric} | {Metric.CALLS: values}
    series = SeriesBatch(KEYS, 0, metrics, np.ones(MINUTES, np.bool_), np.array(roots, np.float64))
    spread = np.linspace(-2.33, 2.33, len(QUANTILES)) * np.sqrt(USUAL)[:, None]
    band = np.repeat((USUAL[:, None] + spread)[:, None, :], MINUTES, axis=1)
    verdicts = (Verdict("seasonal", {}, float("nan"), ""),) * 3
    return Seen.of(Learned(series, {Metric.CALLS: Forecast(KEYS, Metric.CALLS, 0, MINUTES, band, verdicts)}, ()))


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


def test_more_calls_inside_while_no_more_came_in_are_repeated() -> None:
    found = _traffic({STOCK: 1000.0})

    assert found.repeated[STOCK, 20:].all()
    assert not found.repeated[STOCK, :20].any()
    assert not _traffic({HOME: 400.0, SEARCH: 100.0, STOCK: 500.0}).repeated.any()


def test_as_many_calls_as_were_answered_in_time_before_explain_nothing() -> None:
    before, after = _seen({HOME: 400.0}, from_minute=5), _seen({HOME: 400.0}, from_minute=20)
    quick, slow = np.zeros((3, MINUTES)), np.full((3, MINUTES), 9.0)
    episode = Episode(HOME, 20, MINUTES, ongoing=True, score=2.0)

    assert was_served(before, quick, episode)
    assert not was_served(before, slow, episode)
    assert not was_served(after, quick, episode)
