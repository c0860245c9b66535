"""The score of the Numenta Anomaly Benchmark, for all thresholds at once by cumulative sums.

Source: Lavin, Ahmad, Evaluating Real-time Anomaly Detection Algorithms (2015), section II, and the benchmark's version 1.1 with
its standard profile: a window of the truth found counts by how early, a false alarm by how far it lies behind the last window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PROBATION, PROBATION_LONGEST = 0.15, 5000
"""The share of a file in which nothing counts; of a longer file than this, so much of this."""

TRUE_WEIGHT, FALSE_WEIGHT, MISSED_WEIGHT = 1.0, 0.11, 1.0
"""The standard profile."""

PROBATIONARY, OUTSIDE = -2, -1


@dataclass(frozen=True, slots=True)
class Points:
    """What an alarm at each point of all files is worth, before any detector was asked.

    Attributes:
        worth: positive inside a window, negative outside.
        window: the number of the window over all files, OUTSIDE or PROBATIONARY.
        count: windows that can be found.
    """

    worth: Array
    window: NDArray[np.int64]
    count: int


@dataclass(frozen=True, slots=True)
class Result:
    """The best threshold over all files, and its score between 0 (no alarm) and 100 (every window at once, nothing false)."""

    threshold: float
    score: float


def probation(length: int) -> int:
    """Points at the beginning of a file that do not count."""
    return int(PROBATION * min(length, PROBATION_LONGEST))


def sigmoid(position: Array) -> Array:
    """The worth of a position: -1 at a window's begin, 0 at its end; beyond three windows after it, the worst."""
    return np.where(position > 3.0, -1.0, 2.0 / (1.0 + np.exp(np.minimum(5.0 * position, 50.0))) - 1.0)


def points(lengths: Sequence[int], windows: Sequence[Sequence[tuple[int, int]]]) -> Points:
    """The points of files of these lengths, with their windows as (first, last) positions, both inside."""
    worths, numbers, count = [], [], 0
    for length, each in zip(lengths, windows, strict=True):
        worth, number = np.full(length, -FALSE_WEIGHT), np.full(length, OUTSIDE)
        for first, last in each:
            width = last - first + 1
            inside = np.arange(first, last + 1)
            worth[inside] = TRUE_WEIGHT * sigmoid(-(last - inside + 1) / width) / sigmoid(np.array(-1.0))
            worth[last + 1 :] = FALSE_WEIGHT * sigmoid(np.arange(1, length - last) / max(width - 1, 1))
            number[inside] = count
            count += last >= probation(length)  # one that lies in the probation cannot be found
        number[: probation(length)] = PROBATIONARY
        worths.append(worth)
        numbers.append(number)
    return Points(np.concatenate(worths), np.concatenate(numbers), count)


def best(scores: Array, truth: Points) -> Result:
    """The threshold that is best for all files together: an alarm is a score at or above it."""
    thresholds, totals = sweep(scores, truth)
    at = int(np.argmax(totals))
    return Result(float(thresholds[at]), float(totals[at]))


def at(scores: Array, truth: Points, threshold: float) -> float:
    """The score with a threshold that is given."""
    thresholds, totals = sweep(scores, truth)
    return float(totals[np.flatnonzero(thresholds >= threshold)[-1]])


def sweep(scores: Array, truth: Points) -> tuple[Array, Array]:
    """Every threshold that makes a difference, from infinity downwards, and its score."""
    counted = truth.window != PROBATIONARY
    order = np.flatnonzero(counted)[np.argsort(-scores[counted], kind="stable")]
    window, gain = truth.window[order], truth.worth[order].copy()
    for number in range(truth.count):
        at = np.flatnonzero(window == number)
        reached = np.maximum.accumulate(np.append(-MISSED_WEIGHT, gain[at]))
        gain[at] = np.diff(reached)  # a window counts once, by its earliest alarm
    won = np.append(0.0, np.cumsum(gain))  # above raising no alarm at all
    thresholds = np.append(np.inf, scores[order])
    last_equal = np.append(thresholds[1:] != thresholds[:-1], True)
    everything = (TRUE_WEIGHT + MISSED_WEIGHT) * truth.count
    return thresholds[last_equal], 100.0 * won[last_equal] / everything
