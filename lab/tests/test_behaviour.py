"""Added latency has the mean, the tail and the growth that its magnitude promises."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tracetune_lab.behaviour import AddedLatency


def test_constant_latency_is_the_same_each_time() -> None:
    assert AddedLatency("constant", 0.1).draw(random.Random(1), 0) == 0.1


def test_heavy_tail_has_the_stated_mean_a_small_median_and_an_end() -> None:
    rng = random.Random(2)

    draws = np.array([AddedLatency("heavy_tailed", 0.1).draw(rng, 0) for _ in range(40_000)])

    assert draws.mean() == pytest.approx(0.1, rel=0.15)
    assert np.median(draws) < 0.06
    assert draws.max() <= 4


def test_leak_grows_from_nothing_to_its_magnitude_and_stays() -> None:
    leak = AddedLatency("leak", 0.2, since_unix_seconds=1000, ramp_seconds=100)

    added = [leak.draw(random.Random(3), at) for at in (990, 1000, 1050, 1100, 1200)]

    assert added == pytest.approx([0, 0, 0.1, 0.2, 0.2])
