from __future__ import annotations

from math import comb

import numpy as np
import pytest

from tracetune.anomalies import scores
from tracetune.domain.series import Metric

BAND = np.array([[[0.5, 0.7, 0.8, 1.0, 1.25, 1.4, 2.0]]])


@pytest.mark.parametrize(("seconds", "expected"), [(1.0, 0.0), (2.0, 2.326), (0.5, -2.326), (4.0, 4.653)])
def test_departure_is_2_33_at_the_bounds_and_grows_with_the_factor(seconds: float, expected: float) -> None:
    found = scores.departure(Metric.LATENCY_P95, np.array([[seconds]]), BAND)

    assert found[0, 0] == pytest.approx(expected, abs=1e-3)


def test_what_was_not_observed_or_not_expected_has_no_departure() -> None:
    values = np.array([[np.nan, 1.0]])
    quantiles = np.concatenate([BAND, np.full((1, 1, 7), np.nan)], axis=1)

    assert np.isnan(scores.departure(Metric.CALLS, values, quantiles)).all()


def test_minutes_of_few_calls_have_no_score() -> None:
    calls = np.array([[20.0] * 5 + [2.0] + [20.0] * 4, [2.9] * 10])

    found = scores.with_enough_calls(np.ones((2, 10)), calls)

    assert np.isnan(found[0, 5])
    assert np.isfinite(found[0, 6:]).all()
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize(("errors", "calls", "ratio"), [(3, 10, 0.05), (1, 40, 0.001), (12, 60, 0.1), (7, 7, 0.3)])
def test_binomial_tail_equals_the_sum_of_its_terms(errors: int, calls: int, ratio: float) -> None:
    by_hand = sum(comb(calls, k) * ratio**k * (1.0 - ratio) ** (calls - k) for k in range(errors, calls + 1))

    found = scores.binomial_tail(np.array([float(errors)]), np.array([float(calls)]), np.array([ratio]))

    assert found[0] == pytest.approx(by_hand, rel=1e-9)


def test_no_more_errors_than_expected_are_no_surprise() -> None:
    assert scores.binomial_tail(np.array([0.0, 5.0]), np.array([100.0, 100.0]), np.array([0.1, 0.1])).tolist() == [1, 1]


def test_bound_is_exceeded_with_at_most_one_percent() -> None:
    most = scores.most_errors_by_chance(200, 0.02)

    beyond = scores.binomial_tail(np.array([most + 1.0, most + 0.0]), np.full(2, 200.0), np.full(2, 0.02))
    assert beyond[0] <= 0.01 < beyond[1]
