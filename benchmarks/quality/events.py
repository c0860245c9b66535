"""Judges scores by events: found or not, false alarms a series-day, F1; an alert counts where it starts.

An alert is a stretch at or above the threshold; stretches less than ten minutes apart are one. An event is found only if
an alert starts inside it: one that was on before says nothing about it. Point-adjusted F1 is not used: a random score
reaches .48 by it on these histories (Kim et al., Towards a Rigorous Evaluation of Time-Series Anomaly Detection, 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

GAP_MINUTES = 10
MINUTES_PER_DAY = 1440
_THRESHOLDS = 60


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of (series, minute).

    Attributes:
        event: 1 + number of the event to be found there, 0 where there is none; one event on two series counts twice.
        normal: where an alert that starts is false; minutes that are neither (after an event, after a deploy) are false
            in both.
    """

    event: NDArray[np.int64]
    normal: Mask

    @property
    def days(self) -> float:
        """Series-days that are normal."""
        return float(self.normal.sum()) / MINUTES_PER_DAY

    def segments(self) -> list[tuple[int, int, int]]:
        """(series, first minute, one past the last) of every event on every series."""
        found = []
        for row, events in enumerate(self.event):
            for number in np.unique(events[events > 0]):
                at = np.flatnonzero(events == number)
                found.append((row, int(at[0]), int(at[-1]) + 1))
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a threshold finds."""

    threshold: float
    false_a_day: float
    found: Mask  # (event,), in the order of ``segments``
    delay_minutes: float

    @property
    def recall(self) -> float:
        """Share of events found."""
        return float(self.found.mean()) if len(self.found) else float("nan")


def starts(scores: Array, threshold: float) -> Mask:
    """Where alerts start."""
    active = np.nan_to_num(scores, nan=-np.inf) >= threshold
    total = np.cumsum(np.pad(active, ((0, 0), (GAP_MINUTES + 1, 0))).astype(np.int32), axis=1)
    before = total[:, GAP_MINUTES:-1] - total[:, : -GAP_MINUTES - 1]
    begin: Mask = active & (before == 0)
    return begin


def outcome(scores: Array, truth: Truth, threshold: float) -> Outcome:
    """Events found and false alarms at this threshold."""
    begin = starts(scores, threshold)
    first = [_first(begin[row, start:stop]) for row, start, stop in truth.segments()]
    delays = [each for each in first if each is not None]
    return Outcome(
        threshold,
        float((begin & truth.normal).sum()) / max(truth.days, 1e-9),
        np.array([each is not None for each in first]),
        float(np.median(delays)) if delays else float("nan"),
    )


def at_false_alarms(scores: Array, truth: Truth, false_a_day: float) -> Outcome:
    """The outcome of the lowest threshold with no more false alarms a series-day than this: an oracle, equal for all."""
    levels = _levels(scores, truth)
    low, high = 0, len(levels) - 1  # from the lowest level upwards
    while low < high:
        middle = (low + high) // 2
        false = float((starts(scores, levels[middle]) & truth.normal).sum()) / max(truth.days, 1e-9)
        if false <= false_a_day:
            high = middle
        else:
            low = middle + 1
    return outcome(scores, truth, levels[high])


def best_f1(scores: Array, truth: Truth) -> float:
    """The largest event F1 over thresholds."""
    levels = _levels(scores, truth)
    chosen = levels[np.unique(np.linspace(0, len(levels) - 1, _THRESHOLDS).astype(int))]
    return max(f1(outcome(scores, truth, level), truth) for level in chosen)


def f1(reached: Outcome, truth: Truth) -> float:
    """Harmonic mean of recall and of the share of alerts that are true."""
    hits = float(reached.found.sum())
    precision = hits / max(hits + reached.false_a_day * truth.days, 1e-9)
    return 2.0 * precision * reached.recall / max(precision + reached.recall, 1e-9)


def _first(begin: Mask) -> int | None:
    at = np.flatnonzero(begin)
    return int(at[0]) if len(at) else None


def _levels(scores: Array, truth: Truth) -> Array:
    """Candidate thresholds: the highest normal scores, thinned, ascending, and one above them all."""
    normal = np.sort(scores[truth.normal & np.isfinite(scores)])
    count = min(len(normal), int(150 * truth.days) + 50)
    top = normal[len(normal) - count :]
    ranks = np.unique(len(top) - np.geomspace(1, len(top), 400).astype(int))
    return np.append(top[ranks], top[-1] + 1e-6)
