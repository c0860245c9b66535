from __future__ import annotations

import numpy as np
import pytest

from tracetune.anomalies.errors import GAP_MINUTES, base_ratio, error_surprise


def _system(calls: float, ratio: float, minutes: int = 600) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    counted = rng.poisson(calls, (4, minutes)).astype(np.float64)
    return rng.binomial(counted.astype(np.int64), ratio).astype(np.float64), counted


def test_base_rate_settles_at_the_true_ratio() -> None:
    errors, calls = _system(200.0, 0.02)

    ratio = base_ratio(errors, calls)

    assert ratio[:, -1] == pytest.approx(0.02, abs=0.003)


def test_base_rate_sees_neither_the_gap_nor_the_future() -> None:
    errors, calls = _system(200.0, 0.02)
    changed = errors.copy()
    changed[:, 300:] += 50.0

    before, after = base_ratio(errors, calls), base_ratio(changed, calls)

    np.testing.assert_array_equal(after[:, : 300 + GAP_MINUTES], before[:, : 300 + GAP_MINUTES])


def test_an_hour_of_errors_is_not_learned_as_normal() -> None:
    errors, calls = _system(200.0, 0.01)
    errors[:, 400:460] = 60.0

    ratio = base_ratio(errors, calls)

    assert np.all(ratio[:, 470] < 0.02)


def test_few_calls_leave_the_base_rate_unknown() -> None:
    errors, calls = _system(0.5, 0.1, minutes=60)

    assert np.isnan(error_surprise(errors, calls, base_ratio(errors, calls))).all()


def test_surprise_counts_decimal_places() -> None:
    surprise = error_surprise(np.array([[3.0, 0.0]]), np.array([[3.0, 0.0]]), np.array([[0.01, 0.01]]))

    assert surprise[0, 0] == pytest.approx(6.0)
    assert np.isnan(surprise[0, 1])
