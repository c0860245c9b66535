"""Clock skew between hosts: found where children lie outside their parents by one constant offset, and corrected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracetune.domain.spans import SpanKind
from tracetune.traces.columns import TraceColumns
from tracetune.traces.grouping import KERNEL, Int32s, Int64s, counts, group_rows
from tracetune.traces.tree import Parents

TOLERANCE_NANO = 1_000
"""One microsecond, the resolution of Jaeger's and Zipkin's times: rounding alone moves an end by so much."""

LEAST_FITTING_RATIO = 0.9
"""An offset is believed if so many calls of a pair of hosts fit into their callers with it; the rest may be odd calls."""

LEAST_GAIN_RATIO = 0.1
"""And if so many more fit than without it."""

LEAST_LATE_CALLS = 3
"""A child that ends late may simply be asynchronous; only so many calls, nearly all late, speak for a clock."""


@dataclass(frozen=True, slots=True)
class _Edges:
    """Calls between hosts: what both clocks say, (edge,)."""

    child: Int64s
    pair: Int32s
    is_sample: NDArray[np.bool_]  # the child took no longer than its parent; only then the next two mean anything
    sign: Int64s  # 1 if the child's host is the pair's second, -1 if it is the first (the way back)
    offset: Int64s  # of the second host's clock from the first's, if both ways of the call took equally long
    slack: Int64s  # how far the offset may be from that with the child still inside its parent
    is_early: NDArray[np.bool_]
    is_late: NDArray[np.bool_]  # only where a CLIENT waits for a SERVER: others may outlast their parents


def clock_shifts(columns: TraceColumns, parents: Parents) -> Int64s:
    """What to add to each span's times so that its clock agrees with its root's, nanoseconds, (span,); mostly 0.

    For each pair of hosts whose calls lie outside their callers, the offset is the median over the calls of
    ``((child start - parent start) + (child end - parent end)) / 2``, as a call's two ways take about equally long.
    Calls that take longer than their callers say nothing, and consumers are not awaited. The offset is used if nearly all
    calls then fit into their callers and clearly more than without it; else the times are left as they are. A host is
    an instance, or a service whose spans name none.

    Source: RFC 5905 (NTP version 4), section 8, clock offset of an exchange; Jaeger's clock skew adjuster has the same aim.
    """
    edges = _edges_between_hosts(columns, parents)
    if edges is None:
        return np.zeros(len(columns), np.int64)
    offset_of_pair = _believed_offsets(edges)
    shift = np.zeros(len(columns), np.int64)
    shift[edges.child] = -edges.sign * offset_of_pair[edges.pair]
    return _sum_to_root(shift, parents.parent) if shift.any() else shift


def hosts(columns: TraceColumns) -> tuple[Int32s, list[str]]:
    """Whose clock each span was timed by, as codes (span,) into names: its instance, else its service."""
    known = len(columns.labels.instance)
    codes = np.where(columns.instance >= 0, columns.instance, columns.service + known).astype(np.int32)
    return codes, [*columns.labels.instance, *columns.labels.service]


def _edges_between_hosts(columns: TraceColumns, parents: Parents) -> _Edges | None:
    """All calls between such hosts as have a call outside its caller; None if there are none."""
    host, _ = hosts(columns)
    if not _is_any_outside(columns.start, columns.end, host, parents.parent):
        return None
    child = np.flatnonzero(parents.parent >= 0)
    above = parents.parent[child]
    is_between = (host[child] != host[above]) & (columns.kind[child] != SpanKind.CONSUMER)
    child, above = child[is_between], above[is_between]
    start_difference = columns.start[child] - columns.start[above]
    end_difference = columns.end[child] - columns.end[above]
    is_sample = end_difference <= start_difference  # the child took no longer than its parent
    waits = (columns.kind[above] == SpanKind.CLIENT) & (columns.kind[child] == SpanKind.SERVER)
    is_early = is_sample & (start_difference < -TOLERANCE_NANO)
    is_late = is_sample & (end_difference > TOLERANCE_NANO) & waits
    if not (is_early | is_late).any():
        return None
    sign = np.where(host[above] < host[child], 1, -1)
    first, pair = group_rows(np.minimum(host[above], host[child]), np.maximum(host[above], host[child]))
    is_suspect = counts(pair[is_early | is_late], len(first)) > 0
    used = is_suspect[pair]
    return _Edges(
        child=child[used],
        pair=pair[used],
        is_sample=is_sample[used],
        sign=sign[used],
        offset=(sign * (start_difference + end_difference) // 2)[used],
        slack=((start_difference - end_difference) // 2)[used] + TOLERANCE_NANO,
        is_early=is_early[used],
        is_late=is_late[used],
    )


@njit(**KERNEL)
def _is_any_outside(start: Int64s, end: Int64s, host: Int32s, parent: Int32s) -> bool:
    """Whether any call between two hosts may speak for a clock; where none does, which is usual, all else is spared."""
    for row in range(len(parent)):
        above = parent[row]
        if above < 0 or host[above] == host[row]:
            continue
        before, after = start[above] - start[row], end[row] - end[above]
        if before + after <= 0 and (before > TOLERANCE_NANO or after > TOLERANCE_NANO):
            return True
    return False


def _believed_offsets(edges: _Edges) -> Int64s:
    """The offset of each pair of hosts, (pair,); 0 where none is believed."""
    pairs = int(edges.pair.max()) + 1
    pair, offset, slack = edges.pair[edges.is_sample], edges.offset[edges.is_sample], edges.slack[edges.is_sample]
    calls = np.bincount(pair, minlength=pairs)
    median = _medians(pair, offset, calls)
    with np.errstate(invalid="ignore"):  # pairs without suspicion have no calls here
        fitting = np.bincount(pair, np.abs(offset - median[pair]) <= slack, pairs) / calls
        fitting_without = np.bincount(pair, np.abs(offset) <= slack, pairs) / calls
        late = np.bincount(edges.pair, edges.is_late, pairs) / calls
    early = np.bincount(edges.pair, edges.is_early, pairs)
    is_clock = (early > 0) | ((calls >= LEAST_LATE_CALLS) & (late >= LEAST_FITTING_RATIO))
    believed = is_clock & (fitting >= LEAST_FITTING_RATIO) & (fitting - fitting_without >= LEAST_GAIN_RATIO)
    return np.where(believed, median, 0)


def _medians(pair: Int32s, offset: Int64s, calls: NDArray[np.int64]) -> Int64s:
    """The lower median of the offsets of each pair, (pair,); 0 where a pair has no calls."""
    ordered = offset[np.lexsort((offset, pair))]
    middle = np.cumsum(calls) - calls + (calls - 1) // 2
    median = np.zeros(len(calls), np.int64)
    median[calls > 0] = ordered[middle[calls > 0]]
    return median


def _sum_to_root(shift: Int64s, parent: Int32s) -> Int64s:
    """Each span's own shift plus those of all its ancestors, by doubling the distance looked over: no recursion."""
    total = shift.copy()
    above = parent.astype(np.int64)
    while (above >= 0).any():
        reached = above >= 0
        total[reached] += total[above[reached]]
        above[reached] = above[above[reached]]
    return total
