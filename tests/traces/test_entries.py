"""Which spans are entries, and which of those began a trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracetune.domain.spans import SpanBatch, SpanKind
from tracetune.traces.columns import TraceColumns
from tracetune.traces.entries import find_entries, find_root_calls
from tracetune.traces.tree import find_parents

Spans = Callable[..., SpanBatch]
CLIENT, SERVER, INTERNAL = SpanKind.CLIENT, SpanKind.SERVER, SpanKind.INTERNAL


def entries(batch: SpanBatch) -> tuple[list[Any], list[Any]]:
    columns = TraceColumns.from_spans(batch)
    parents = find_parents(columns)
    entry = find_entries(columns, parents)
    return entry.tolist(), find_root_calls(columns, parents, entry).tolist()


def test_a_call_through_two_sidecars_is_counted_once(spans: Spans) -> None:
    sdk_client = {"id": 2, "parent": 1, "kind": CLIENT}
    sidecar_client = {"id": 3, "parent": 2, "kind": CLIENT}
    sidecar_server = {"id": 4, "parent": 3, "kind": SERVER, "service": "cart"}
    sdk_server = {"id": 5, "parent": 4, "kind": SERVER, "service": "cart"}

    entry, root_call = entries(spans({"kind": SERVER}, sdk_client, sidecar_client, sidecar_server, sdk_server))

    assert entry == [True, False, False, True, False]
    assert root_call == [True, False, False, False, False]


def test_a_span_without_a_kind_is_an_entry_if_its_parent_is_another_service_s(spans: Spans) -> None:
    entry, _ = entries(spans({}, {"id": 2, "parent": 1}, {"id": 3, "parent": 1, "service": "cart"}))

    assert entry == [True, False, True]


def test_a_client_span_whose_parent_was_lost_is_no_entry_but_one_that_begins_a_trace_is(spans: Spans) -> None:
    entry, _ = entries(spans({"id": 2, "parent": 1, "kind": CLIENT}, {"trace": 2, "kind": CLIENT}))

    assert entry == [False, True]


def test_orphans_begin_a_trace_only_where_it_has_no_root(spans: Spans) -> None:
    with_root = ({"id": 1}, {"id": 3, "parent": 2, "kind": SERVER})
    without_root = ({"trace": 2, "id": 3, "parent": 2, "kind": SERVER},)

    _, root_call = entries(spans(*with_root, *without_root))

    assert root_call == [True, False, True]
