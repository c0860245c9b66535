"""Chance as services meet it: levels that wander, and quantiles of as many lognormal durations as a minute had calls."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

Array = NDArray[np.float64]

_GRID = np.linspace(-6.5, 6.5, 26_001)
_BELOW = np.array([0.5 * math.erfc(-at / math.sqrt(2.0)) for at in _GRID])


def wander(
    rng: np.random.Generator, rows: int, minutes: int, memory: float, spread: Float[Array, " row"] | float
) -> Float[Array, "row minute"]:
    """First-order autoregressive noise of mean 0 and these standard deviations."""
    wide = np.broadcast_to(np.asarray(spread, np.float64), (rows,))
    steps = rng.standard_normal((minutes, rows)) * (wide * math.sqrt(1.0 - memory**2))
    steps[0] = rng.standard_normal(rows) * wide
    for minute in range(1, minutes):
        steps[minute] += memory * steps[minute - 1]
    return np.ascontiguousarray(steps.T)


def order_chances(
    rng: np.random.Generator, counts: Float[Array, " minute"], levels: tuple[float, ...]
) -> Float[Array, "level minute"]:
    """Where on the distribution the sample quantiles of so many durations lie: one uniform order statistic a level.

    The k-th smallest of n uniforms is Beta(k, n + 1 - k), and the j-th given the k-th is a Beta(j - k, n + 1 - j) share of
    what is left above it; so few calls scatter as few calls do. A count of 0 is taken as 1.

    Source: David, Nagaraja, Order Statistics (2003), sections 2.1 and 2.5.
    """
    total = np.maximum(counts, 1.0)
    chances = np.empty((len(levels), len(counts)))
    rank, chance = np.zeros(len(counts)), np.zeros(len(counts))
    for at, level in enumerate(levels):
        higher = np.maximum(rank, np.ceil(level * total))
        step = higher - rank
        share = np.where(step > 0, rng.beta(np.maximum(step, 1e-3), total + 1.0 - higher), 0.0)
        chance = chance + (1.0 - chance) * share
        rank = higher
        chances[at] = chance
    return chances


def lognormal_quantiles(
    chances: Float[Array, "level minute"], mean: Float[Array, " minute"], variance: Float[Array, " minute"]
) -> Float[Array, "level minute"]:
    """The durations at these places of a lognormal distribution with this mean and variance."""
    square = np.log1p(variance / np.square(mean))
    deviation = np.interp(chances, _BELOW, _GRID)
    quantiles: Array = np.exp(np.log(mean) - 0.5 * square + np.sqrt(square) * deviation)
    return quantiles
