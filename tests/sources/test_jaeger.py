from __future__ import annotations

import contextlib
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracetune.domain.spans import SpanKind, StatusCode
from tracetune.errors import InvalidInput
from tracetune.sources import jaeger
from tracetune.sources.jaeger import JaegerReader

START = 1_700_000_000_000_000  # µs


def span(number: int, **changes: Any) -> dict[str, Any]:
    plain = {
        "traceID": "a1", "spanID": f"{number:x}", "operationName": "GET /", "references": [], "startTime": START + number,
        "duration": 10, "tags": [], "logs": [], "processID": "p1", "warnings": None,
    }  # fmt: skip
    return plain | changes


def trace(*spans: Any, **changes: Any) -> dict[str, Any]:
    processes = {"p1": {"serviceName": "cart", "tags": [{"key": "hostname", "type": "string", "value": "cart-0"}]}}
    return {"traceID": "a1", "spans": list(spans), "processes": processes} | changes


def read(document: Any) -> tuple[list[dict[str, Any]], dict[str, int]]:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    rows: list[dict[str, Any]] = []
    rejected: dict[str, int] = {}
    for part in JaegerReader().read(io.BytesIO(text)):
        part.spans.table.validate(full=True)
        rows += part.spans.table.to_pylist()
        for reason, count in part.rejected.items():
            rejected[reason] = rejected.get(reason, 0) + count
    return rows, rejected


def reference(kind: str, span_id: str, trace_id: str = "a1", **more: Any) -> dict[str, Any]:
    return {"refType": kind, "traceID": trace_id, "spanID": span_id, **more}


@pytest.mark.parametrize(
    "document",
    [
        {"data": [trace(span(1))], "total": 0, "limit": 0, "offset": 0, "errors": None},
        {"total": 0, "errors": None, "data": [trace(span(1))]},
        {"traces": [trace(span(1))]},
        trace(span(1)),
        [trace(span(1))],
        {"processes": trace()["processes"], "spans": [span(1)], "traceID": "a1"},
        b"\n".join(json.dumps(trace(span(1))).encode() for _ in range(1)),
        json.dumps({"data": [trace(span(1))]}, indent=4).encode(),
    ],
)
def test_every_wrapping_gives_the_same_span(document: Any) -> None:
    rows, rejected = read(document)

    assert rejected == {}
    assert len(rows) == 1
    assert rows[0] == {
        "trace_id": bytes(15) + b"\xa1", "span_id": bytes(7) + b"\x01", "parent_span_id": bytes(8), "name": "GET /", "kind": 0,
        "start_time_unix_nano": (START + 1) * 1000, "end_time_unix_nano": (START + 11) * 1000, "status_code": 0,
        "service_name": "cart", "service_version": None, "instance": "cart-0",
        "peer": None, "attributes": [("host.name", "cart-0")],
    }  # fmt: skip


def test_the_parent_is_the_first_child_of_in_the_same_trace() -> None:
    references = [
        reference("FOLLOWS_FROM", "7"),
        reference("CHILD_OF", "8", trace_id="b2"),
        reference("CHILD_OF", "9", trace_id="00A1", span={"references": [reference("CHILD_OF", "5")]}),
        reference("CHILD_OF", "a"),
    ]

    rows, _ = read(trace(span(1, references=references)))

    assert rows[0]["parent_span_id"] == bytes(7) + b"\x09"


def test_follows_from_is_the_parent_where_there_is_no_child_of() -> None:
    rows, _ = read(
        trace(span(1, references=[reference("FOLLOWS_FROM", "7")]), span(2, references=None, parentSpanID="1"))
    )

    assert [row["parent_span_id"][-1] for row in rows] == [7, 1]


def test_nested_references_of_hundreds_of_levels_are_skipped() -> None:
    chain = reference("CHILD_OF", "fff")
    for number in range(300):
        chain = reference("CHILD_OF", f"{number + 1:x}", span=span(number + 1, references=[chain]))

    rows, rejected = read({"data": [trace(span(1, references=[chain]))]})

    assert rejected == {}
    assert [row["parent_span_id"][-2:] for row in rows] == [b"\x01\x2c"]


def test_nesting_without_end_costs_its_trace_and_nothing_else() -> None:
    deep = json.dumps(trace(span(1))).replace(
        '"references": []', '"references": ' + '[{"span":' * 90_000 + "0" + "}]" * 90_000
    )

    rows, rejected = read(b'{"data": [' + deep.encode() + b"," + json.dumps(trace(span(2))).encode() + b"]}")

    assert [row["span_id"][-1] for row in rows] == [2]
    assert rejected == {"malformed": 1}


