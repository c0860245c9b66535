"""Does work depend on the load that it met? The test that tells the right model of a queue from the wrong ones."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracetune.tuning.queues.compiling import KERNEL
from tracetune.tuning.queues.observed import Floats, Ints

LEAST_CALLS = 60
"""Fewer calls on one side of a split say nothing."""

CHANCE = 0.87
"""Times sqrt(1/m + 1/n): the mean distance of two samples of one distribution (Kolmogorov's, its mean)."""

SIGNIFICANT = 1.95
"""Times the same: exceeded by chance once in a thousand."""

Split = NDArray[np.int8]
"""(call,): 0 where it met little load, 1 where it met much, -1 between."""


def by_quantiles(load: Ints, operation: Ints) -> Split:
    """Calls of each operation that met the lowest 40 % and the highest 20 % of load."""
    split = np.full(len(load), -1, np.int8)
    for rows in _groups(operation):
        low, high = np.quantile(load[rows], (0.4, 0.8))
        is_high = load[rows] > max(high - 1e-9, low)
        if is_high.sum() < LEAST_CALLS:
            is_high = load[rows] >= max(high, low + 1)
        split[rows] = np.where(load[rows] <= low, 0, np.where(is_high, 1, -1))
    return split


def by_threshold(load: Ints, threshold: float) -> Split:
    """Calls that met fewer than ``threshold``, and all others."""
    result: Split = (load >= threshold).astype(np.int8)
    return result


def _groups(operation: Ints) -> list[Ints]:
    order = np.argsort(operation, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(operation[order])) + 1) if len(order) else []


def distances(work: Floats, operation: Ints, splits: list[Split], allowance: float) -> list[float]:
    """For each split how far the work of calls that met much load is from that of those that met little.

    The Kolmogorov-Smirnov distance within each operation, less what chance gives (``allowance`` times
    sqrt(1/m + 1/n), not below 0), averaged by calls; NaN where no operation has enough calls on both sides.
    """
    order = np.lexsort((work, operation))
    stacked = np.ascontiguousarray(np.stack(splits)[:, order])
    bounds = np.append(np.flatnonzero(np.diff(operation[order], prepend=operation[order][0] - 1)), len(order))
    distance, low, high = _scan(work[order], bounds, stacked)  # (split, operation) each
    result = []
    for row in range(len(splits)):
        told = (low[row] >= LEAST_CALLS) & (high[row] >= LEAST_CALLS)
        if not told.any():
            result.append(math.nan)
            continue
        chance = allowance * np.sqrt(1 / low[row][told] + 1 / high[row][told])
        weight = np.diff(bounds)[told]
        result.append(float((np.maximum(distance[row][told] - chance, 0) * weight).sum() / weight.sum()))
    return result


@njit(**KERNEL)
def _scan(work: Floats, bounds: Ints, splits: NDArray[np.int8]) -> tuple[Floats, Ints, Ints]:
    """One walk along the sorted work of each operation; distances are taken where the work changes."""
    operations = len(bounds) - 1
    distance = np.zeros((len(splits), operations))
    low = np.zeros((len(splits), operations), np.int64)
    high = np.zeros((len(splits), operations), np.int64)
    for split in range(len(splits)):
        for operation in range(operations):
            first, last = bounds[operation], bounds[operation + 1]
            lows, highs = 0, 0
            for row in range(first, last):
                lows += splits[split, row] == 0
                highs += splits[split, row] == 1
            low[split, operation], high[split, operation] = lows, highs
            if lows == 0 or highs == 0:
                continue
            seen_low, seen_high, most = 0, 0, 0.0
            for row in range(first, last):
                seen_low += splits[split, row] == 0
                seen_high += splits[split, row] == 1
                if row + 1 == last or work[row + 1] > work[row]:
                    most = max(most, abs(seen_low / lows - seen_high / highs))
            distance[split, operation] = most
    return distance, low, high
