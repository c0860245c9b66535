from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from tests.forecasting.series_data import System

from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.windows import FEATURES, GAP_MINUTES, Inputs, Scales

DAY = 1440


def _features(series: SeriesBatch, minute: int) -> dict[str, float]:
    inputs = Inputs.of(series, Scales.of(series))
    made = inputs.features(np.array([0]), np.array([[minute]]))
    return dict(zip(FEATURES, made[0, 0].tolist(), strict=True))


def _latency(series: SeriesBatch, first: int, last: int) -> NDArray[np.float64]:
    found: NDArray[np.float64] = Inputs.of(series, Scales.of(series)).latency(
        np.array([0]), np.arange(first, last)[None]
    )[0]
    return found


def test_newest_latency_lies_behind_the_gap() -> None:
    series = System(1, services=2).series(minutes=200)

    found = _features(series, 100)

    assert found["latency_before_gap"] == np.float32(_latency(series, 85, 86)[0])
    assert found["latency_before_gap_known"] == 1.0


def test_calls_are_those_of_the_minute_itself() -> None:
    series = System(1, services=2).series(minutes=200)

    found = _features(series, 100)

    assert np.isclose(found["calls_level"], np.log1p(series[Metric.CALLS][0, 100]) / 5.0)


def test_missing_minutes_are_masked_and_not_zero_calls() -> None:
    series = System(1, services=2).series(minutes=200, unobserved=[(85, 101)])

    found = _features(series, 100)

    assert found["calls_known"] == 0.0
    assert found["latency_before_gap_known"] == 0.0


def test_before_the_first_minute_nothing_is_known() -> None:
    found = _features(System(1, services=2).series(minutes=200), GAP_MINUTES - 1)

    assert found["latency_before_gap_known"] == 0.0
    assert found["calls_known"] == 1.0


def test_other_days_are_known_from_the_second_day_on() -> None:
    series = System(1, services=2).series(minutes=DAY + 100)

    before, after = (_features(series, minute) for minute in (DAY - 8, DAY + 50))

    assert before["latency_other_days_known"] == 0.0
    assert np.isclose(after["latency_other_days"], _latency(series, 43, 58).mean(), rtol=1e-5)


def test_the_newest_of_other_days_counts_most() -> None:
    series = System(1, services=2).series(minutes=2 * DAY + 100)

    found = _features(series, 2 * DAY + 50)

    first, second = (_latency(series, start, start + 15) for start in (43, DAY + 43))
    assert np.isclose(found["latency_other_days"], (0.6 * first + 0.4 * second).mean(), rtol=1e-5)


def test_features_live_are_those_of_training(predictor: LstmPredictor) -> None:
    series = System(5, services=3).series(minutes=1500, unobserved=[(700, 720)])
    wide = replace(
        predictor.weights, head_bias=np.full(7, 60.0, np.float32)
    )  # bands so wide that every value is admitted
    wide = replace(wide, head_kernel=np.zeros_like(wide.head_kernel))
    follower = replace(predictor, weights=wide).follow(series.keys, series.start_minute)
    inputs, rows = Inputs.of(series, predictor.scales), np.arange(6, 12)  # p95 comes second

    for minute in range(series.length):
        if minute % 97 == 3 or minute > DAY + 40:
            live = follower._features(np.log1p(series[Metric.CALLS][:, minute]))
            made = inputs.features(rows, np.full((6, 1), minute))[:, 0]
            np.testing.assert_allclose(live, made, atol=1e-4)
        follower.step(series[Metric.LATENCY_P95][:, minute], series[Metric.CALLS][:, minute])


def test_time_of_day_is_withheld_until_it_was_seen_twice() -> None:
    one, two = (System(1, services=1).series(minutes=days * DAY) for days in (1, 2))

    assert _features(one, 400)["sine_of_day"] == 0.0
    assert _features(two, 400)["sine_of_day"] != 0.0


def test_series_unknown_to_training_have_no_scale() -> None:
    series = System(1, services=1).series(minutes=200)
    stranger = replace(series, keys=(SeriesKey("new", "GET /"), series.keys[1]))

    scales = Scales.of(series).for_keys(stranger.keys)

    assert np.isnan(scales.location[:, 0]).all()
    assert np.array_equal(scales.location[:, 1], Scales.of(series).location[:, 1])
