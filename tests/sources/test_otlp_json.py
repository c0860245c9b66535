from __future__ import annotations

import base64
import contextlib
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracetune.domain.spans import SpanKind, StatusCode
from tracetune.errors import InvalidInput
from tracetune.ports import SpanReader
from tracetune.sources import otlp_json
from tracetune.sources.otlp_json import OtlpJsonLinesReader, OtlpJsonReader

NANO = 1_700_000_000_000_000_000
TRACE_ID, SPAN_ID = bytes(range(16)), bytes(range(1, 9))


def span(**changes: Any) -> dict[str, Any]:
    plain = {
        "traceId": TRACE_ID.hex(), "spanId": SPAN_ID.hex(), "name": "GET", "kind": 2,
        "startTimeUnixNano": str(NANO), "endTimeUnixNano": str(NANO + 5), "attributes": [], "status": {},
    }  # fmt: skip
    return plain | changes


def attribute(key: str, **value: Any) -> dict[str, Any]:
    return {"key": key, "value": value}


def batch(*spans: Any) -> dict[str, Any]:
    resource = {"attributes": [attribute("service.name", stringValue="cart")]}
    return {"resource": resource, "scopeSpans": [{"scope": {}, "spans": list(spans)}]}


def read(text: bytes, reader: SpanReader | None = None) -> tuple[list[dict[str, Any]], Counter[str]]:
    rows: list[dict[str, Any]] = []
    rejected: Counter[str] = Counter()
    for part in (reader or OtlpJsonReader()).read(io.BytesIO(text)):
        part.spans.table.validate(full=True)
        rows += part.spans.table.to_pylist()
        rejected.update(part.rejected)
    return rows, rejected


def only_row(**changes: Any) -> dict[str, Any]:
    rows, rejected = read(json.dumps({"resourceSpans": [batch(span(**changes))]}).encode())
    assert (len(rows), rejected) == (1, Counter())
    return rows[0]


@pytest.mark.parametrize("key", ["resourceSpans", "batches"])
@pytest.mark.parametrize("scopes", ["scopeSpans", "instrumentationLibrarySpans"])
def test_documents_of_every_age_and_of_tempo_are_read(key: str, scopes: str) -> None:
    document = {key: [{scopes: [{"spans": [span()]}], "resource": batch()["resource"]}]}

    rows, _ = read(json.dumps(document, indent=1).encode())

    assert [(row["name"], row["service_name"]) for row in rows] == [("GET", "cart")]


def test_keys_in_protobufs_own_spelling_are_read() -> None:
    snake = {
        "trace_id": TRACE_ID.hex(), "span_id": SPAN_ID.hex(), "start_time_unix_nano": str(NANO), "end_time_unix_nano": str(NANO),
        "attributes": [{"key": "http_x", "value": {"string_value": "a"}},
        {"key": "http.route", "value": {"string_value": "/a_b"}}],
    }  # fmt: skip
    document = {"resource_spans": [{"scope_spans": [{"spans": [snake]}]}]}

    rows, _ = read(json.dumps(document).encode())

    assert [(row["trace_id"], row["attributes"]) for row in rows] == [(TRACE_ID, [("http.route", "/a_b")])]


def test_a_bad_span_in_protobufs_own_spelling_is_counted_and_its_neighbours_read() -> None:
    good = {
        "trace_id": TRACE_ID.hex(),
        "span_id": SPAN_ID.hex(),
        "start_time_unix_nano": NANO,
        "end_time_unix_nano": NANO,
    }
    resource = {"attributes": [{"key": "service.name", "value": {"string_value": "cart"}}]}
    document = {
        "resource_spans": [
            {"resource": resource, "scope_spans": [{"spans": [good, good | {"span_id": [7]}, 3, good]}]},
            {"scope_spans": 3},
        ]
    }

    rows, rejected = read(json.dumps(document).encode())

    assert [row["service_name"] for row in rows] == ["cart", "cart"]
    assert rejected == {"malformed": 3}


