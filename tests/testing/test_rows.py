"""Rows say everything that the batch says, with the common parts said once."""

from __future__ import annotations

from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode
from tracetune.testing.build import build, span_id, trace_id
from tracetune.testing.rows import Profile, Resource, Rows

SHOP = """
    checkout POST /order 0ms +120ms kind=server version=v2 k8s.namespace.name=shop
      payments Authorize 10ms +80ms kind=server instance=p-1 error http.response.status_code=500
      cart Read 5ms +20ms peer=redis

    checkout POST /order 0ms +120ms kind=server version=v2 k8s.namespace.name=shop
"""


def test_rows_are_sorted_by_trace_and_start() -> None:
    spans = build(SHOP)

    rows = Rows.of(SpanBatch(spans.table.take([3, 1, 2, 0])))

    assert rows.trace_id == [trace_id(1)] * 3 + [trace_id(2)]
    assert rows.span_id == [span_id(1), span_id(3), span_id(2), span_id(1)]
    assert rows.name == ["POST /order", "Read", "Authorize", "POST /order"]
    assert rows.trace_starts == [0, 3, 4]


def test_equal_profiles_and_resources_are_said_once() -> None:
    rows = Rows.of(build(SHOP))

    assert rows.profile == [0, 1, 2, 0]
    assert rows.resources == [
        Resource("checkout", (("service.version", "v2"), ("k8s.namespace.name", "shop"))),
        Resource("cart", ()),
        Resource("payments", (("k8s.pod.name", "p-1"),)),
    ]
    assert rows.profiles[2] == Profile(
        2, SpanKind.SERVER, StatusCode.ERROR, None, (("http.response.status_code", "500"),)
    )
    assert rows.profiles[1].peer == "redis"


def test_rows_are_found_by_resource() -> None:
    rows = Rows.of(build(SHOP))

    assert rows.by_resource() == [[0, 3], [1], [2]]


def test_part_of_a_table_is_read_from_where_it_begins() -> None:
    spans = build(SHOP)

    rows = Rows.of(SpanBatch(spans.table.slice(1, 2)))

    assert rows.name == ["Read", "Authorize"]
    assert rows.profiles[rows.profile[1]].attributes == (("http.response.status_code", "500"),)


def test_no_spans_are_no_rows() -> None:
    rows = Rows.of(SpanBatch.empty())

    assert rows.name == []
    assert rows.trace_starts == [0]
