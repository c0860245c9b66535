"""When departures become an anomaly: evidence over several minutes, from its onset to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """So many minutes of so many must depart, by a threshold between these bounds.

    A single minute is useless: measured, a recall of .1 where 5 of 10 finds .6 to .7 at equal false alarms, because
    harmless spikes last one or two minutes (docs/experiments/LOG.md).

    Attributes:
        least: a lower threshold would alarm by chance alone, however calm the minutes it was fitted on.
        most: a higher one was fitted on minutes full of incidents.
    """

    needed: int
    minutes: int
    least: float
    most: float


QUICK = Evidence(5, 10, least=3.0, most=4.0)
"""Large departures, known after five minutes."""

PATIENT = Evidence(15, 20, least=2.0, most=2.5)
"""Small ones that do not go away: leaks. It finds 7 of 8 where QUICK finds 3, at no more false incidents."""

ERRORS = Evidence(2, 3, least=4.0, most=4.0)
"""Errors are counted, not estimated, and an exact bound needs less repetition; the threshold is in decimal places."""

MERGE_MINUTES = 10
"""Two stretches closer than this are one anomaly."""

_ALONE_MINUTES = 2


@dataclass(frozen=True, slots=True)
class Episode:
    """One series' departure.

    Attributes:
        onset, end: positions on the grid of observed minutes, half-open.
        ongoing: whether the last observed minute is still in it.
        score: the largest evidence in it over the threshold.
    """

    row: int
    onset: int
    end: int
    ongoing: bool
    score: float


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
            hits = _without_strays(start + np.flatnonzero(hit[start:last]))
            score = float(gathered[row, first:last].max()) / threshold
            found.append(Episode(int(row), int(hits[0]), int(hits[-1]) + 1, last == len(active), score))
    return found


def _without_strays(hits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Without minutes that stand alone: by chance, some stand shortly before and after every episode."""
    apart = np.concatenate([[np.inf], np.diff(hits), [np.inf]])
    accompanied = hits[np.minimum(apart[1:], apart[:-1]) <= _ALONE_MINUTES]
    return accompanied if len(accompanied) else hits


def united(found: Sequence[Episode]) -> list[Episode]:
    """Episodes that several rules found, each stretch of a series once: from its first onset to its last end."""
    merged: list[Episode] = []
    for each in sorted(found, key=lambda episode: (episode.row, episode.onset)):
        before = merged[-1] if merged else None
        if before is None or before.row != each.row or each.onset > before.end + MERGE_MINUTES:
            merged.append(each)
        else:
            end, score = max(before.end, each.end), max(before.score, each.score)
            merged[-1] = Episode(each.row, before.onset, end, before.ongoing or each.ongoing, score)
    return merged


def _stretches(active: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(np.int8)))
    merged: list[tuple[int, int]] = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if merged and first - merged[-1][1] <= MERGE_MINUTES:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return merged
