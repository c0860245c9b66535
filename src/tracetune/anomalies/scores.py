"""How far a minute departed from its forecast, in standard deviations, and when its few calls forbid a score."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import LOWER, MIDDLE, QUANTILES, UPPER
from tracetune.domain.series import Metric

Array = NDArray[np.float64]

LEAST_CALLS = 3
"""A minute with fewer calls has no latency score: its median is one call, and its p95 too."""

WINDOW_MINUTES, LEAST_WINDOW_CALLS = 10, 30
"""Nor has one that ends so many minutes with fewer calls than this: a quiet operation needs more minutes than are looked at."""

_BAND_SIGMAS = NormalDist().inv_cdf(QUANTILES[UPPER])
_LEAST_SECONDS = 1e-6


def departure(
    metric: Metric, values: Float[Array, "series minute"], quantiles: Float[Array, "series minute quantile"]
) -> Float[Array, "series minute"]:
    """Signed distance from the median, 2.33 at either bound of the 98 % band; NaN where not observed or not expected.

    Measured on the logarithm of latency, because slowness multiplies, and on the root of calls, because counts scatter
    by their root. Each side has the band's own width there, so that a long upper tail is no surprise.
    """
    seen = _scaled(metric, values)
    lower, middle, upper = (_scaled(metric, quantiles[:, :, at]) for at in (LOWER, MIDDLE, UPPER))
    with np.errstate(divide="ignore", invalid="ignore"):
        width = np.where(seen >= middle, upper - middle, middle - lower)
        return np.where(width > 0, _BAND_SIGMAS * (seen - middle) / width, np.nan)


def with_enough_calls(
    scores: Float[Array, "series minute"], calls: Float[Array, "series minute"]
) -> Float[Array, "series minute"]:
    """The scores, NaN in minutes of fewer than LEAST_CALLS, or after too few in WINDOW_MINUTES."""
    known = np.nan_to_num(calls)
    total = np.cumsum(np.pad(known, ((0, 0), (WINDOW_MINUTES, 0))), axis=1)
    lately = total[:, WINDOW_MINUTES:] - total[:, :-WINDOW_MINUTES]
    return np.where((known >= LEAST_CALLS) & (lately >= LEAST_WINDOW_CALLS), scores, np.nan)


def binomial_tail(
    errors: Float[Array, " minute"], calls: Float[Array, " minute"], ratio: Float[Array, " minute"]
) -> Float[Array, " minute"]:
    """The chance of at least so many errors in so many calls at this error ratio: exact, summed term by term.

    Source: the upper tail of Clopper, Pearson, The use of confidence or fiducial limits (1934), without inverting it.
    """
    total = np.ones(errors.shape)
    # At or below the expectation nothing is surprising, and the terms would first grow.
    surprising = np.flatnonzero(errors > calls * ratio)
    if not len(surprising):
        return total
    count, trials, chance = errors[surprising], calls[surprising], ratio[surprising]
    factorial = _log_factorials(int(trials.max()))
    at, out_of = count.astype(np.int64), trials.astype(np.int64)
    choose = factorial[out_of] - factorial[at] - factorial[out_of - at]
    term = np.exp(choose + count * np.log(chance) + (trials - count) * np.log1p(-chance))
    tail = term.copy()
    while (term > 1e-15 * tail).any():
        term = term * (trials - count) / (count + 1.0) * chance / (1.0 - chance)
        count = count + 1.0
        tail = tail + term
    total[surprising] = np.minimum(tail, 1.0)
    return total


def most_errors_by_chance(calls: int, ratio: float, chance: float = 0.01) -> int:
    """The number of errors that is exceeded with no more than this chance: the upper bound shown beside what was seen."""
    counts = np.arange(math.floor(calls * ratio) + 1.0, calls + 1.0)
    tails = binomial_tail(counts, np.full(len(counts), float(calls)), np.full(len(counts), ratio))
    beyond = np.flatnonzero(tails <= chance)
    return int(counts[beyond[0]]) - 1 if len(beyond) else calls


def _scaled(metric: Metric, values: Array) -> Array:
    if metric is Metric.CALLS:
        return np.sqrt(np.maximum(values, 0.0))
    scaled: Array = np.log(np.maximum(values, _LEAST_SECONDS))
    return scaled


def _log_factorials(largest: int) -> Float[Array, " number"]:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, largest + 1.0)))])
