from __future__ import annotations

import numpy as np
import pytest

from tracetune.domain.forecasts import LOWER, UPPER
from tracetune.domain.series import Metric
from tracetune.forecasting.calibration import Widening, widening
from tracetune.forecasting.scaling import band

METRIC = Metric.LATENCY_P95


def _noise(spread: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = np.exp(rng.normal(0.0, spread, (20, 500)))
    return values, band(METRIC, np.zeros((20, 500)), np.full((20, 500), 0.1))


def test_a_band_half_as_wide_as_the_noise_is_doubled_and_then_covers() -> None:
    values, quantiles = _noise(0.2)

    factors = widening(METRIC, values, quantiles, np.ones((20, 500), np.bool_))
    fresh, _ = _noise(0.2, seed=1)
    wider = factors.apply(METRIC, quantiles)

    assert factors.above == pytest.approx(2.0, rel=0.1)
    assert ((fresh >= wider[:, :, LOWER]) & (fresh <= wider[:, :, UPPER])).mean() == pytest.approx(0.98, abs=0.01)


def test_minutes_that_do_not_count_change_nothing() -> None:
    values, quantiles = _noise(0.1)
    counted = np.ones((20, 500), np.bool_)
    counted[:, :50] = False

    clean = widening(METRIC, values, quantiles, counted)
    values[:, :50] *= 10.0

    assert widening(METRIC, values, quantiles, counted) == clean


def test_too_few_minutes_leave_the_band_alone() -> None:
    values, quantiles = _noise(0.2)

    assert widening(METRIC, values[:1, :150], quantiles[:1, :150], np.ones((1, 150), np.bool_)) == Widening()
