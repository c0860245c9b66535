from __future__ import annotations

from functools import cache

import numpy as np

from tracetune.domain.series import Metric
from tracetune.testing.history import DEVELOPMENT_SEEDS, REPORT_SEEDS, History, Size, make_history
from tracetune.testing.incidents import SLOW, IncidentKind

SMALL = Size(apps=3, services=5, days=4, test_days=2, test_rate=1.0)


@cache
def _small(seed: int = 1) -> History:
    return make_history(seed, SMALL)


def test_report_seeds_are_no_development_seeds() -> None:
    assert len(REPORT_SEEDS) >= 5
    assert not set(REPORT_SEEDS) & set(DEVELOPMENT_SEEDS)


def test_equal_seeds_give_equal_histories_and_others_do_not() -> None:
    again, other = make_history(1, SMALL), make_history(2, SMALL)

    assert all(np.array_equal(again.series[metric], _small().series[metric], equal_nan=True) for metric in Metric)
    assert other.incidents != again.incidents


def test_an_application_is_the_same_beside_others() -> None:
    alone = make_history(1, Size(apps=1, services=5, days=4, test_days=2, test_rate=1.0))
    rows = len(alone.series.keys)

    both = alone.series.observed & _small().series.observed
    assert np.array_equal(
        alone.series[Metric.CALLS][:, both], _small().series[Metric.CALLS][:rows, both], equal_nan=True
    )


def test_slow_minutes_are_slower_than_their_neighbours() -> None:
    history = _small()
    slow = history.happening(*SLOW)
    latency = np.log(history.series[Metric.LATENCY_P50])
    ratios = []
    for row in np.flatnonzero(slow.any(axis=1)):
        for number in np.unique(history.incident[row][slow[row]]):
            at = np.flatnonzero(history.incident[row] == number)
            before = latency[row, at[0] - 40 : at[0]]
            ratios.append(np.nanmedian(latency[row, at]) - np.nanmedian(before))

    assert len(ratios) > 10
    assert np.median(ratios) > np.log(1.17)


def test_surges_raise_calls_and_drops_take_them() -> None:
    history = _small()
    calls = history.series[Metric.CALLS]
    for kind, more in ((IncidentKind.SURGE, True), (IncidentKind.DROP, False)):
        here = history.happening(kind)
        usual = np.nanmedian(calls, axis=1, keepdims=True)
        busy = usual[:, 0] >= 10

        assert here.any()
        assert (np.nanmedian((calls[busy] / usual[busy])[here[busy]]) > 1.2) == more


def test_missing_minutes_are_unobserved_and_single_ones_nan() -> None:
    series = _small().series

    assert 0 < (~series.observed).sum() < 60
    assert np.isnan(series[Metric.CALLS][:, ~series.observed]).all()
    assert 0.001 < np.isnan(series[Metric.CALLS][:, series.observed]).mean() < 0.01


def test_self_time_is_part_of_the_duration() -> None:
    series = _small().series
    ratio = np.nanmedian(series[Metric.SELF_TIME_P50] / series[Metric.LATENCY_P50], axis=1)

    assert (ratio <= 1.0 + 1e-9).all()
    assert (ratio < 0.9).any()


def test_graph_has_the_services_and_their_calls() -> None:
    history = _small()

    assert set(history.graph.services) == {key.service_name for key in history.series.keys}
    assert all(edge.client.split("-")[0] == edge.server.split("-")[0] for edge in history.graph.edges)
