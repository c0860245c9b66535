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
        needed: minutes; 0 where it is the sum of all ``minutes`` that counts.
        least: a lower threshold would alarm by chance alone, however calm the minutes it was fitted on.
        most: a higher one was fitted on minutes full of incidents.
        shape: of the tail of what calm minutes gather, as measured on generated histories: the more minutes must agree,
            the shorter it is.
    """

    needed: int
    minutes: int
    least: float
    most: float
    shape: float


URGENT = Evidence(2, 3, least=4.0, most=16.0, shape=0.35)
"""Very large departures, known after two minutes; spikes that are harmless last as long, so the threshold is high."""

QUICK = Evidence(5, 10, least=3.0, most=8.0, shape=0.2)
"""Large departures, known after five minutes."""

LASTING = Evidence(0, 20, least=8.0, most=20.0, shape=0.25)
"""Small ones that do not go away, as leaks, and those of quiet operations, of which each minute says little."""

CALLS = Evidence(5, 10, least=3.0, most=4.0, shape=0.1)
"""Calls: they are counted, so their noise is known, and a surge can warn but not page; hence a closer upper bound."""

ERRORS = Evidence(2, 3, least=4.0, most=4.0, shape=0.0)
"""Errors are counted, not estimated, and an exact bound needs less repetition; the threshold is in decimal places."""

MERGE_MINUTES = 10
"""Two stretches closer than this are one anomaly."""

_ALONE_MINUTES = 2
_LEAST_SEEN = 5  # minutes of LASTING
_FAR_BELOW, _FAR_ABOVE = -3.0, 5.0  # one minute counts no further in a sum: it would be the whole of it
_LASTING_HIT = 1.75  # a minute belongs to a lasting departure from here on


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
    reached = np.empty_like(known)
    for first in range(0, len(known), _ROWS_AT_ONCE):
        rows = slice(first, first + _ROWS_AT_ONCE)
        reached[rows] = _largest(padded[rows], evidence.needed, evidence.minutes)
    return reached


_ROWS_AT_ONCE = 64
"""A day of so many rows stays in the processor's cache while it is gone over."""


def _largest(padded: Float[Array, "series padded"], needed: int, minutes: int) -> Float[Array, "series minute"]:
    """Of each ``minutes`` that follow each other the one that ``needed`` of them reach: they are put in order as they come."""
    length = padded.shape[1] - minutes + 1
    order = [np.full((len(padded), length), -np.inf) for _ in range(needed)]  # the largest first
    spare = np.empty((len(padded), length))
    for shift in range(minutes):
        smaller = padded[:, shift : shift + length].copy()
        for held in order[: shift + 1]:
            np.minimum(held, smaller, out=spare)
            np.maximum(held, smaller, out=held)
            smaller, spare = spare, smaller
    return order[-1]


def gather_lasting(
    scores: Float[Array, "series minute"], calls: Float[Array, "series minute"]
) -> Float[Array, "series minute"]:
    """The sum of the last minutes' scores, weighted by the root of their calls, on the scale of one; -inf where too few.

    A score of n calls that departed by the same amount grows with the root of n, and so does its weight: the best way to
    add evidence of unequal strength.

    Source: Stouffer's method with the weights of Lipták, On the combination of independent tests (1958).
    """
    weight = np.where(np.isfinite(scores), np.sqrt(np.nan_to_num(calls)), 0.0)
    parts = weight * np.clip(np.nan_to_num(scores), _FAR_BELOW, _FAR_ABOVE)
    total, square, seen = (_lately(part) for part in (parts, np.square(weight), (weight > 0).astype(np.float64)))
    return np.where(seen >= _LEAST_SEEN, total / np.sqrt(np.maximum(square, 1.0)), -np.inf)


def _lately(values: Float[Array, "series minute"]) -> Float[Array, "series minute"]:
    """Sums over the last minutes of LASTING."""
    total = np.cumsum(np.pad(values, ((0, 0), (LASTING.minutes, 0))), axis=1)
    lately: Array = total[:, LASTING.minutes :] - total[:, : -LASTING.minutes]
    return lately


def episodes(
    scores: Float[Array, "series minute"],
    gathered: Float[Array, "series minute"],
    thresholds: Float[Array, " series"],
    evidence: Evidence,
) -> list[Episode]:
    """Every stretch in which the gathered evidence reaches the threshold of its series.

    It begins at the first minute that counts as evidence, which lies up to ``minutes`` before the evidence suffices, and
    ends after the last one.
    """
    found: list[Episode] = []
    for row in np.flatnonzero((gathered >= thresholds[:, None]).any(axis=1)):
        threshold = float(thresholds[row])
        active = gathered[row] >= threshold
        hit = np.nan_to_num(scores[row], nan=-np.inf) >= (threshold if evidence.needed else _LASTING_HIT)
        for first, last in _stretches(active):
            start = max(first - evidence.minutes + 1, 0)
            hits = start + np.flatnonzero(hit[start:last])
            hits = _without_strays(hits) if len(hits) else np.array([first, last - 1])
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
