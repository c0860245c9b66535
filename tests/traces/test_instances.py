"""What each replica did, and how much at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tracetune.domain.spans import SpanBatch, StatusCode
from tracetune.traces.columns import TraceColumns
from tracetune.traces.instances import count_instances

Spans = Callable[..., SpanBatch]


def test_calls_and_busy_time_count_by_replica_in_the_minute_of_the_start(spans: Spans) -> None:
    batch = spans(
        {"trace": 1, "instance": "a", "end": 90_000_000_000, "status_code": StatusCode.ERROR},
        {"trace": 2, "instance": "b", "service_version": "v2"},
        {"trace": 3, "instance": "a", "end": 10},
    )
    columns = TraceColumns.from_spans(batch)

    table = count_instances(columns, np.array([True, True, True]), np.array([5, 6, 7]))

    assert [(row["instance"], row["service_version"], row["calls"], row["errors"]) for row in table.to_pylist()] == [
        ("a", "", 2, 1),
        ("b", "v2", 1, 0),
    ]
    assert table["busy_nano"].to_pylist() == [90_000_000_010, 100]
    assert table["self_time_nano"].to_pylist() == [12, 6]


def test_a_call_that_ends_as_another_starts_is_not_in_flight_with_it(spans: Spans) -> None:
    times = [(0, 10), (5, 20), (10, 30), (20, 25), (22, 23)]
    rows = [{"trace": at + 1, "instance": "a", "start": start, "end": end} for at, (start, end) in enumerate(times)]
    columns = TraceColumns.from_spans(spans(*rows, {"trace": 9, "instance": "b"}))

    table = count_instances(columns, np.ones(6, np.bool_), np.zeros(6, np.int64))

    assert table["max_concurrency"].to_pylist() == [3, 1]


def test_only_entry_spans_count(spans: Spans) -> None:
    columns = TraceColumns.from_spans(spans({}, {"id": 2, "parent": 1}))

    table = count_instances(columns, np.array([True, False]), np.zeros(2, np.int64))

    assert table["calls"].to_pylist() == [1]
