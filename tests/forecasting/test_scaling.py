from __future__ import annotations

import numpy as np
import pytest

from tracetune.domain.series import Metric
from tracetune.forecasting import scaling


def test_scales_are_undone_exactly() -> None:
    seconds = np.array([[0.001, 0.25, np.nan]])

    back = scaling.from_model_scale(Metric.LATENCY_P95, scaling.to_model_scale(Metric.LATENCY_P95, seconds))

    np.testing.assert_allclose(back, seconds)


def test_expected_calls_are_never_negative() -> None:
    assert scaling.from_model_scale(Metric.CALLS, np.array([-2.0, 3.0])).tolist() == [0.0, 9.0]


def test_error_ratio_has_no_model_scale() -> None:
    with pytest.raises(ValueError, match="binomial"):
        scaling.to_model_scale(Metric.ERROR_RATIO, np.array([0.1]))


def test_median_ignores_unobserved_minutes_and_outliers() -> None:
    values = np.array([[1.0, np.nan, 2.0, 3.0, np.nan, 4.0, 5.0, 1.0, 2.0, 3.0, 4.0, 1000.0]])

    middle, spread = scaling.median_and_spread(values)

    assert middle[0] == 3.0
    assert spread[0] == pytest.approx(1.4826 * 1.0, rel=0.6)


def test_too_few_observed_values_have_no_median() -> None:
    values = np.concatenate([np.arange(9.0), np.full(20, np.nan)])[None]

    middle, spread = scaling.median_and_spread(values)

    assert np.isnan(middle[0])
    assert np.isnan(spread[0])


def test_noise_floor_does_not_see_a_level_shift() -> None:
    rng = np.random.default_rng(0)
    steady = np.exp(0.1 * rng.normal(size=(1, 400)))
    shifted = steady * np.where(np.arange(400) < 200, 1.0, 5.0)

    floors = [scaling.noise_floor(Metric.LATENCY_P50, values)[0] for values in (steady, shifted)]

    assert floors[0] == pytest.approx(0.05, rel=0.2)
    assert floors[1] == pytest.approx(floors[0], rel=0.05)


def test_band_ascends_around_its_middle() -> None:
    quantiles = scaling.band(Metric.LATENCY_P95, np.array([[np.log(0.2)]]), np.array([[0.3]]))

    assert np.all(np.diff(quantiles[0, 0]) > 0)
    assert quantiles[0, 0, 3] == pytest.approx(0.2)
