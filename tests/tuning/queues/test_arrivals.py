"""Loads of samples, and arrivals like theirs."""

from __future__ import annotations

import numpy as np
import pytest

from tracetune.tuning.queues.arrivals import Load, arrivals, load_of


def _begun(rates: list[float], seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    minutes = [number * 60 + np.sort(rng.random(rng.poisson(rate * 60)) * 60) for number, rate in enumerate(rates)]
    times = np.concatenate(minutes)
    return times, (times // 60).astype(np.int64)


def test_a_steady_load_is_the_mean_of_its_minutes_and_not_its_luckiest() -> None:
    load = load_of(*_begun([10.0] * 30))

    assert load.reference == pytest.approx(10.0, rel=0.03)
    assert load.minutes.max() > 10.5
    assert load.quick + load.slow < 0.02


def test_a_load_that_varies_is_that_of_its_busy_minutes() -> None:
    assert load_of(*_begun([5.0] * 20 + [20.0] * 4)).reference == pytest.approx(20.0, rel=0.06)


def test_a_minute_that_was_cut_short_counts_as_long_as_it_was() -> None:
    times, minute = _begun([10.0] * 3)
    cut = times < 140

    assert load_of(times[cut], minute[cut]).reference == pytest.approx(10.0, rel=0.12)


def test_bursts_are_measured_and_made_again() -> None:
    rng = np.random.default_rng(2)
    seconds = 1200
    factor = np.repeat(rng.gamma(2, 0.5, seconds // 10), 10)
    counts = rng.poisson(10 * factor)
    times = np.sort(np.repeat(np.arange(seconds), counts) + rng.random(counts.sum()))

    load = load_of(times, (times // 60).astype(np.int64))
    again = arrivals(np.random.default_rng(3), 10.0, 12_000, load)

    assert 0.15 < load.slow < 0.6  # the median minute, so that one minute with a gap in it is no burst
    per_ten = np.bincount((again // 10).astype(int))[:-1]
    assert per_ten.var() / per_ten.mean() > 5


def test_poisson_arrivals_have_the_rate_that_is_asked_for() -> None:
    times = arrivals(np.random.default_rng(3), 50.0, 5000, Load(np.array([50.0]), 50.0, 0.0, 0.0))

    assert len(times) / times[-1] == pytest.approx(50.0, rel=0.05)
    assert (np.diff(times) >= 0).all()
