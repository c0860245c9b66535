"""Which operations the durations of traces are made of, minute by minute: the PATHS table."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numba import njit

from tracetune.domain.minutes import PATHS
from tracetune.traces.columns import TraceColumns
from tracetune.traces.critical_path import CriticalPaths
from tracetune.traces.grouping import KERNEL, Int32s, Int64s, counts, group_rows, sums
from tracetune.traces.tables import label_column, to_table


def count_paths(columns: TraceColumns, paths: CriticalPaths) -> pa.Table:
    """One row a (minute of the root, root operation, service, operation) on critical paths."""
    minute, service, name = columns.minute, columns.service, columns.name
    operation = columns.operation
    first, group = group_rows(minute[paths.root], operation[paths.root], operation[paths.span])
    groups = len(first)
    root, span = paths.root[first], paths.span[first]
    return to_table(
        PATHS,
        {
            "minute": minute[root],
            "entry_service": label_column(service[root], columns.labels.service),
            "entry_name": label_column(name[root], columns.labels.name),
            "service_name": label_column(service[span], columns.labels.service),
            "span_name": label_column(name[span], columns.labels.name),
            "traces": _distinct_roots(group, groups, paths.root),
            "spans": counts(group, groups),
            "critical_path_nano": sums(group, groups, paths.own_nano),
        },
    )


@njit(**KERNEL)
def _distinct_roots(group: Int32s, groups: int, root: Int64s) -> Int64s:
    """How many roots each group has; the rows of one root stand together."""
    distinct = np.zeros(groups, np.int64)
    last = np.zeros(groups, np.int64)  # the root seen last + 1
    for row in range(len(group)):
        if last[group[row]] != root[row] + 1:
            last[group[row]] = root[row] + 1
            distinct[group[row]] += 1
    return distinct
