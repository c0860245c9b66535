from __future__ import annotations

import numpy as np

from tracetune.sources.columns import NO_TIME, SpanColumns, screen
from tracetune.sources.resolve import Resolved, resolve

START = 1_700_000_000 * 10**9
PLAIN = resolve(0, 0, {}, {"service.name": "cart"})


def column_of(*rows: tuple[str, str, str, int | None, int | None], resolved: Resolved = PLAIN) -> SpanColumns:
    columns = SpanColumns()
    for trace_id, span_id, parent, start, end in rows:
        columns.append(trace_id, span_id, parent, "GET /", start, end, resolved)
    return columns


def test_short_ids_are_padded_on_the_left() -> None:
    row = column_of(("abc", "F", "", START, START)).take().spans.table.to_pylist()[0]

    assert row["trace_id"] == bytes(14) + b"\x0a\xbc"
    assert row["span_id"] == bytes(7) + b"\x0f"
    assert row["parent_span_id"] == bytes(8)


def test_spans_that_break_the_contract_are_counted_once_by_their_first_reason() -> None:
    columns = column_of(
        ("1", "1", "", START, START + 5),
        ("zz", "1", "", START, START),
        ("0", "1", "", None, START),
        ("1" * 33, "1", "", START, START),
        ("1", "", "", START, START),
        ("1", "x", "", START, START),
        ("1", "1", "", None, START),
        ("1", "1", "", START, None),
        ("1", "1", "", 0, START),
        ("1", "1", "", START, 10**40),
        ("1", "1", "", START, START - 1),
    )
    columns.reject("malformed", 3)

    decoded = columns.take()

    assert len(decoded.spans) == 1
    assert decoded.rejected == {
        "malformed": 3, "no_trace_id": 3, "no_span_id": 2, "no_time": 2, "time_out_of_range": 2, "negative_duration": 1,
    }  # fmt: skip


def test_an_unreadable_parent_makes_a_root() -> None:
    decoded = column_of(("1", "1", "not hex", START, START)).take()

    assert decoded.spans.ids("parent_span_id").tolist() == [0]


def test_labels_and_attributes_survive_the_round_trip() -> None:
    rich = resolve(3, 0, {"http.method": "GET", "peer.service": "db"}, {"service.name": "a", "service.version": "1"})
    columns = column_of(("1", "1", "", START, START), resolved=rich)
    columns.append("1", "2", "1", "other", START, START, PLAIN)
    columns.append("1", "3", "1", "GET /", START, START, rich)

    table = columns.take().spans.table
    table.validate(full=True)
    rows = table.to_pylist()

    assert [row["name"] for row in rows] == ["GET /", "other", "GET /"]
    assert [row["service_name"] for row in rows] == ["a", "cart", "a"]
    assert [row["service_version"] for row in rows] == ["1", None, "1"]
    assert [row["peer"] for row in rows] == ["db", None, "db"]
    assert [row["attributes"] for row in rows] == [
        [("http.request.method", "GET")],
        [],
        [("http.request.method", "GET")],
    ]


def test_spans_added_together_are_as_spans_added_one_by_one() -> None:
    rows = [
        ("abc", "F", "", START, START + 1),
        ("1", "x", "2", START, None),
        ("1" * 32, "2" * 16, "3" * 16, START, 10**40),
    ]
    together = SpanColumns()
    trace_ids, span_ids, parents, starts, ends = (list(column) for column in zip(*rows, strict=True))

    together.extend(trace_ids, span_ids, parents, ["GET /"] * 3, starts, ends, [PLAIN] * 3)
    found, expected = together.take(), column_of(*rows).take()

    assert found.spans.table.to_pylist() == expected.spans.table.to_pylist()
    assert found.rejected == expected.rejected == {"no_span_id": 1, "time_out_of_range": 1}


def test_taking_starts_anew() -> None:
    columns = column_of(("1", "1", "", START, START))
    columns.reject("malformed")
    columns.take()

    decoded = columns.take()

    assert len(decoded.spans) == 0
    assert decoded.rejected == {}


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    columns = SpanColumns()
    columns.append("1", "1", "", "caf\udcc3", START, START, PLAIN)

    assert columns.take().spans.labels("name")[1] == ["caf?"]


def test_screen_keeps_the_edges_of_the_range() -> None:
    first, last = 946_684_800 * 10**9, 4_102_444_800 * 10**9
    start = np.array([first, first - 1, last - 1, last, NO_TIME])
    ids = np.ones((5, 16), np.uint8)

    keep, rejected = screen(ids, ids[:, :8], start, start)

    assert keep.tolist() == [True, False, True, False, False]
    assert rejected == {"no_time": 1, "time_out_of_range": 2}
