"""What each replica did in each minute: the INSTANCES table, with concurrency."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from tracetune.domain.minutes import INSTANCES
from tracetune.domain.spans import StatusCode
from tracetune.traces.columns import NANOS_PER_MINUTE, TraceColumns
from tracetune.traces.grouping import KERNEL, Int32s, Int64s, counts, group_rows, rows_by_group, sums
from tracetune.traces.tables import label_column, to_table


def count_instances(columns: TraceColumns, entry: NDArray[np.bool_], self_time_nano: Int64s) -> pa.Table:
    """One row a (minute, service, version, instance), from the entry spans.

    A call counts wholly in the minute it starts in, busy time too: rows then merge by addition, and over many calls
    ``busy_nano / 60e9`` is still the mean number in flight. ``max_concurrency`` is the most calls in flight at the start
    of one of the minute's calls, among the calls given here: calls of another batch are not seen.
    """
    at = np.flatnonzero(entry)
    service, version, instance = columns.service[at], columns.version[at], columns.instance[at]
    start, end, minute = columns.start[at], columns.end[at], columns.minute[at]
    _, replica = group_rows(service, version, instance)
    first, group = group_rows(minute, replica)
    groups = len(first)
    most = np.empty(groups, np.int64)
    most[np.lexsort((minute[first], replica[first]))] = _most_in_flight(replica, start, end, groups)
    return to_table(
        INSTANCES,
        {
            "minute": minute[first],
            "service_name": label_column(service[first], columns.labels.service),
            "service_version": label_column(version[first], columns.labels.version),
            "instance": label_column(instance[first], columns.labels.instance),
            "calls": counts(group, groups),
            "errors": counts(group[columns.status[at] == StatusCode.ERROR], groups),
            "busy_nano": sums(group, groups, columns.duration_nano[at]),
            "self_time_nano": sums(group, groups, self_time_nano[at]),
            "max_concurrency": most,
        },
    )


def _most_in_flight(replica: Int32s, start: Int64s, end: Int64s, groups: int) -> Int64s:
    """The most calls in flight at a start in each (replica, minute), in this order, (group,)."""
    _, rows = rows_by_group(replica, int(replica.max(initial=-1)) + 1)
    replica, start, end = replica[rows], start[rows], end[rows]
    most: Int64s = _sweep(replica, _in_order(replica, start), _in_order(replica, end), groups)
    return most


def _in_order(replica: Int32s, time: Int64s) -> Int64s:
    """The times in ascending order within each replica, of which the rows stand together, nearly in order as a rule."""
    low = int(time.min(initial=time[0] if len(time) else 0))
    bits = (int(time.max(initial=low)) - low).bit_length()
    if bits + int(replica.max(initial=0)).bit_length() < 64:
        packed = np.sort((replica.astype(np.int64) << bits) | (time - low), kind="stable")  # quick where there are runs
        return (packed & ((1 << bits) - 1)) + low
    return time[np.lexsort((time, replica))]


@njit(**KERNEL)
def _sweep(replica: Int32s, start: Int64s, end: Int64s, groups: int) -> Int64s:
    """Both times ascend within each replica; a call that ends when another starts is over by then."""
    most = np.empty(groups, np.int64)
    ended = minute = 0
    group = -1
    for row in range(len(start)):
        is_new = row == 0 or replica[row] != replica[row - 1]
        if is_new:
            ended = row
        if is_new or start[row] // NANOS_PER_MINUTE != minute:
            minute = start[row] // NANOS_PER_MINUTE
            group += 1
            most[group] = 1  # a call of no length is over when it starts, but it was one
        while ended < len(end) and replica[ended] == replica[row] and end[ended] <= start[row]:
            ended += 1
        most[group] = max(most[group], row + 1 - ended)
    return most
