"""When departures become an anomaly: evidence over several minutes, from its onset to its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """So many minutes of so many must depart.

    A single minute is useless: measured, a recall of .1 where 5 of 10 finds .6 to .7 at equal false alarms, because
    harmless spikes last one or two minutes (docs/experiments/LOG.md).
    """

    needed: int
    minutes: int


LATENCY_EVIDENCE = Evidence(5, 10)
CALLS_EVIDENCE = Evidence(5, 10)
ERRORS_EVIDENCE = Evidence(2, 3)
"""Errors are counted, not estimated, and an exact bound needs less repetition."""

MERGE_MINUTES = 10
"""Two stretches closer than this are one anomaly."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One series' departure.

    Attributes:
        onset, end: positions on the grid of observed minutes, half-open.
        ongoing: whether the last observed minute is still in it.
        peak: the largest evidence in it, in the unit of the scores.
    """

    row: int
    onset: int
    end: int
    ongoing: bool
    peak: float


def gather(scores: Float[Array, "series minute"], evidence: Evidence) -> Float[Array, "series minute"]:
    """The level that at least ``needed`` of the last ``minutes`` scores reach; -inf where too few were observed."""
    known = np.where(np.isnan(scores), -np.inf, scores)
    padded = np.pad(known, ((0, 0), (evidence.minutes - 1, 0)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, evidence.minutes, axis=1)
    reached = np.empty_like(known)
    for row in range(len(known)):  # one row at a time: all windows together would take ten times the memory
        position = evidence.minutes - evidence.needed
        reached[row] = np.partition(windows[row], position, axis=1)[:, position]
    return reached


def episodes(
    scores: Float[Array, "series minute"], gathered: Float[Array, "series minute"], threshold: float, evidence: Evidence
) -> list[Episode]:
    """Every stretch in which the gathered evidence reaches the threshold.

    It begins at the first minute that counts as evidence, which lies up to ``minutes`` before the evidence suffices, and
    ends after the last one.
    """
    found: list[Episode] = []
    for row in np.flatnonzero((gathered >= threshold).any(axis=1)):
        active = gathered[row] >= threshold
        hit = np.nan_to_num(scores[row], nan=-np.inf) >= threshold
        for first, last in _stretches(active):
            start = max(first - evidence.minutes + 1, 0)
            hits = start + np.flatnonzero(hit[start:last])
            peak = float(gathered[row, first:last].max())
            found.append(Episode(int(row), int(hits[0]), int(hits[-1]) + 1, last == len(active), peak))
    return found


def _stretches(active: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(np.int8)))
    merged: list[tuple[int, int]] = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if merged and first - merged[-1][1] <= MERGE_MINUTES:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return merged
