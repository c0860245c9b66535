"""The critical path: which spans a trace's duration is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from tracetune.traces.grouping import KERNEL, Int32s, Int64s
from tracetune.traces.tree import Children

_MOST_OVERLAP = 20
"""Overlaps up to a twentieth: CRISP's test cases take 5 % for calls one after the other, and 20 % for calls at one time."""


@dataclass(frozen=True, slots=True)
class CriticalPaths:
    """The spans on the critical paths of all trees, tree by tree, each tree's root first. All arrays are (on path,).

    Attributes:
        span: the row of the span.
        root: the row of the root whose path it is on.
        own_nano: what the span itself adds; over one root these sum to the root's duration exactly.
    """

    span: Int64s
    root: Int64s
    own_nano: Int64s


def critical_paths(start: Int64s, end: Int64s, parent: Int32s, children: Children) -> CriticalPaths:
    """The critical path of each tree.

    Backward from a span's end: the child that ends last is on the path, then of those that end before it started the
    one that ends last, and so on; the time between them is the span's own. Children are cut to their parent's interval,
    so a child that goes on after its parent (asynchronous work) counts only while the parent waits. A child that overlaps
    the next one by at most a twentieth of itself came before it (clocks jitter), and is cut where the next one starts.
    Children of no length add nothing and are left out.

    Source: Zhang et al., "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures", USENIX ATC 2022, §3.
    """
    span, root, own, found = _critical_paths(start, end, parent, children.offsets, children.rows)
    return CriticalPaths(span[:found], root[:found], own[:found])


@njit(**KERNEL)
def _critical_paths(
    start: Int64s, end: Int64s, parent: Int32s, offsets: Int32s, rows: Int32s
) -> tuple[Int64s, Int64s, Int64s, int]:
    count = len(start)
    span = np.empty(count, np.int64)  # a queue: what is found is looked into later, so depth needs no recursion
    root = np.empty(count, np.int64)
    low = np.empty(count, np.int64)
    high = np.empty(count, np.int64)
    own = np.empty(count, np.int64)
    done = found = 0
    for row in range(count):
        if parent[row] >= 0:
            continue
        span[found], root[found], low[found], high[found] = row, row, start[row], end[row]
        found += 1
        while done < found:
            cursor = high[done]
            own[done] = cursor - low[done]
            for at in range(offsets[span[done]], offsets[span[done] + 1]):
                child = rows[at]
                from_, to = max(start[child], low[done]), min(end[child], high[done])
                if from_ < to and _MOST_OVERLAP * (to - cursor) <= to - from_:
                    to = min(to, cursor)
                    span[found], root[found], low[found], high[found] = child, row, from_, to
                    found += 1
                    own[done] -= to - from_
                    cursor = from_
            done += 1
    return span, root, own, found