@pytest.mark.parametrize("form", [bytes.hex, lambda raw: raw.hex().upper(), lambda raw: base64.b64encode(raw).decode()])
def test_ids_are_read_in_hexadecimal_and_in_base64(form: Any) -> None:
    row = only_row(traceId=form(TRACE_ID), spanId=form(SPAN_ID), parentSpanId=form(b"\xff" * 8))

    assert (row["trace_id"], row["span_id"], row["parent_span_id"]) == (TRACE_ID, SPAN_ID, b"\xff" * 8)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(3, SpanKind.CLIENT), ("SPAN_KIND_CLIENT", SpanKind.CLIENT), ("3", 3), ("", 0), (None, 0), (9, 0), ("odd", 0)],
)
def test_kinds_are_read_as_number_and_as_name(kind: Any, expected: int) -> None:
    assert only_row(kind=kind)["kind"] == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"code": 2}, StatusCode.ERROR), ({"code": "STATUS_CODE_ERROR"}, StatusCode.ERROR),
        ({"code": "STATUS_CODE_OK"}, StatusCode.OK),
        ({"code": ""}, 0), ({"message": "x"}, 0), ({}, 0), (None, 0), ({"code": 7}, 0),
    ],
)  # fmt: skip
def test_statuses_are_read_as_number_and_as_name(status: Any, expected: int) -> None:
    assert only_row(status=status)["status_code"] == expected


def test_times_are_read_as_number_and_as_text() -> None:
    row = only_row(startTimeUnixNano=NANO + 1, endTimeUnixNano=str(NANO + 9))

    assert (row["start_time_unix_nano"], row["end_time_unix_nano"]) == (NANO + 1, NANO + 9)


@pytest.mark.parametrize(
    ("odd", "reason"),
    [({"startTimeUnixNano": "soon"}, "no_time"), ({"name": []}, "malformed"), ({"endTimeUnixNano": None}, "no_time")],
)
def test_an_odd_span_does_not_change_how_its_neighbours_are_read(odd: dict[str, Any], reason: str) -> None:
    variants: list[tuple[Any, dict[str, Any]]] = [(3, {}), ("2", {"boolValue": True}), (None, {"intValue": 1})]
    spans = [
        span(
            spanId=f"{number + 1:016x}",
            kind=kind,
            status={"code": number % 3},
            attributes=[attribute("error", **value)],
        )
        for number, (kind, value) in enumerate(variants)
    ]

    at_once, _ = read(json.dumps({"resourceSpans": [batch(*spans)]}).encode())
    one_by_one, rejected = read(json.dumps({"resourceSpans": [batch(*spans, span(**odd))]}).encode())

    assert len(at_once) == 3
    assert one_by_one == at_once
    assert rejected == {reason: 1}


def test_a_whole_number_written_as_a_fraction_is_a_time() -> None:
    row = only_row(startTimeUnixNano=float(NANO), endTimeUnixNano=NANO + 1)

    assert (row["start_time_unix_nano"], row["end_time_unix_nano"]) == (NANO, NANO + 1)


def test_a_line_that_is_too_long_to_hold_is_refused_after_those_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_json, "MAX_LINE_BYTES", 2_000)
    good = json.dumps({"resourceSpans": [batch(span())]}).encode()
    parts = OtlpJsonLinesReader().read(io.BytesIO(good + b"\n" + b" " * 3_000))

    first = next(parts)
    with pytest.raises(InvalidInput, match=f"line at byte {len(good) + 1}"):
        next(parts)

    assert len(first.spans) == 1


def test_a_line_of_many_batches_is_given_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_json, "BATCH_SPANS", 2)
    line = json.dumps({"resourceSpans": [batch(span()) for _ in range(5)]}).encode()

    parts = list(OtlpJsonLinesReader().read(io.BytesIO(line)))

    assert [len(part.spans) for part in parts] == [2, 2, 1]


def test_a_cut_document_gives_its_whole_batches_and_then_says_where_it_was_cut() -> None:
    text = json.dumps({"resourceSpans": [batch(span()), batch(span())]}).encode()[:-30]
    parts = OtlpJsonReader().read(io.BytesIO(text))

    first = next(parts)
    with pytest.raises(InvalidInput, match=r"byte \d+"):
        next(parts)

    assert len(first.spans) == 1