def test_tags_of_span_and_process_are_resolved() -> None:
    tags = [
        {"key": "span.kind", "type": "string", "value": "client"},
        {"key": "error", "type": "bool", "value": True},
        {"key": "http.status_code", "type": "int64", "value": 503},
        {"key": "peer.service", "type": "string", "value": "stock"},
        {"key": "not.kept", "type": "string", "value": "x"},
    ]

    rows, _ = read(trace(span(1, tags=tags)))

    assert (rows[0]["kind"], rows[0]["status_code"], rows[0]["peer"]) == (SpanKind.CLIENT, StatusCode.ERROR, "stock")
    assert rows[0]["attributes"] == [("host.name", "cart-0"), ("http.response.status_code", "503")]


def test_a_span_may_carry_its_process() -> None:
    rows, _ = read(
        trace(span(1, processID=None, process={"serviceName": "own", "tags": None}), span(2, processID="missing"))
    )

    assert [row["service_name"] for row in rows] == ["own", "unknown"]


def test_one_bad_span_does_not_cost_its_trace() -> None:
    spans = [
        span(1),
        span(2, startTime=[]),
        "no span",
        span(3, spanID=7),
        span(4, duration=-5),
        span(5, startTime=5),
        span(6),
    ]

    rows, rejected = read({"data": [trace(*spans), 17, {"spans": "none"}, trace(span(8, traceID=""))]})

    assert [row["span_id"][-1] for row in rows] == [1, 6]
    assert rejected == {"malformed": 4, "negative_duration": 1, "time_out_of_range": 1, "no_trace_id": 1}


def test_text_and_fractional_times_are_numbers_too() -> None:
    rows, _ = read(trace(span(1, startTime=str(START), duration="7"), span(2, startTime=float(START), duration=1.5)))

    assert [row["end_time_unix_nano"] - START * 1000 for row in rows] == [7000, 1500]


def test_an_odd_span_does_not_change_how_its_neighbours_are_read() -> None:
    tags = [
        {"key": "error", "value": True},
        {"key": "http.status_code", "value": 200.0},
        {"key": "db.type", "value": [1]},
    ]
    parents = [[], [reference("CHILD_OF", "1")], [reference("FOLLOWS_FROM", "2", trace_id="0A1")]]
    spans = [span(number + 1, tags=tags[: number + 1], references=parents[number]) for number in range(3)]

    at_once, _ = read(trace(*spans))
    one_by_one, rejected = read(trace(*spans, span(9, startTime=[])))

    assert len(at_once) == 3
    assert one_by_one == at_once
    assert rejected == {"malformed": 1}


def test_true_and_one_are_different_values_of_a_tag() -> None:
    tags = [[{"key": "http.route", "value": value}] for value in (True, 1, 1.0, "1", None)]

    rows, _ = read(trace(*[span(number + 1, tags=tag) for number, tag in enumerate(tags)]))

    routes = [dict(row["attributes"]).get("http.route") for row in rows]
    assert routes == ["true", "1", "1", "1", None]


def test_a_large_trace_is_decoded_in_pieces_to_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    document = {"data": [trace(*[span(number + 1) for number in range(50)])]}
    whole = read(document)
    monkeypatch.setattr(jaeger, "_WHOLE_BYTES", 100)
    monkeypatch.setattr(jaeger, "_PIECE_SPANS", 7)
    monkeypatch.setattr(jaeger, "BATCH_SPANS", 10)

    parts = list(JaegerReader().read(io.BytesIO(json.dumps(document).encode())))

    assert read(document) == whole
    assert max(len(part.spans) for part in parts) <= 17


def test_a_cut_file_gives_its_whole_traces_and_then_says_where_it_was_cut() -> None:
    text = json.dumps({"data": [trace(span(1)), trace(span(2))]}).encode()[:-30]
    parts = JaegerReader().read(io.BytesIO(text))

    first = next(parts)
    with pytest.raises(InvalidInput, match=r"byte \d+"):
        next(parts)

    assert len(first.spans) == 1


VALID = json.dumps({"data": [trace(span(1, tags=[{"key": "error", "value": True}]), span(2)), trace(span(3))]}).encode()


@given(st.data())
def test_mutated_and_cut_files_are_read_or_refused(data: st.DataObject) -> None:
    text = bytearray(VALID[: data.draw(st.integers(0, len(VALID)))])
    for _ in range(data.draw(st.integers(0, 4)) if text else 0):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))

    with contextlib.suppress(InvalidInput):
        for part in JaegerReader().read(io.BytesIO(bytes(text))):
            part.spans.table.validate(full=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["traceID", "spanID", "tags", "key", "value", "startTime", "spans", "process"]), inner
        )
    ),
    max_leaves=10,
)


@given(st.lists(st.dictionaries(st.sampled_from(sorted(span(1))), JSON, max_size=3), max_size=3))
def test_spans_with_values_of_any_type_are_counted_never_raised(changes: list[dict[str, Any]]) -> None:
    spans = [span(number + 1) | change for number, change in enumerate(changes)]

    rows, rejected = read({"data": [trace(*spans)]})

    assert len(rows) + sum(rejected.values()) == len(spans)
