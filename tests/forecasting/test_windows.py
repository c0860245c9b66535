from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.forecasting.series_data import System

from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting.windows import FEATURES, GAP_MINUTES, Inputs, Scales

DAY = 1440


def _features(series: SeriesBatch, minute: int, *, ahead: int = 0) -> dict[str, float]:
    inputs = Inputs.of(series, Scales.of(series), ahead=ahead)
    made = inputs.features(inputs.latency, np.array([0]), np.array([[minute]]))
    return dict(zip(FEATURES, made[0, 0].tolist(), strict=True))


def test_newest_latency_lies_behind_the_gap() -> None:
    series = System(1, services=2).series(minutes=200)
    inputs = Inputs.of(series, Scales.of(series))

    found = _features(series, 100)

    assert found["latency_before_gap"] == np.float32(inputs.latency[0, 100 - GAP_MINUTES])
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


def test_of_the_future_nothing_is_known_but_the_latency_before_the_gap() -> None:
    series = System(1, services=2).series(minutes=200)

    near, far = (_features(series, minute, ahead=60) for minute in (200 + GAP_MINUTES - 1, 200 + GAP_MINUTES))

    assert near["latency_before_gap_known"] == 1.0
    assert far["latency_before_gap_known"] == 0.0
    assert near["calls_known"] == 0.0


def test_yesterday_is_known_from_the_second_day_on() -> None:
    series = System(1, services=2).series(minutes=DAY + 100)
    inputs = Inputs.of(series, Scales.of(series))

    before, after = (_features(series, minute) for minute in (DAY - 1, DAY + 50))

    assert before["latency_yesterday_known"] == 0.0
    assert np.isclose(after["latency_yesterday"], inputs.latency[0, 43:58].mean(), rtol=1e-5)


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
