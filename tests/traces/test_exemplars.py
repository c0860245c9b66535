"""Which spans and traces are worth a look."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tracetune.domain.spans import SpanBatch
from tracetune.traces.columns import TraceColumns
from tracetune.traces.exemplars import Exemplars, choose_exemplars
from tracetune.traces.red import count_operations

Spans = Callable[..., SpanBatch]


def exemplars(batch: SpanBatch, root_calls: bool = True) -> Exemplars:
    columns = TraceColumns.from_spans(batch)
    entry = np.ones(len(columns), np.bool_)
    operations = count_operations(columns, entry, entry & root_calls, np.zeros(len(columns), np.int64))
    return choose_exemplars(columns, operations, entry)


def test_the_slowest_call_and_one_near_the_median_are_chosen(spans: Spans) -> None:
    ends = [100_000, 5_000_000, 101_000, 40, 99_000]

    found = exemplars(spans(*({"trace": at + 1, "end": end} for at, end in enumerate(ends))))

    chosen = {(row["trace_id"][-1], row["is_slowest"]) for row in found.table.to_pylist()}
    assert chosen in ({(2, True), (usual, False)} for usual in (1, 3, 5))
    assert found.keep.sum() == 2


def test_a_single_call_is_not_named_twice(spans: Spans) -> None:
    assert exemplars(spans({})).table["is_slowest"].to_pylist() == [True]


def test_traces_are_kept_for_operations_that_begin_traces_only(spans: Spans) -> None:
    assert exemplars(spans({}), root_calls=False).keep.tolist() == [False]


def test_a_trace_of_more_than_500_spans_is_named_but_not_kept(spans: Spans) -> None:
    found = exemplars(spans({"end": 900}, *({"id": at} for at in range(2, 502))))

    assert len(found.table) == 2
    assert found.keep.tolist() == [False]
