from __future__ import annotations

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks
from tests.forecasting.series_data import Event, EventKind, System

from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import NotEnoughData
from tracetune.forecasting.gate import pinball_loss
from tracetune.forecasting.regression import RegressionEstimator
from tracetune.forecasting.trailing import TrailingMedianEstimator

METRICS = [Metric.LATENCY_P95, Metric.CALLS]


@pytest.mark.parametrize("metric", METRICS)
def test_the_future_changes_no_forecast(metric: Metric) -> None:
    series = checks.small()

    predictor = RegressionEstimator().fit(series, metric, seed=0)

    checks.check_future_is_not_seen(predictor, series, metric, 200)


@pytest.mark.parametrize("metric", METRICS)
def test_the_gap_changes_no_forecast(metric: Metric) -> None:
    series = checks.small()

    predictor = RegressionEstimator().fit(series, metric, seed=0)

    checks.check_gap_is_not_seen(predictor, series, metric, 250)


@pytest.mark.parametrize("metric", METRICS)
def test_equal_input_gives_equal_forecasts(metric: Metric) -> None:
    checks.check_fit_is_repeatable(RegressionEstimator(), RegressionEstimator(), checks.small(), metric)


def test_a_surge_raises_the_expected_latency_of_the_same_minute() -> None:
    calm, surge = (
        System(7, services=3).series(minutes=600, events=events)
        for events in ((), (Event(EventKind.SURGE, 0, 550, 5, 1.5),))
    )

    usual, raised = (
        RegressionEstimator()
        .fit(each, Metric.LATENCY_P50, seed=0)
        .predict(each, horizon_minutes=0)
        .values[:, 550, MIDDLE]
        for each in (calm, surge)
    )

    assert np.median(raised / usual) > 1.05


def test_latency_that_follows_its_load_is_forecast_better_than_by_the_trailing_median() -> None:
    series = System(7).series(minutes=400)

    losses = [
        pinball_loss(
            series[Metric.LATENCY_P50],
            each.fit(series, Metric.LATENCY_P50, seed=0).predict(series, horizon_minutes=0).values,
        )[:, 120:].mean()
        for each in (RegressionEstimator(), TrailingMedianEstimator())
    ]

    assert losses[0] < 0.97 * losses[1]


def test_band_covers_most_clean_minutes() -> None:
    series = System(7).series(minutes=720)

    values = RegressionEstimator().fit(series, Metric.LATENCY_P95, seed=0).predict(series, horizon_minutes=0).values
    seen, bands = series[Metric.LATENCY_P95][:, 120:], values[:, 120:]
    inside = (seen >= bands[:, :, LOWER]) & (seen <= bands[:, :, UPPER])

    assert 0.93 < inside.mean() < 0.995


def test_an_hour_of_slowness_is_not_learned_as_normal() -> None:
    slow = Event(EventKind.STEP, 1, 400, 60, 3.0)

    clean, slowed = (System(7).series(minutes=500, events=events) for events in ((), (slow,)))
    expected = [
        RegressionEstimator()
        .fit(clean, Metric.LATENCY_P50, seed=0)
        .predict(each, horizon_minutes=0)
        .values[2:4, 459, MIDDLE]
        for each in (clean, slowed)
    ]

    assert np.all(expected[1] < 1.3 * expected[0])


def test_too_few_minutes_are_refused() -> None:
    with pytest.raises(NotEnoughData, match="20 minutes are too few"):
        RegressionEstimator().fit(checks.small(20), Metric.CALLS, seed=0)


def test_a_load_that_was_never_seen_is_expected_like_the_nearest_that_was() -> None:
    rng = np.random.default_rng(3)
    calls = rng.uniform(80.0, 120.0, (1, 400))
    calls[:, 399] = 8.0
    latency = 0.1 * (calls / 100.0) ** 2 * rng.lognormal(0.0, 0.05, calls.shape)
    metrics = dict.fromkeys(Metric, latency) | {Metric.CALLS: calls, Metric.ERROR_RATIO: np.zeros_like(calls)}
    series = SeriesBatch((SeriesKey("a", "b"),), 0, metrics, np.ones(400, np.bool_), np.ones(1))

    expected = RegressionEstimator().fit(series, Metric.LATENCY_P50, seed=0).predict(series, horizon_minutes=0).values

    assert expected[0, 399, MIDDLE] == pytest.approx(0.1 * 0.8**2, rel=0.15)
