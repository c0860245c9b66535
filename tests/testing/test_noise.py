from __future__ import annotations

import numpy as np
import pytest

from tracetune.testing.noise import lognormal_quantiles, order_chances, wander


def test_wandering_has_the_spread_and_the_memory_asked_for() -> None:
    noise = wander(np.random.default_rng(0), 3, 40_000, 0.9, np.array([0.1, 0.2, 0.4]))

    assert noise.std(axis=1) == pytest.approx([0.1, 0.2, 0.4], rel=0.1)
    assert np.corrcoef(noise[0, 1:], noise[0, :-1])[0, 1] == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("count", [1, 7, 300])
def test_sample_quantiles_scatter_as_those_of_real_samples(count: int) -> None:
    rng = np.random.default_rng(1)
    drawn = np.sort(rng.random((20_000, count)), axis=1)
    ranks = [int(np.ceil(level * count)) - 1 for level in (0.5, 0.95)]

    chances = order_chances(rng, np.full(20_000, float(count)), (0.5, 0.95))

    assert chances.mean(axis=1) == pytest.approx(drawn[:, ranks].mean(axis=0), abs=0.01)
    assert chances.std(axis=1) == pytest.approx(drawn[:, ranks].std(axis=0), rel=0.05)
    assert (chances[1] >= chances[0]).all()


def test_lognormal_quantiles_have_the_mean_and_variance_asked_for() -> None:
    chances = np.random.default_rng(2).random((1, 200_000))

    drawn = lognormal_quantiles(chances, np.full(200_000, 0.2), np.full(200_000, 0.01))

    assert drawn.mean() == pytest.approx(0.2, rel=0.01)
    assert drawn.var() == pytest.approx(0.01, rel=0.05)
