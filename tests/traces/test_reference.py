"""The reference itself, on traces small enough to see through."""

from __future__ import annotations

from collections.abc import Callable

from tracetune.domain.spans import SpanBatch, SpanKind
from tracetune.traces import reference

Spans = Callable[..., SpanBatch]


def test_a_call_and_its_server_divide_the_time_between_them(spans: Spans) -> None:
    client = {"kind": SpanKind.CLIENT, "end": 100}
    server = {"id": 2, "parent": 1, "kind": SpanKind.SERVER, "service": "cart", "start": 20, "end": 90}
    rows = reference.rows_of(spans(client, server))

    parents = reference.find_parents(rows)

    assert parents == ["root", 0]
    assert reference.self_time(rows, parents) == [30, 70]
    assert reference.critical_paths(rows, parents) == {(0, 0): 30, (0, 1): 70}
    assert reference.entries(rows, parents) == [True, True]
    assert reference.children_of(parents) == [[1], []]


def test_loops_orphans_and_duplicates_have_no_parent(spans: Spans) -> None:
    rows = reference.rows_of(
        spans({}, {}, {"id": 2, "parent": 9}, {"id": 3, "parent": 4}, {"id": 4, "parent": 3, "start": 1})
    )

    assert reference.find_parents(rows) == ["root", "duplicate", "orphan", "cycle", 3]
