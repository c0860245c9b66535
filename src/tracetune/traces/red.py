"""Rate, errors and durations of every operation in every minute: the OPERATIONS table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.minutes import OPERATIONS
from tracetune.domain.spans import StatusCode
from tracetune.traces.columns import TraceColumns
from tracetune.traces.grouping import Int32s, Int64s, group_keys, group_pairs, sums
from tracetune.traces.tables import histograms_of, label_column, to_table


@dataclass(frozen=True, slots=True)
class Operations:
    """The OPERATIONS table and which of its rows each span is in, (span,)."""

    table: pa.Table
    group: Int32s


def count_operations(
    columns: TraceColumns, entry: NDArray[np.bool_], root_call: NDArray[np.bool_], self_time_nano: Int64s
) -> Operations:
    """One row a (minute, service, span name, kind, entry or not) from spans of any traces."""
    _, operation = group_pairs(columns.service, columns.name)
    minute = columns.minute
    # 26 bits of minutes until 2100, 31 of operations, 3 of kinds, 1 of entries: a key of 61 bits.
    key = (((minute.astype(np.int64) << 31) | operation) << 4) | (columns.kind.astype(np.int64) << 1) | entry
    first, group = group_keys(key)
    groups = len(first)
    duration = columns.end - columns.start
    table = to_table(
        OPERATIONS,
        {
            "minute": minute[first],
            "service_name": label_column(columns.service[first], columns.labels.service),
            "span_name": label_column(columns.name[first], columns.labels.name),
            "span_kind": columns.kind[first],
            "is_entry": entry[first],
            "calls": sums(group, groups, np.ones(len(group), np.int64)),
            "errors": sums(group, groups, columns.status == StatusCode.ERROR),
            "root_calls": sums(group, groups, root_call),
            "duration_nano": sums(group, groups, duration),
            "self_time_nano": sums(group, groups, self_time_nano),
            "duration": histograms_of(group, groups, duration),
            "self_time": histograms_of(group, groups, self_time_nano),
        },
    )
    return Operations(table, group)
