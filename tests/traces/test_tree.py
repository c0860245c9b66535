"""Parents and children: shared ids, orphans, loops, duplicates, and the order of children."""

from __future__ import annotations

from typing import Any

import numpy as np

from tracetune.domain.spans import SpanBatch, SpanKind
from tracetune.traces.columns import TraceColumns
from tracetune.traces.tree import Parents, Role, children_by_end, find_parents


def span(identity: int, parent: int = 0, **given: Any) -> dict[str, Any]:
    row = {
        "trace_id": bytes(15) + b"\1",
        "span_id": bytes(7) + bytes([identity]),
        "parent_span_id": bytes(7) + bytes([parent]),
        "name": "get",
        "service_name": "shop",
        "start_time_unix_nano": 10**18,
        "end_time_unix_nano": 10**18 + 100,
    }
    return {**row, **given}


def tree(*rows: dict[str, Any]) -> tuple[TraceColumns, Parents]:
    columns = TraceColumns.from_spans(SpanBatch.from_rows(rows))
    return columns, find_parents(columns)


def test_a_span_hangs_under_the_span_it_names() -> None:
    _, parents = tree(span(2, 1), span(1), span(3, 2))

    assert parents.parent.tolist() == [1, -1, 0]
    assert parents.role.tolist() == [Role.CHILD, Role.ROOT, Role.CHILD]


def test_a_span_of_another_trace_is_no_parent() -> None:
    _, parents = tree(span(1), span(2, 1, trace_id=bytes(15) + b"\2"))

    assert parents.role.tolist() == [Role.ROOT, Role.ORPHAN]


def test_a_server_span_with_its_client_s_id_hangs_under_it_and_has_the_children() -> None:
    client, server = span(1, kind=SpanKind.CLIENT), span(1, kind=SpanKind.SERVER)

    _, parents = tree(span(2, 1), server, client)

    assert parents.parent.tolist() == [1, 2, -1]


def test_the_same_id_and_kind_again_is_a_duplicate() -> None:
    _, parents = tree(span(1), span(2, 1), span(2, 1), span(2, 1, kind=SpanKind.CLIENT))

    assert parents.role.tolist() == [Role.ROOT, Role.CHILD, Role.DUPLICATE, Role.CHILD]


def test_a_span_that_is_its_own_parent_is_cut_loose() -> None:
    _, parents = tree(span(1, 1))

    assert (parents.parent.tolist(), parents.role.tolist()) == ([-1], [Role.CYCLE])


def test_a_loop_is_cut_above_its_earliest_span() -> None:
    rows = [span(1, 3), span(2, 1, start_time_unix_nano=10**18 - 5), span(3, 2), span(4, 3)]

    _, parents = tree(*rows)

    assert parents.parent.tolist() == [2, -1, 1, 2]
    assert parents.role.tolist() == [Role.CHILD, Role.CYCLE, Role.CHILD, Role.CHILD]


def test_children_come_by_descending_end_however_many_there_are() -> None:
    ends = np.random.default_rng(0).integers(1, 50, 200)
    rows = [span(1)] + [
        span(2, 1, span_id=int(at + 2).to_bytes(8, "big"), end_time_unix_nano=10**18 + int(end))
        for at, end in enumerate(ends)
    ]
    columns, parents = tree(*rows)

    children = children_by_end(parents, columns)

    first, last = children.offsets[0], children.offsets[1]
    found = children.rows[first:last]
    assert sorted(found.tolist()) == list(range(1, 201))
    expected = sorted(found.tolist(), key=lambda row: (-columns.end[row], columns.start[row], columns.span_id[row]))
    assert found.tolist() == expected
