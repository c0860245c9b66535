"""Each call once, with its times on both sides, however many spans describe it."""

from __future__ import annotations

from typing import Any

from tracetune.domain.spans import SpanBatch, SpanKind
from tracetune.traces.calls import sample_calls
from tracetune.traces.columns import TraceColumns
from tracetune.traces.entries import find_entries
from tracetune.traces.tree import find_parents

_BEGIN = 1_790_000_040_000_000_000


def _span(
    number: int, parent: int, service: str, kind: SpanKind, times: tuple[int, int], **more: Any
) -> dict[str, Any]:
    begin, end = times
    return {
        "trace_id": bytes(15) + b"\1",
        "span_id": bytes(7) + bytes([number]),
        "parent_span_id": bytes(7) + bytes([parent]),
        "name": f"{service} does",
        "kind": kind,
        "start_time_unix_nano": _BEGIN + begin,
        "end_time_unix_nano": _BEGIN + end,
        "service_name": service,
        "instance": f"{service}-0",
        **more,
    }


def _calls(*spans: dict[str, Any]) -> dict[str, dict[str, Any]]:
    batch = SpanBatch.from_rows(spans)
    columns = TraceColumns.from_spans(batch)
    parents = find_parents(columns)
    rows = sample_calls(columns, parents, find_entries(columns, parents), batch).table.to_pylist()
    assert len({row["service_name"] for row in rows}) == len(rows)
    return {row["service_name"]: row for row in rows}


def _times(row: dict[str, Any]) -> list[int]:
    names = ("sent_unix_nano", "arrived_unix_nano", "ended_unix_nano", "returned_unix_nano")
    return [row[name] - _BEGIN for name in names]


def test_two_spans_of_a_hop_are_one_call_with_four_times() -> None:
    calls = _calls(
        _span(1, 0, "shop", SpanKind.SERVER, (0, 100)),
        _span(2, 1, "shop", SpanKind.CLIENT, (10, 60)),
        _span(3, 2, "cart", SpanKind.SERVER, (12, 57)),
    )

    assert _times(calls["cart"]) == [10, 12, 57, 60]
    assert calls["cart"]["parent_call_id"] == calls["shop"]["call_id"]
    assert calls["cart"]["is_awaited"]
    assert not calls["shop"]["is_awaited"]
    assert calls["cart"]["instance"] == "cart-0"


def test_the_outermost_client_span_tells_when_a_call_was_sent() -> None:
    calls = _calls(
        _span(1, 0, "shop", SpanKind.SERVER, (0, 100)),
        _span(2, 1, "shop", SpanKind.CLIENT, (10, 60)),  # the SDK's
        _span(3, 2, "shop", SpanKind.CLIENT, (11, 59)),  # the sidecar's
        _span(4, 3, "cart", SpanKind.SERVER, (12, 57)),  # its sidecar's
        _span(5, 4, "cart", SpanKind.SERVER, (13, 56)),  # its SDK's
    )

    assert len(calls) == 2
    assert _times(calls["cart"]) == [10, 12, 57, 60]


def test_tries_of_a_proxy_under_one_client_span_keep_their_own_times() -> None:
    batch = SpanBatch.from_rows(
        [
            _span(1, 0, "shop", SpanKind.SERVER, (0, 100)),
            _span(2, 1, "shop", SpanKind.CLIENT, (10, 60)),
            _span(3, 2, "cart", SpanKind.SERVER, (12, 20)),
            _span(4, 2, "cart", SpanKind.SERVER, (25, 57)),
        ]
    )
    columns = TraceColumns.from_spans(batch)
    parents = find_parents(columns)

    rows = sample_calls(columns, parents, find_entries(columns, parents), batch).table.to_pylist()

    assert sorted(_times(row) for row in rows if row["service_name"] == "cart") == [[12, 12, 20, 20], [25, 25, 57, 57]]


def test_a_call_that_only_its_caller_tells_of_is_to_its_peer() -> None:
    calls = _calls(
        _span(1, 0, "shop", SpanKind.SERVER, (0, 100)),
        _span(2, 1, "shop", SpanKind.CLIENT, (10, 60), peer="postgresql"),
    )

    assert _times(calls["postgresql"]) == [10, 10, 60, 60]
    assert not calls["postgresql"]["is_served"]
    assert calls["postgresql"]["is_awaited"]
    assert not calls["postgresql"]["instance"]


def test_nobody_waits_for_the_consumer_of_a_message() -> None:
    calls = _calls(
        _span(1, 0, "shop", SpanKind.SERVER, (0, 100)),
        _span(2, 1, "shop", SpanKind.PRODUCER, (10, 12)),
        _span(3, 2, "mail", SpanKind.CONSUMER, (500, 900)),
    )

    assert _times(calls["mail"]) == [10, 500, 900, 12]
    assert not calls["mail"]["is_awaited"]


def test_a_call_whose_caller_was_lost_still_says_that_it_had_one() -> None:
    lost = _calls(_span(3, 2, "cart", SpanKind.SERVER, (12, 57)))
    root = _calls(_span(3, 0, "cart", SpanKind.SERVER, (12, 57)))

    assert lost["cart"]["parent_call_id"] == bytes(7) + b"\2"
    assert root["cart"]["parent_call_id"] == bytes(8)
