"""What was expected of a minute is found once, equals what the batch says, and survives newer models."""

from __future__ import annotations

import numpy as np

from tracetune.domain.series import Metric, SeriesBatch
from tracetune.forecasting.learn import baselines
from tracetune.live.expectation import Expectation
from tracetune.testing.series import random_series

SERIES = random_series(1, minutes=140, missing=0)


def expectation() -> Expectation:
    return Expectation(baselines(), None, seed=0, horizon_minutes=5, false_incidents_per_week=1.0)


def test_too_short_a_history_expects_nothing_and_says_so() -> None:
    learned = expectation().learned(SERIES.between(0, 20))

    assert learned.forecasts == {}
    assert "too short" in learned.limits[0]


def test_every_minute_of_the_window_has_what_was_expected_of_it() -> None:
    online = expectation()
    for length in range(30, 60):
        learned = online.learned(SERIES.between(0, length))

    forecast = learned.forecasts[Metric.CALLS]
    assert forecast.keys == SERIES.keys
    assert (forecast.start_minute, forecast.cutoff) == (SERIES.start_minute, 59)
    assert forecast.values.shape == (len(SERIES.keys), 64, 7)
    assert np.isfinite(forecast.values[:, 40:59]).all()
    assert len(forecast.verdicts) == len(SERIES.keys)
    assert online.thresholds is not None


def test_later_minutes_and_later_models_do_not_rewrite_what_was_expected() -> None:
    online = expectation()
    for length in range(40, 60):
        before = online.learned(SERIES.between(0, length))
    for length in range(60, 120):  # learned anew more than once on the way
        after = online.learned(SERIES.between(0, length))

    for metric, forecast in before.forecasts.items():
        np.testing.assert_array_equal(after.forecasts[metric].values[:, :59], forecast.values[:, :59])


def test_window_that_moves_on_leaves_its_old_minutes() -> None:
    online = expectation()
    for last in range(60, 80):
        online.learned(SERIES.between(0, last))
    moved = online.learned(SERIES.between(15, 81))

    forecast = moved.forecasts[Metric.CALLS]
    assert (forecast.start_minute, forecast.cutoff) == (SERIES.start_minute + 15, 66)
    assert np.isfinite(forecast.values[:, 50:66]).all()


def test_series_that_begins_later_joins() -> None:
    online = expectation()
    some: SeriesBatch = SERIES.only([0, 1])
    for last in range(60, 70):
        online.learned(some.between(0, last))
    for last in range(70, 90):
        learned = online.learned(SERIES.between(0, last))

    forecast = learned.forecasts[Metric.CALLS]
    assert forecast.keys == SERIES.keys
    assert np.isfinite(forecast.values[:2, 60:89]).all()


def test_snapshot_that_was_given_away_is_not_written_to_by_later_minutes() -> None:
    online = expectation()
    for last in range(60, 70):
        learned = online.learned(SERIES.between(0, last))
    before = {metric: forecast.values.copy() for metric, forecast in learned.forecasts.items()}
    for last in range(70, 100):
        online.learned(SERIES.between(0, last))

    for metric, forecast in learned.forecasts.items():
        np.testing.assert_array_equal(forecast.values, before[metric])


def test_window_may_leave_everything_behind_or_begin_earlier_than_before() -> None:
    online = expectation()
    for last in range(60, 70):
        online.learned(SERIES.between(20, last))
    far = online.learned(SERIES.between(100, 131))
    online = expectation()
    for last in range(60, 70):
        online.learned(SERIES.between(20, last))
    earlier = online.learned(SERIES.between(10, 70))

    assert far.forecasts[Metric.CALLS].values.shape[1] == 31 + 5
    assert np.isfinite(earlier.forecasts[Metric.CALLS].values[:, 50:60]).all()


def slow_from(minute: int) -> SeriesBatch:
    """The series, of which the first takes three times as long from a minute on."""
    metrics = {metric: values.copy() for metric, values in SERIES.metrics.items()}
    for metric in (Metric.LATENCY_P50, Metric.LATENCY_P95):
        metrics[metric][0, minute:] *= 3.0
    return SeriesBatch(SERIES.keys, SERIES.start_minute, metrics, SERIES.observed, SERIES.root_share)


def test_models_that_are_fitted_as_an_incident_begins_do_not_take_it_for_noise() -> None:
    online, series = expectation(), slow_from(44)  # learned anew at 47
    for last in range(30, 56):
        learned = online.learned(series.between(0, last))

    upper = learned.forecasts[Metric.LATENCY_P50].values[0, 50:55, -1]
    assert (series[Metric.LATENCY_P50][0, 50:55] > 1.5 * upper).all()
