from __future__ import annotations

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks
from tests.forecasting.series_data import Event, EventKind, System

from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER
from tracetune.domain.series import Metric
from tracetune.errors import NotEnoughData
from tracetune.forecasting.holt_winters import HoltWintersEstimator

METRICS = [Metric.LATENCY_P95, Metric.CALLS]


@pytest.mark.parametrize("metric", METRICS)
def test_the_future_changes_no_forecast(metric: Metric) -> None:
    series = checks.small()

    predictor = HoltWintersEstimator().fit(series, metric, seed=0)

    checks.check_future_is_not_seen(predictor, series, metric, 200)


@pytest.mark.parametrize("metric", METRICS)
def test_the_gap_changes_no_forecast(metric: Metric) -> None:
    series = checks.small()

    predictor = HoltWintersEstimator().fit(series, metric, seed=0)

    checks.check_gap_is_not_seen(predictor, series, metric, 250)


@pytest.mark.parametrize("metric", METRICS)
def test_equal_input_gives_equal_forecasts(metric: Metric) -> None:
    checks.check_fit_is_repeatable(HoltWintersEstimator(), HoltWintersEstimator(), checks.small(), metric)


def test_band_covers_most_clean_minutes() -> None:
    series = System(7).series(minutes=720)

    values = HoltWintersEstimator().fit(series, Metric.LATENCY_P95, seed=0).predict(series, horizon_minutes=0).values
    seen, bands = series[Metric.LATENCY_P95][:, 120:], values[:, 120:]
    inside = (seen >= bands[:, :, LOWER]) & (seen <= bands[:, :, UPPER])

    assert 0.95 < inside.mean() < 0.995


def test_an_hour_of_slowness_is_not_learned_as_normal() -> None:
    slow = Event(EventKind.STEP, 1, 400, 60, 3.0)
    rows = [2, 3]  # the operations of service 1

    clean, slowed = (System(7).series(minutes=500, events=events) for events in ((), (slow,)))
    expected = [
        HoltWintersEstimator()
        .fit(clean, Metric.LATENCY_P50, seed=0)
        .predict(each, horizon_minutes=0)
        .values[rows, 459, MIDDLE]
        for each in (clean, slowed)
    ]

    assert np.all(expected[1] < 1.3 * expected[0])


def test_missing_minutes_are_bridged() -> None:
    series = System(7).series(minutes=300, unobserved=[(150, 160)])

    values = HoltWintersEstimator().fit(series, Metric.CALLS, seed=0).predict(series, horizon_minutes=0).values

    assert np.isfinite(values[:, 60:]).all()


def test_the_future_is_less_sure_the_further_off() -> None:
    series = System(7).series(minutes=600)

    values = HoltWintersEstimator().fit(series, Metric.CALLS, seed=0).predict(series, horizon_minutes=60).values
    width = np.sqrt(values[:, :, UPPER]) - np.sqrt(values[:, :, LOWER])  # where a falling count has no narrower noise

    assert values.shape[1] == 660
    assert np.all(width[:, -1] >= width[:, -50])


def test_too_few_minutes_are_refused() -> None:
    with pytest.raises(NotEnoughData, match="20 minutes are too few"):
        HoltWintersEstimator().fit(checks.small(20), Metric.CALLS, seed=0)
