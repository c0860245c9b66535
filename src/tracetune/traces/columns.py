"""Spans as plain arrays in trace order: what the kernels work on."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracetune.domain.spans import SpanBatch
from tracetune.traces.buckets import buckets_of
from tracetune.traces.grouping import GOLDEN, KERNEL, Int32s, Int64s, group_rows, mixed, rows_by_group, table_size

NANOS_PER_MINUTE = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Labels:
    """What the label codes of a batch stand for; code -1 is "not given"."""

    name: list[str]
    service: list[str]
    version: list[str]
    instance: list[str]
    peer: list[str]


@dataclass(frozen=True)  # no slots: what follows from the columns is kept once it was asked for
class TraceColumns:
    """Spans trace by trace: trace t owns the rows ``[offsets[t], offsets[t + 1])``. All arrays but offsets are (span,).

    Attributes:
        offsets: (trace + 1,), ascending, from 0.
        row: the position of each span in the SpanBatch.
        trace_id: (span, 2), as all ids for comparing only.
        start: start time, nanoseconds since the Unix epoch.
        end: end time, nanoseconds since the Unix epoch.
    """

    offsets: Int64s
    labels: Labels
    row: Int64s
    trace_id: Int64s
    span_id: Int64s
    parent_id: Int64s
    kind: NDArray[np.int8]
    status: NDArray[np.int8]
    start: Int64s
    end: Int64s
    name: Int32s
    service: Int32s
    version: Int32s
    instance: Int32s
    peer: Int32s

    def __len__(self) -> int:
        return len(self.row)

    @property
    def traces(self) -> int:
        """The number of traces."""
        return len(self.offsets) - 1

    @cached_property
    def minute(self) -> Int32s:
        """The minute in which each span starts, since the Unix epoch."""
        return (self.start // NANOS_PER_MINUTE).astype(np.int32)

    @cached_property
    def operation(self) -> Int32s:
        """The number of each span's (service, name), by first appearance."""
        return group_rows(self.service, self.name)[1]

    @cached_property
    def duration_nano(self) -> Int64s:
        """How long each span took."""
        return self.end - self.start

    @cached_property
    def duration_bucket(self) -> NDArray[np.int16]:
        """The histogram bucket of each span's duration."""
        return buckets_of(self.duration_nano)

    @cached_property
    def trace(self) -> Int64s:
        """The number of each span's trace."""
        return np.repeat(np.arange(self.traces), np.diff(self.offsets))

    def keep(self, mask: NDArray[np.bool_]) -> TraceColumns:
        """Without the spans where the mask is false; a trace may become empty."""
        kept = np.concatenate(([0], np.cumsum(mask)))[self.offsets].astype(np.int64)
        columns = {
            field.name: getattr(self, field.name)[mask]
            for field in fields(self)
            if field.name not in {"offsets", "labels"}
        }
        return replace(self, offsets=kept, **columns)

    @classmethod
    def from_spans(cls, spans: SpanBatch) -> TraceColumns:
        """The spans of a batch in trace order; traces by their first span, the spans of a trace in the batch's order."""
        trace_id = signed(spans.ids("trace_id"))
        number, traces = number_traces(trace_id)
        offsets, row = rows_by_group(number, traces)
        labels = {key: spans.labels(column) for key, column in _LABELS.items()}
        return cls(
            offsets=offsets,
            labels=Labels(**{key: values for key, (_, values) in labels.items()}),
            row=row,
            trace_id=trace_id.take(row, axis=0),  # several times as fast as by brackets, for rows
            span_id=signed(spans.ids("span_id"))[row],
            parent_id=signed(spans.ids("parent_span_id"))[row],
            kind=spans.column("kind")[row],
            status=spans.column("status_code")[row],
            start=spans.column("start_time_unix_nano")[row],
            end=spans.column("end_time_unix_nano")[row],
            **{key: codes[row] for key, (codes, _) in labels.items()},
        )


_LABELS = {
    "name": "name",
    "service": "service_name",
    "version": "service_version",
    "instance": "instance",
    "peer": "peer",
}


def signed(ids: NDArray[np.uint64]) -> Int64s:
    """Ids as signed integers, always read-only: one type for the kernels, whose unsigned arithmetic turns to floats."""
    view: Any = ids.view(np.int64)
    view = view.view()
    view.flags.writeable = False
    result: Int64s = view
    return result


@njit(**KERNEL)
def number_traces(trace_id: Int64s) -> tuple[Int32s, int]:
    """The number of each row's trace, by first appearance, and how many traces there are."""
    count = len(trace_id)
    mask = table_size(count) - 1
    slots = np.zeros(mask + 1, np.int32)  # the number of a trace + 1
    first = np.empty(count, np.int64)
    number = np.empty(count, np.int32)
    traces = 0
    for row in range(count):
        high, low = trace_id[row, 0], trace_id[row, 1]
        if row > 0 and trace_id[row - 1, 0] == high and trace_id[row - 1, 1] == low:
            number[row] = number[row - 1]
            continue
        at = mixed(low ^ (high * GOLDEN)) & mask
        while slots[at] > 0:
            known = first[slots[at] - 1]
            if trace_id[known, 0] == high and trace_id[known, 1] == low:
                break
            at = (at + 1) & mask
        if slots[at] == 0:
            first[traces] = row
            traces += 1
            slots[at] = traces
        number[row] = slots[at] - 1
    return number, traces
