"""Rate, errors and durations of every operation in every minute: the OPERATIONS table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.minutes import OPERATIONS
from tracetune.domain.spans import StatusCode
from tracetune.traces.buckets import buckets_of, histograms_of
from tracetune.traces.columns import TraceColumns
from tracetune.traces.grouping import Int32s, Int64s, counts, group_rows, rows_by_group, sums
from tracetune.traces.tables import label_column, to_table


@dataclass(frozen=True, slots=True)
class Operations:
    """The OPERATIONS table and which of its rows each span is in, (span,)."""

    table: pa.Table
    group: Int32s


def count_operations(
    columns: TraceColumns, entry: NDArray[np.bool_], root_call: NDArray[np.bool_], self_time_nano: Int64s
) -> Operations:
    """One row a (minute, service, span name, kind, entry or not) from spans of any traces."""
    minute, service, name = columns.minute, columns.service, columns.name
    first, group = group_rows(minute, columns.operation, columns.kind, entry)
    groups = len(first)
    by_group = rows_by_group(group, groups)
    table = to_table(
        OPERATIONS,
        {
            "minute": minute[first],
            "service_name": label_column(service[first], columns.labels.service),
            "span_name": label_column(name[first], columns.labels.name),
            "span_kind": columns.kind[first],
            "is_entry": entry[first],
            "calls": counts(group, groups),
            "errors": counts(group[columns.status == StatusCode.ERROR], groups),
            "root_calls": counts(group[root_call], groups),
            "duration_nano": sums(group, groups, columns.duration_nano),
            "self_time_nano": sums(group, groups, self_time_nano),
            "duration": histograms_of(by_group, columns.duration_bucket),
            "self_time": histograms_of(by_group, buckets_of(self_time_nano)),
        },
    )
    return Operations(table, group)
