"""Tests of how the benchmark's files are scored."""

from __future__ import annotations

import numpy as np

from quality.nab import REPEATED, begins, departures, tail


def test_changing_later_readings_changes_no_score() -> None:
    rng = np.random.default_rng(0)
    values = 50.0 + rng.normal(size=1000)
    changed = np.append(values[:600], values[600:] * 7.0 - 3.0)

    before, after = (tail(departures([each]))[0] for each in (values, changed))

    assert np.array_equal(before[:600], after[:600])
    assert not np.array_equal(before[600:], after[600:])


def test_a_scale_and_a_shift_of_a_file_change_no_departure() -> None:
    values = np.random.default_rng(1).normal(size=500)

    assert np.allclose(departures([values]), departures([1e6 * values - 5e3]), atol=1e-4)


def test_rarity_of_exponential_scores_is_minus_the_logarithm_of_their_probability() -> None:
    scores = np.random.default_rng(2).exponential(size=(1, 20_000))

    rare = tail(scores)[0, 5000:]

    assert abs((rare > 6.0).mean() / np.exp(-6.0) - 1.0) < 0.5


def test_a_score_that_stays_high_begins_once() -> None:
    scores = np.zeros((1, 300))
    scores[0, 100:140] = 5.0

    assert np.flatnonzero(begins(scores)[0]).tolist() == [100]
    assert REPEATED > 40
