"""Whole calls with their times on both sides, each once, out of the one to four spans that describe it."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.calls import CALLS, CallSample, choose_minutes
from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode
from tracetune.traces.columns import TraceColumns
from tracetune.traces.grouping import KERNEL, Int32s, Int64s
from tracetune.traces.nodes import nodes_of
from tracetune.traces.tables import id_column, label_column, to_table
from tracetune.traces.tree import Parents

_CLIENT, _SERVER = int(SpanKind.CLIENT), int(SpanKind.SERVER)
_PRODUCER, _CONSUMER = int(SpanKind.PRODUCER), int(SpanKind.CONSUMER)


def sample_calls(columns: TraceColumns, parents: Parents, entry: NDArray[np.bool_], spans: SpanBatch) -> CallSample:
    """The calls of the traces that began in the minutes worth keeping.

    - An entry span is a call that its service served. It was sent when the outermost CLIENT span above it in the caller
      began (an SDK's, or that of the sidecar under it) and returned when that ended. Where no CLIENT span stands above, or
      a proxy made several tries under one, the callee's own times stand for the caller's.
    - A CLIENT span with no entry below is a call to its peer that only the caller tells of; without a peer it is left out,
      and its time is the caller's own.
    - Messages are not awaited.
    - A call whose caller was lost names what it can of it: the parent of the topmost span that was received.

    ``spans`` are those that the columns came from; only they know the nodes.
    """
    found = _find_calls(columns.kind, columns.service, columns.peer, parents.parent, entry)
    row, owner, sent_by, is_served = found
    begun = np.full(columns.traces, np.iinfo(np.int64).max)
    np.minimum.at(begun, columns.trace[row], columns.start[row])
    begun = begun[columns.trace]
    keep, left_out = choose_minutes(begun[row] // NANOS_PER_MINUTE, frozenset())
    row, owner, sent_by, is_served = row[keep], owner[keep], sent_by[keep], is_served[keep]
    has_owner = owner >= 0
    top = np.where(has_owner, row, _tops(parents.parent)[row])
    lost = columns.parent_id[top]  # 0 for what begins a trace; else the span above, which was not received
    names = [*columns.labels.service, *columns.labels.peer]
    once = {name: code for code, name in enumerate(dict.fromkeys(names))}
    code_of = np.array([once[name] for name in names], np.int32)
    served_by = code_of[np.where(is_served, columns.service[row], columns.peer[row] + len(columns.labels.service))]
    is_message = (columns.kind[row] == _CONSUMER) | (columns.kind[sent_by] == _PRODUCER)
    awaited = ~is_message | ~is_served
    instance = np.where(is_served, columns.instance[row], -1)
    node, nodes = nodes_of(spans, columns.row[row], instance, columns.labels.instance)
    table = to_table(
        CALLS,
        {
            "begun_unix_nano": begun[row],
            "trace_id": id_column(columns.trace_id.take(row, axis=0)),
            "call_id": id_column(columns.span_id[row]),
            "parent_call_id": id_column(np.where(has_owner, columns.span_id[owner], lost)),
            "service_name": label_column(served_by, list(once)),
            "span_name": label_column(columns.name[row], columns.labels.name),
            "service_version": label_column(np.where(is_served, columns.version[row], -1), columns.labels.version),
            "instance": label_column(instance, columns.labels.instance),
            "node": label_column(node, nodes),
            "sent_unix_nano": columns.start[sent_by],
            "arrived_unix_nano": columns.start[row],
            "ended_unix_nano": columns.end[row],
            "returned_unix_nano": columns.end[sent_by],
            "is_awaited": awaited & has_owner,
            "is_served": is_served,
            "is_error": columns.status[row] == StatusCode.ERROR,
        },
    )
    return CallSample(table, left_out)


def _tops(parent: Int32s) -> Int64s:
    """The topmost span above each span, (span,)."""
    top = np.arange(len(parent))
    above = parent.astype(np.int64)
    while (above >= 0).any():
        has = above >= 0
        top[has] = above[has]
        above[has] = parent[above[has]]
    return top


def _find_calls(
    kind: NDArray[np.int8], service: Int32s, peer: Int32s, parent: Int32s, entry: NDArray[np.bool_]
) -> tuple[Int64s, Int64s, Int64s, NDArray[np.bool_]]:
    """The row of each call, of the call that made it (-1: none), of the span that tells when it was sent; is it served."""
    row, owner, sent_by, calls = _scan_calls(kind, service, peer, parent, entry)
    row, owner, sent_by = row[:calls].copy(), owner[:calls].copy(), sent_by[:calls].copy()
    return row, owner, sent_by, entry[row]


@njit(**KERNEL)
def _scan_calls(  # noqa: C901 - kernel: one walk up a trace for each call
    kind: NDArray[np.int8], service: Int32s, peer: Int32s, parent: Int32s, entry: NDArray[np.bool_]
) -> tuple[Int64s, Int64s, Int64s, int]:
    count = len(kind)
    entries_below = np.zeros(count, np.int32)
    passed_on = np.zeros(count, np.bool_)
    for at in range(count):
        above = parent[at]
        if above >= 0:
            entries_below[above] += entry[at]
            passed_on[above] |= kind[at] in (_CLIENT, _PRODUCER)
    row = np.empty(count, np.int64)
    owner = np.empty(count, np.int64)
    sent_by = np.empty(count, np.int64)
    calls = 0
    for at in range(count):
        alone = kind[at] in (_CLIENT, _PRODUCER) and peer[at] >= 0 and entries_below[at] == 0 and not passed_on[at]
        if not (entry[at] or alone):
            continue
        teller = at
        above = parent[at]
        if entry[at] and above >= 0 and kind[above] in (_CLIENT, _PRODUCER) and entries_below[above] == 1:
            teller = above
        if teller != at or not entry[at]:
            above = parent[teller]
            while above >= 0 and not entry[above] and kind[above] == _CLIENT and service[above] == service[teller]:
                teller = above
                above = parent[above]
        above = parent[at]
        while above >= 0 and not entry[above]:
            above = parent[above]
        row[calls], owner[calls], sent_by[calls] = at, above, teller
        calls += 1
    return row, owner, sent_by, calls
