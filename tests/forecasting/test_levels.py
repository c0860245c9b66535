from __future__ import annotations

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks
from tests.forecasting.series_data import Event, EventKind, System

from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import NotEnoughData
from tracetune.forecasting.levels import LevelsEstimator
from tracetune.forecasting.windows import GAP_MINUTES

METRICS = [Metric.LATENCY_P95, Metric.CALLS]


def _noise(minutes: int, seed: int = 0) -> SeriesBatch:
    """Five series of one level each, with noise whose mean lies far from its median."""
    rng = np.random.default_rng(seed)
    values = 0.1 * np.exp(0.2 * rng.normal(size=(5, minutes)) + 2.0 * (rng.random((5, minutes)) < 0.1))
    metrics = dict.fromkeys(Metric, values) | {Metric.CALLS: np.full(values.shape, 100.0)}
    keys = tuple(SeriesKey("shop", f"{at}") for at in range(5))
    return SeriesBatch(keys, 0, metrics, np.ones(minutes, np.bool_), np.ones(5))


@pytest.mark.parametrize("metric", METRICS)
def test_neither_the_future_nor_the_gap_changes_a_forecast(metric: Metric) -> None:
    series = checks.small()

    predictor = LevelsEstimator().fit(series, metric, seed=0)

    checks.check_future_is_not_seen(predictor, series, metric, 200)
    checks.check_gap_is_not_seen(predictor, series, metric, 250)


@pytest.mark.parametrize("metric", METRICS)
def test_equal_input_gives_equal_forecasts(metric: Metric) -> None:
    checks.check_fit_is_repeatable(LevelsEstimator(), LevelsEstimator(), checks.small(), metric)


def test_band_covers_most_clean_minutes() -> None:
    series = System(7).series(minutes=720)

    values = LevelsEstimator().fit(series, Metric.LATENCY_P95, seed=0).predict(series, horizon_minutes=0).values
    seen, bands = series[Metric.LATENCY_P95][:, 120:], values[:, 120:]
    inside = (seen >= bands[:, :, LOWER]) & (seen <= bands[:, :, UPPER])

    assert 0.95 < inside.mean() < 0.998


def test_the_level_is_a_median_and_not_a_mean_of_logarithms() -> None:
    series = _noise(1440)

    follower = LevelsEstimator().fit(series, Metric.LATENCY_P95, seed=0).follow(series.keys, 0)
    for minute in range(series.length):
        follower.step(series[Metric.LATENCY_P95][:, minute], series[Metric.CALLS][:, minute])
    expected = follower.ahead(1)[:, 0, MIDDLE]
    median = np.median(series[Metric.LATENCY_P95], axis=1)

    np.testing.assert_allclose(expected, median, rtol=0.06)
    assert np.all(np.exp(np.log(series[Metric.LATENCY_P95]).mean(axis=1)) > 1.15 * median)


def test_an_hour_of_slowness_is_not_learned_as_normal() -> None:
    slow = Event(EventKind.STEP, 1, 400, 60, 3.0)
    rows = [2, 3]  # the operations of service 1

    clean, slowed = (System(7).series(minutes=500, events=events) for events in ((), (slow,)))
    model = LevelsEstimator().fit(clean, Metric.LATENCY_P50, seed=0)
    expected = [model.predict(each, horizon_minutes=0).values[rows, 459, MIDDLE] for each in (clean, slowed)]

    assert np.all(expected[1] < 1.2 * expected[0])


def test_missing_minutes_and_a_series_that_begins_later_are_bridged() -> None:
    series = System(7).series(minutes=300, unobserved=[(150, 160)])
    series[Metric.LATENCY_P95][0, :120] = np.nan

    values = LevelsEstimator().fit(series, Metric.LATENCY_P95, seed=0).predict(series, horizon_minutes=0).values

    assert np.isfinite(values[1:, 60:]).all()
    assert np.isnan(values[0, :120]).all()
    assert np.isfinite(values[0, 180:]).all()


def test_the_gap_is_no_part_of_what_is_ahead() -> None:
    series = _noise(300)
    model = LevelsEstimator().fit(series, Metric.LATENCY_P95, seed=0)
    follower, other = (model.follow(series.keys, 0) for _ in range(2))

    for minute in range(series.length):
        seen, calls = series[Metric.LATENCY_P95][:, minute], series[Metric.CALLS][:, minute]
        follower.step(seen, calls)
        other.step(seen * (1.3 if minute >= series.length - GAP_MINUTES // 2 else 1.0), calls)

    assert np.all(other.ahead(1)[:, 0, MIDDLE] > follower.ahead(1)[:, 0, MIDDLE])
    width = np.diff(np.log(follower.ahead(60)[:, :, [LOWER, UPPER]]), axis=2)[:, :, 0]
    assert np.all(width[:, -1] > width[:, 0])


def test_too_few_minutes_are_refused() -> None:
    with pytest.raises(NotEnoughData, match="20 minutes are too few"):
        LevelsEstimator().fit(checks.small(20), Metric.CALLS, seed=0)
