"""Rate, errors and durations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode
from tracetune.traces.columns import TraceColumns
from tracetune.traces.red import count_operations

Spans = Callable[..., SpanBatch]


def test_calls_of_one_operation_and_minute_are_one_row(spans: Spans) -> None:
    rows = [
        {"trace": 1, "status_code": StatusCode.ERROR},
        {"trace": 2, "end": 50},
        {"trace": 3, "start": 60_000_000_000},
    ]
    columns = TraceColumns.from_spans(spans(*({"end": row.get("start", 0) + 100, **row} for row in rows)))
    yes = np.ones(3, np.bool_)

    found = count_operations(columns, yes, np.array([True, False, True]), np.array([1, 2, 3]))

    table = found.table.to_pylist()
    assert [(row["minute"], row["calls"], row["errors"], row["root_calls"]) for row in table] == [
        (29_000_000, 2, 1, 1),
        (29_000_001, 1, 0, 1),
    ]
    assert [(row["duration_nano"], row["self_time_nano"]) for row in table] == [(150, 3), (100, 3)]
    assert sum(count for _, count in table[0]["duration"]) == 2
    assert found.group.tolist() == [0, 0, 1]


def test_kinds_and_entries_are_rows_of_their_own(spans: Spans) -> None:
    columns = TraceColumns.from_spans(spans({}, {"id": 2}, {"id": 3, "kind": SpanKind.CLIENT}))

    found = count_operations(columns, np.array([True, False, False]), np.zeros(3, np.bool_), np.zeros(3, np.int64))

    assert found.table["is_entry"].to_pylist() == [True, False, False]
    assert found.table["span_kind"].to_pylist() == [0, 0, 3]
