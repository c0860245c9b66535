"""The shorthand for spans says what it seems to say."""

from __future__ import annotations

import doctest

import pytest

from tracetune.domain.spans import SpanKind, StatusCode
from tracetune.testing import build as module
from tracetune.testing.build import DAY_START_UNIX_NANO, build, span_id, trace_id

SHOP = """
    checkout POST /order 0ms +120ms kind=server version=v2
      checkout payments.Authorize 5ms +90ms kind=client peer=payments
        payments Authorize 10ms +80ms kind=server instance=p-1 error
      cart Read 95ms +20ms http.response.status_code=200
"""


def test_examples_of_the_docstrings_hold() -> None:
    failed, tried = doctest.testmod(module)

    assert failed == 0
    assert tried > 0


def test_indentation_makes_children_of_the_nearest_line_indented_less() -> None:
    spans = build(SHOP)

    assert spans.table["parent_span_id"].to_pylist() == [span_id(0), span_id(1), span_id(2), span_id(1)]


def test_words_behind_the_duration_fill_the_columns() -> None:
    root, client, server, cart = build(SHOP).table.to_pylist()

    assert (root["kind"], root["service_version"], root["instance"]) == (SpanKind.SERVER, "v2", None)
    assert (client["kind"], client["peer"]) == (SpanKind.CLIENT, "payments")
    assert (server["status_code"], server["instance"]) == (StatusCode.ERROR, "p-1")
    assert (cart["kind"], cart["attributes"]) == (SpanKind.INTERNAL, [("http.response.status_code", "200")])


def test_offsets_and_clock_times_count_from_the_start() -> None:
    spans = build("cart 23:59:59.9 +300ms\ncart Read 1.5us +10ns", start_time_unix_nano=1000)

    assert spans.column("start_time_unix_nano").tolist() == [1000 + 86_399_900_000_000, 2500]
    assert spans.column("end_time_unix_nano").tolist() == [1000 + 86_400_200_000_000, 2510]


def test_span_without_a_name_is_named_like_its_service() -> None:
    spans = build("cart 0ms +1ms")

    assert spans.table["name"].to_pylist() == ["cart"]


def test_blank_lines_part_traces_however_many_they_are() -> None:
    spans = build("\n\na x 0ms +1ms\n\n\n  \nb y 0ms +1ms\nb z 2ms +1ms\n")

    assert spans.table["trace_id"].to_pylist() == [trace_id(1), trace_id(2), trace_id(2)]
    assert spans.table["span_id"].to_pylist() == [span_id(1), span_id(1), span_id(2)]


def test_given_ids_make_duplicates_and_orphans() -> None:
    spans = build("a x 0ms +1ms\n  a y 0ms +1ms id=1\n  a z 0ms +1ms parent=99")

    assert spans.table["span_id"].to_pylist() == [span_id(1), span_id(1), span_id(3)]
    assert spans.table["parent_span_id"].to_pylist()[2] == span_id(99)


def test_repetitions_are_new_traces_and_begin_later() -> None:
    spans = build("a x 0ms +1ms\n  a y 0ms +1ms\n\nb z 5ms +1ms", repeat=3, every="1m")

    first = spans.table["trace_id"].to_pylist()
    assert len(set(first)) == 6
    assert first[3:5] == [trace_id(3), trace_id(3)]
    starts = (spans.column("start_time_unix_nano") - DAY_START_UNIX_NANO) // 1_000_000
    assert starts.tolist() == [0, 0, 5, 60_000, 60_000, 60_005, 120_000, 120_000, 120_005]


def test_nothing_builds_no_spans() -> None:
    assert len(build("  \n", repeat=4)) == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("cart Read 0ms 20ms", "write SERVICE NAME START \\+DURATION"),
        ("cart +20ms", "write SERVICE NAME START"),
        ("cart Read zero +20ms", "'zero' is no time"),
        ("cart Read 0ms +20", "'20' is no time"),
        ("cart Read 0ms +20ms knd=server", "'knd=server' means nothing"),
        ("cart Read 0ms +20ms kind=servant", "'kind=servant' means nothing"),
    ],
)
def test_line_that_is_not_shorthand_is_refused_with_the_line_and_the_reason(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        build(line)

    assert line in str(caught.value)
