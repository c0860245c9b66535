from __future__ import annotations

from typing import Any

from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode
from tracetune.sinks.waterfalls import MOST_ROWS, waterfall

TRACE = b"t" * 16
START = 1_700_000_000_000_000_000


def span(number: int, parent: int, first_ms: float, last_ms: float, **changes: Any) -> dict[str, Any]:
    return {
        "trace_id": TRACE,
        "span_id": number.to_bytes(8, "big"),
        "parent_span_id": parent.to_bytes(8, "big"),
        "name": f"op{number}",
        "kind": SpanKind.SERVER,
        "start_time_unix_nano": START + int(first_ms * 1e6),
        "end_time_unix_nano": START + int(last_ms * 1e6),
        "service_name": "web",
    } | changes


def test_rows_follow_the_calls_with_their_depth_and_offset() -> None:
    spans = SpanBatch.from_rows([span(3, 2, 20, 30), span(1, 0, 0, 100), span(2, 1, 10, 50), span(4, 1, 60, 90)])

    drawn = waterfall(spans, TRACE)

    assert drawn
    assert [(row.span_name, row.depth) for row in drawn.rows] == [("op1", 0), ("op2", 1), ("op3", 2), ("op4", 1)]
    assert [row.offset_seconds for row in drawn.rows] == [0.0, 0.01, 0.02, 0.06]
    assert drawn.duration_seconds == 0.1


def test_a_call_seen_from_both_sides_is_one_row() -> None:
    client = span(2, 1, 10, 50, kind=SpanKind.CLIENT)

    drawn = waterfall(SpanBatch.from_rows([span(1, 0, 0, 100), client, span(3, 2, 12, 48)]), TRACE)

    assert drawn
    assert [row.span_name for row in drawn.rows] == ["op1", "op3"]


def test_a_server_half_that_shares_its_clients_id_hangs_under_it() -> None:
    halves = [span(2, 1, 10, 50, kind=SpanKind.CLIENT, name="client"), span(2, 1, 12, 48, name="server")]

    drawn = waterfall(SpanBatch.from_rows([span(1, 0, 0, 100), *halves]), TRACE)

    assert drawn
    assert [(row.span_name, row.depth) for row in drawn.rows] == [("op1", 0), ("server", 1)]


def test_the_short_spans_of_a_long_trace_are_left_out_and_counted() -> None:
    children = [span(number, 1, number, number + number) for number in range(2, 102)]

    drawn = waterfall(SpanBatch.from_rows([span(1, 0, 0, 300), *children]), TRACE)

    assert drawn
    assert len(drawn.rows) == MOST_ROWS
    assert drawn.hidden == 101 - MOST_ROWS
    assert drawn.rows[0].span_name == "op1"
    assert drawn.rows[-1].span_name == "op101"


def test_spans_that_call_each_other_in_a_circle_are_still_drawn() -> None:
    drawn = waterfall(SpanBatch.from_rows([span(1, 2, 0, 10), span(2, 1, 1, 9)]), TRACE)

    assert drawn
    assert len(drawn.rows) == 2


def test_an_error_is_marked() -> None:
    drawn = waterfall(SpanBatch.from_rows([span(1, 0, 0, 10, status_code=StatusCode.ERROR)]), TRACE)

    assert drawn
    assert drawn.rows[0].failed


def test_a_trace_that_was_not_kept_is_none() -> None:
    assert waterfall(SpanBatch.empty(), TRACE) is None
