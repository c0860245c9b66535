"""Chances of counts."""

from __future__ import annotations

import math

import pytest

from tracetune.tuning.queues.chance import binomial_tail, upper_ratio


@pytest.mark.parametrize(
    ("trials", "at_least", "chance"), [(10, 9, 0.5), (200, 12, 0.03), (40, 1, 0.001), (30, 30, 0.9)]
)
def test_tail_is_the_sum_of_the_terms(trials: int, at_least: int, chance: float) -> None:
    terms = (math.comb(trials, n) * chance**n * (1 - chance) ** (trials - n) for n in range(at_least, trials + 1))

    assert binomial_tail(trials, at_least, chance) == pytest.approx(sum(terms), rel=1e-9)


def test_tail_is_certain_from_nothing_and_impossible_beyond_everything() -> None:
    assert binomial_tail(10, 0, 0.2) == 1.0
    assert binomial_tail(10, 11, 0.2) == 0.0
    assert binomial_tail(10, 1, 0.0) == 0.0
    assert binomial_tail(10, 10, 1.0) == 1.0


def test_far_tail_of_many_trials_is_a_small_number_and_not_zero() -> None:
    assert 0 < binomial_tail(100_000, 400, 0.001) < 1e-100


def test_true_ratio_is_hardly_above_the_upper_one() -> None:
    # with a true ratio of 1 % and 1000 calls, 10 errors are expected; the bound of 10 errors must cover 1 %
    assert upper_ratio(10, 1000) > 0.01
    assert upper_ratio(0, 1000) == pytest.approx(0.003)
    assert upper_ratio(0, 0) == 1.0
