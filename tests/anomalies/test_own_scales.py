from __future__ import annotations

import numpy as np
import pytest

from tracetune.anomalies.own_scales import LEAST, LEAST_MINUTES, LEAST_SERIES, MOST, OwnScales

CALLS = np.full(40, 50.0)


def _calm(factors: np.ndarray, minutes: int = 2880, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0.0, 1.0, (len(factors), minutes))
    return np.asarray(np.abs(noise) * factors[:, None])


def _loud(share: float, factor: float, count: int = 40) -> np.ndarray:
    return np.where(np.arange(count) < share * count, factor, 1.0)


def test_a_series_that_is_always_louder_has_a_higher_scale() -> None:
    scales = OwnScales.of(_calm(_loud(0.5, 1.6)), CALLS).whole

    assert scales[:20].mean() / scales[20:].mean() == pytest.approx(1.6, abs=0.1)


def test_heights_that_differ_by_chance_are_not_believed() -> None:
    calm = _calm(np.ones(40), minutes=400)

    scales = OwnScales.of(calm, CALLS).whole

    assert np.ptp(scales) < 0.5 * np.ptp(np.quantile(calm, 0.98, axis=1) / np.quantile(calm, 0.98))


def test_half_as_many_known_minutes_are_believed_less() -> None:
    factors = np.linspace(0.8, 1.3, 40)
    factors[0] = factors[-1]
    calm = _calm(factors, minutes=1200)
    calm[0] = calm[-1]
    calm[0, ::2] = -np.inf

    scales = OwnScales.of(calm, CALLS).whole

    assert 1.0 < scales[0] < scales[-1]


def test_what_its_calls_let_expect_stands_for_a_series_that_is_not_known() -> None:
    calls = np.where(np.arange(40) < 20, 2.0, 200.0)
    calm = _calm(_loud(0.5, 1.6))
    calm[0] = -np.inf

    scales = OwnScales.of(calm, calls).whole

    assert scales[0] == pytest.approx(scales[1:20].mean(), rel=0.1)


def test_one_quiet_week_does_not_lower_the_level_without_bound() -> None:
    scales = OwnScales.of(_calm(_loud(0.5, 30.0)), CALLS).whole

    assert scales.min() == LEAST
    assert scales.max() == MOST


def test_each_half_is_put_to_scale_by_the_other() -> None:
    calm = _calm(_loud(0.5, 1.6))
    calm[0, :1440] *= 1.5

    scales = OwnScales.of(calm, CALLS)
    divided = scales.divide(calm)

    assert scales.second[0] > scales.first[0]
    assert divided[0, 0] == calm[0, 0] / scales.first[0]
    assert divided[0, -1] == calm[0, -1] / scales.second[0]


def test_few_series_and_short_histories_have_the_common_level() -> None:
    few = OwnScales.of(_calm(_loud(0.5, 1.6, LEAST_SERIES - 1)), CALLS[: LEAST_SERIES - 1])
    short = OwnScales.of(_calm(_loud(0.5, 1.6), minutes=2 * LEAST_MINUTES - 2), CALLS)

    assert (few.whole == 1.0).all()
    assert (short.whole == 1.0).all()


def test_nothing_known_gives_the_common_level() -> None:
    assert (OwnScales.of(np.full((40, 1000), -np.inf), CALLS).whole == 1.0).all()