def test_typed_values_become_text_and_others_are_left_out() -> None:
    values: dict[str, dict[str, Any]] = {
        "http.route": {"stringValue": "/a"}, "http.response.status_code": {"intValue": "204"},
        "rpc.grpc.status_code": {"intValue": 0},
        "sampler.param": {"doubleValue": 0.25}, "error": {"boolValue": False}, "rpc.method": {"arrayValue": {"values": []}},
        "db.system": {"kvlistValue": {"values": []}}, "response_flags": {}, "unknown": {"stringValue": "x"},
    }  # fmt: skip

    row = only_row(attributes=[attribute(key, **value) for key, value in values.items()])

    assert dict(row["attributes"]) == {
        "http.route": "/a", "http.response.status_code": "204", "rpc.response.status_code": "0", "sampler.param": "0.25",
    }  # fmt: skip


def test_spans_that_are_none_are_counted_and_their_neighbours_read() -> None:
    document = {
        "resourceSpans": [
            batch(span(), 7, span(name=[]), span(traceId=""), span(startTimeUnixNano=None)),
            [],
            batch(span()),
        ]
    }

    rows, rejected = read(json.dumps(document).encode())

    assert len(rows) == 2
    assert rejected == {"malformed": 2, "no_trace_id": 1, "no_time": 1}


def test_a_large_batch_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_json, "_WHOLE_BYTES", 10)
    monkeypatch.setattr(otlp_json, "_PIECE_SPANS", 2)
    document = {"resourceSpans": [batch(*(span(name=f"op{n}") for n in range(5)))]}

    rows, _ = read(json.dumps(document).encode())

    assert [row["name"] for row in rows] == [f"op{n}" for n in range(5)]


def test_bad_lines_are_counted_between_good_ones() -> None:
    good = json.dumps({"resourceSpans": [batch(span())]}).encode()
    lines = [good, b"{", b"", b"\xff\xfe", good[:-9], b"[1]", good]

    rows, rejected = read(b"\n".join(lines), OtlpJsonLinesReader())

    assert len(rows) == 2
    assert rejected == {"malformed": 4}


@given(st.binary(max_size=80), st.integers(0, 400), st.sampled_from([OtlpJsonReader(), OtlpJsonLinesReader()]))
def test_damaged_text_is_refused_or_counted_but_never_a_surprise(junk: bytes, at: int, reader: SpanReader) -> None:
    text = json.dumps({"resourceSpans": [batch(span()), batch(span(name="POST"))]}).encode()
    at = min(at, len(text))

    for damaged in (text[:at] + junk + text[at + len(junk) :], text[:at], junk):
        with contextlib.suppress(InvalidInput):
            read(damaged, reader)


def attributes_of(thing: dict[str, Any]) -> dict[str, Any]:
    return {pair["key"]: pair.get("value", {}).get("stringValue") for pair in thing.get("attributes", [])}


def counted_plainly(document: dict[str, Any]) -> tuple[int, int, set[str]]:
    """Spans, traces and services, by plain loops over the decoded document."""
    spans, traces, services = 0, set(), set()
    for part in document.get("resourceSpans") or document.get("batches") or ():
        service = attributes_of(part.get("resource", {})).get("service.name")
        for scope in part.get("scopeSpans") or part.get("instrumentationLibrarySpans") or ():
            for one in scope["spans"]:
                spans += 1
                traces.add(one["traceId"])
                services.add(attributes_of(one).get("istio.canonical_service") or service or "unknown")
    return spans, len(traces), services


def test_real_documents_have_the_counts_of_plain_loops(data_dir: Path) -> None:
    checked = 0
    for path in sorted((data_dir / "trace_fixtures").rglob("*.json")):
        text = path.read_bytes()
        if b'"resourceSpans"' not in text and b'"batches"' not in text:
            continue
        rows, rejected = read(text)
        spans, traces, services = counted_plainly(json.loads(text))
        assert len(rows) + rejected.total() == spans, path
        if not rejected:
            assert len({row["trace_id"] for row in rows}) == traces, path
            assert {row["service_name"] for row in rows} == services or not spans, path
        checked += 1
    assert checked > 40
