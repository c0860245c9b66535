"""Calls between services in every minute: the LINKS table, with the client-minus-server gap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from tracetune.domain.minutes import LINKS
from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode
from tracetune.traces.attributes import any_attribute
from tracetune.traces.buckets import buckets_of, histograms_of
from tracetune.traces.columns import TraceColumns
from tracetune.traces.grouping import KERNEL, Int32s, Int64s, counts, group_rows, rows_by_group, sums
from tracetune.traces.tables import label_column, to_table
from tracetune.traces.tree import Parents

CONNECTION_TYPES = ("", "database", "messaging_system", "virtual_node")
"""As the OpenTelemetry Collector's servicegraph connector names them."""

_CALL, _DATABASE, _MESSAGING, _VIRTUAL = range(4)
_SERVER, _CLIENT = int(SpanKind.SERVER), int(SpanKind.CLIENT)
_PRODUCER, _CONSUMER = int(SpanKind.PRODUCER), int(SpanKind.CONSUMER)


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls between services, (call,).

    Attributes:
        caller: the row of the caller's span: CLIENT, PRODUCER, or whatever the callee's span hangs under.
        callee: the row of the callee's entry span; -1 where only the caller tells of it.
        is_paired: whether both sides measured the call, so that there is a gap.
    """

    caller: Int64s
    callee: Int64s
    is_paired: NDArray[np.bool_]


def pair_calls(columns: TraceColumns, parents: Parents, entry: NDArray[np.bool_]) -> Calls:
    """The calls between services, each once.

    - An entry span under a span is a call. Under a CLIENT span it is paired, if it is that span's only entry child: where
      a proxy retries, the gap belongs to no one try.
    - An entry span directly under another service's span that is no CLIENT: the callee's interval stands for the
      caller's, which nobody measured; not paired. Nor are messages: a producer does not wait for the consumer.
    - A CLIENT or PRODUCER span with neither an entry child nor another such span of the same call below it is a call to
      what it names as its peer; without a peer there is nothing to tell.
    """
    caller, callee, is_paired, calls = _pair_calls(columns.kind, columns.peer, parents.parent, entry)
    return Calls(caller[:calls].copy(), callee[:calls].copy(), is_paired[:calls].copy())


def count_links(columns: TraceColumns, calls: Calls, spans: SpanBatch) -> pa.Table:
    """One row a (minute, caller, callee, operation, connection type).

    The minute and the span name are those of the callee's span where there is one, else of the caller's. A call failed
    if either side says so.
    """
    caller, callee = calls.caller, calls.callee
    has_callee = callee >= 0
    told_by = np.where(has_callee, callee, caller)
    measured_by = np.where(calls.is_paired | ~has_callee | (columns.kind[caller] == _PRODUCER), caller, callee)
    error = columns.status == StatusCode.ERROR
    connection = _connection_types(columns, calls, spans)
    server, server_names = _callees(columns, calls)
    client = columns.service[caller]
    minute = columns.minute[told_by]
    name = columns.name[told_by]
    _, operation = group_rows(client, server, connection, name)
    first, group = group_rows(minute, operation)
    groups = len(first)
    duration = columns.duration_nano
    paired = np.flatnonzero(calls.is_paired)
    paired_group = group[paired]
    gap = np.maximum(duration[caller[paired]] - duration[callee[paired]], 0)
    return to_table(
        LINKS,
        {
            "minute": minute[first],
            "client": label_column(client[first], columns.labels.service),
            "server": label_column(server[first], server_names),
            "span_name": label_column(name[first], columns.labels.name),
            "connection_type": label_column(connection[first], CONNECTION_TYPES),
            "calls": counts(group, groups),
            "errors": counts(group[error[caller] | (has_callee & error[callee])], groups),
            "client_duration_nano": sums(group, groups, duration[measured_by]),
            "paired_calls": counts(paired_group, groups),
            "gap_nano": sums(paired_group, groups, gap),
            "client_duration": histograms_of(rows_by_group(group, groups), columns.duration_bucket[measured_by]),
            "gap": histograms_of(rows_by_group(paired_group, groups), buckets_of(gap)),
        },
    )


def _callees(columns: TraceColumns, calls: Calls) -> tuple[Int32s, list[str]]:
    """The callee of each call as (codes (call,), names): a service, or a peer, which may have a service's name."""
    names = [*columns.labels.service, *columns.labels.peer]
    once = {name: code for code, name in enumerate(dict.fromkeys(names))}
    recoded = np.array([once[name] for name in names], np.int32)
    peer = columns.peer[calls.caller] + len(columns.labels.service)
    return recoded[np.where(calls.callee >= 0, columns.service[calls.callee], peer)], list(once)


def _connection_types(columns: TraceColumns, calls: Calls, spans: SpanBatch) -> NDArray[np.int8]:
    is_database = any_attribute(spans, lambda key: key.startswith("db.system"))[columns.row]
    is_messaging = any_attribute(spans, lambda key: key.startswith("messaging."))[columns.row]
    is_messaging |= (columns.kind == _PRODUCER) | (columns.kind == _CONSUMER)
    alone = calls.callee < 0
    messaging = is_messaging[calls.caller] | (~alone & is_messaging[calls.callee])
    conditions = [~alone & messaging, ~alone, is_database[calls.caller], messaging]
    choices = [_MESSAGING, _CALL, _DATABASE, _MESSAGING]
    result: NDArray[np.int8] = np.select(conditions, choices, _VIRTUAL).astype(np.int8)
    return result


@njit(**KERNEL)
def _pair_calls(
    kind: NDArray[np.int8], peer: Int32s, parent: Int32s, entry: NDArray[np.bool_]
) -> tuple[Int64s, Int64s, NDArray[np.bool_], int]:
    count = len(kind)
    entries_below = np.zeros(count, np.int32)
    passed_on = np.zeros(count, np.bool_)  # the call is told of by a CLIENT or PRODUCER span below
    for row in range(count):
        above = parent[row]
        if above >= 0:
            entries_below[above] += entry[row]
            passed_on[above] |= kind[row] in (_CLIENT, _PRODUCER)
    caller = np.empty(count, np.int64)
    callee = np.empty(count, np.int64)
    is_paired = np.empty(count, np.bool_)
    calls = 0
    for row in range(count):
        above = parent[row]
        if entry[row] and above >= 0:
            caller[calls], callee[calls] = above, row
            is_paired[calls] = kind[above] == _CLIENT and kind[row] != _CONSUMER and entries_below[above] == 1
            calls += 1
        calls_out = kind[row] in (_CLIENT, _PRODUCER) and peer[row] >= 0
        if calls_out and entries_below[row] == 0 and not passed_on[row]:
            caller[calls], callee[calls], is_paired[calls] = row, -1, False
            calls += 1
    return caller, callee, is_paired, calls
