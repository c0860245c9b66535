"""Which minutes belong together: the period that is looked at, when some spans lie far away from the rest."""

from __future__ import annotations

import numpy as np

from tracetune.domain.minutes import MinuteBatch, column

MOST_MISSING_MINUTES = 1440
"""A longer silence parts two periods. One stray clock must not stretch a day of traces to decades of empty minutes."""

MOST_MINUTES = 14 * 1440
"""What is learned from at most: two weeks hold each weekday twice, and the grid of 10,000 operations stays within 2 GB."""


def main_period(minutes: MinuteBatch) -> range:
    """The minutes from first to last of the busiest stretch without a long silence; its last two weeks if it is longer."""
    minute = column(minutes.operations, "minute").astype(np.int64)
    if not len(minute):
        return range(0)
    calls = column(minutes.operations, "calls")
    seen, place = np.unique(minute, return_inverse=True)
    stretch = np.concatenate(([0], np.cumsum(np.diff(seen) > MOST_MISSING_MINUTES)))  # (minute,)
    busiest = np.bincount(stretch[place], weights=calls).argmax()
    chosen = seen[stretch == busiest]
    first, last = int(chosen[0]), int(chosen[-1]) + 1
    return range(max(first, last - MOST_MINUTES), last)


def left_out(minutes: MinuteBatch, period: range) -> int:
    """How many minutes with spans lie outside the period."""
    seen = np.unique(column(minutes.operations, "minute"))
    return int(((seen < period.start) | (seen >= period.stop)).sum())
