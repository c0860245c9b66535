"""Self time: what a span spends in itself, while none of its children runs."""

from __future__ import annotations

from numba import njit

from tracetune.traces.grouping import KERNEL, Int32s, Int64s
from tracetune.traces.tree import Children


def self_times(start: Int64s, end: Int64s, children: Children) -> Int64s:
    """Each span's duration minus the union of its children's intervals, clipped to its own; nanoseconds, (span,)."""
    result: Int64s = _self_times(start, end, children.offsets, children.rows)
    return result


@njit(**KERNEL)
def _self_times(start: Int64s, end: Int64s, offsets: Int32s, rows: Int32s) -> Int64s:
    own = end - start
    for span in range(len(own)):
        # From the last end to the first, whatever is new in a child lies left of all that was covered before it.
        covered_from = end[span]
        for at in range(offsets[span], offsets[span + 1]):
            child = rows[at]
            low = max(start[child], start[span])
            high = min(end[child], covered_from)
            if low < high:
                own[span] -= high - low
                covered_from = low
    return own
