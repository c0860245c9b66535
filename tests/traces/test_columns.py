"""Spans in trace order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tracetune.domain.spans import SpanBatch
from tracetune.traces.columns import TraceColumns

Spans = Callable[..., SpanBatch]


def test_the_spans_of_a_trace_stand_together_in_the_order_they_came(spans: Spans) -> None:
    batch = spans({"trace": 2, "id": 1}, {"trace": 1, "id": 2}, {"trace": 2, "id": 3})

    columns = TraceColumns.from_spans(batch)

    assert columns.offsets.tolist() == [0, 2, 3]
    assert columns.row.tolist() == [0, 2, 1]
    assert columns.trace.tolist() == [0, 0, 1]


def test_what_is_not_given_has_no_label(spans: Spans) -> None:
    columns = TraceColumns.from_spans(spans({"instance": "pod-1"}, {"id": 2}))

    assert columns.instance.tolist() == [0, -1]
    assert columns.peer.tolist() == [-1, -1]


def test_a_span_belongs_to_the_minute_it_starts_in(spans: Spans) -> None:
    columns = TraceColumns.from_spans(spans({"start": 59_999_999_999, "end": 99_000_000_000}))

    assert columns.minute.tolist() == [29_000_000]


def test_spans_left_out_leave_the_rest_in_their_traces(spans: Spans) -> None:
    columns = TraceColumns.from_spans(spans({"id": 1}, {"id": 2}, {"trace": 2, "id": 3}))

    kept = columns.keep(np.array([False, True, True]))

    assert (kept.offsets.tolist(), kept.row.tolist()) == ([0, 1, 2], [1, 2])


def test_many_traces_are_told_apart(spans: Spans) -> None:
    batch = spans(*({"trace": trace % 500 + 1, "id": trace + 1} for trace in range(1000)))

    columns = TraceColumns.from_spans(batch)

    assert columns.traces == 500
    assert (np.diff(columns.offsets) == 2).all()
    assert (columns.trace_id[0::2] == columns.trace_id[1::2]).all()
