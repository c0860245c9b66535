from __future__ import annotations

import numpy as np
import pytest

from tracetune.forecasting.feedback import NEW_LEVEL_MINUTES, admit, track_spread


def test_small_surprises_count_in_full_and_large_ones_hardly() -> None:
    values = np.array([1.5, 3.0, 30.0, np.nan])

    admitted, _ = admit(values, np.zeros(4), np.ones(4), np.zeros(4))

    assert admitted[:3].tolist() == [1.5, 2.0, 0.5]
    assert np.isnan(admitted[3])


def test_everything_counts_where_nothing_was_expected() -> None:
    admitted, _ = admit(np.array([7.0]), np.array([np.nan]), np.array([np.nan]), np.zeros(1))

    assert admitted.tolist() == [7.0]


def test_a_level_that_stays_becomes_normal() -> None:
    far, admitted = np.zeros(1), []

    for _ in range(NEW_LEVEL_MINUTES + 1):
        value, far = admit(np.array([10.0]), np.zeros(1), np.ones(1), far)
        admitted.append(float(value[0]))

    assert set(admitted[:NEW_LEVEL_MINUTES]) == {0.5}
    assert admitted[-1] == 10.0


def test_tracked_spread_approaches_the_standard_deviation_of_normal_surprises() -> None:
    sigma, floor = np.full(500, 1.0), np.zeros(500)
    rng = np.random.default_rng(1)

    for _ in range(400):
        sigma = track_spread(sigma, rng.normal(0.0, 3.0, 500), floor)

    assert sigma.mean() == pytest.approx(3.0, rel=0.03)


def test_an_unobserved_minute_leaves_the_spread() -> None:
    assert track_spread(np.array([2.0]), np.array([np.nan]), np.zeros(1)).tolist() == [2.0]
