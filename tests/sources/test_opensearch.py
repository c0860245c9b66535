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
from tracetune.sources import opensearch
from tracetune.sources.opensearch import OpenSearchReader

START_NANOS = 1_616_693_010_088_478_464


def otel(**changes: Any) -> dict[str, Any]:
    plain = {
        "traceId": "4fa04f117be100f476b175e41096e736", "spanId": "e275ac9d21929e9b", "parentSpanId": "", "name": "checkout",
        "kind": "SPAN_KIND_SERVER", "startTime": "2021-03-25T17:23:30.088478464Z", "endTime": "2021-03-25T17:23:30.088478469Z",
        "serviceName": "cart", "status.code": 0, "span.attributes.http@method": "GET", "traceGroupFields.statusCode": 2,
        "resource.attributes.host@name": "node-1", "resource.attributes.service@version": "7",
    }  # fmt: skip
    return plain | changes


def jaeger(**changes: Any) -> dict[str, Any]:
    plain = {
        "traceID": "4376effce3c2d72d", "spanID": "71582afe25d7dec2", "operationName": "GET /customer",
        "references": [{"refType": "CHILD_OF", "traceID": "4376effce3c2d72d", "spanID": "6e07"}],
        "startTime": 1_674_578_014_920_566, "startTimeMillis": 1, "duration": 5, "tags": [{"key": "error", "value": True}],
        "tag": {"http@method": "GET", "span@kind": "server"},
        "process": {"serviceName": "customer", "tags": [], "tag": {"hostname": "1f3a"}},
    }  # fmt: skip
    return plain | changes


def read(text: bytes) -> tuple[list[dict[str, Any]], dict[str, int]]:
    parts = list(OpenSearchReader().read(io.BytesIO(text)))
    assert len(parts) == 1
    parts[0].spans.table.validate(full=True)
    return parts[0].spans.table.to_pylist(), dict(parts[0].rejected)


def lines(*documents: Any) -> bytes:
    return b"".join(
        (document if isinstance(document, bytes) else json.dumps(document).encode()) + b"\n" for document in documents
    )


HIT = {"_index": "otel-v1-apm-span-000001", "_source": otel()}
ACTION = {"index": {"_id": "e275ac9d21929e9b"}}


@pytest.mark.parametrize(
    "text",
    [
        lines(ACTION, otel()),
        lines(otel()),
        lines(HIT),
        json.dumps(otel(), indent=2).encode(),
        json.dumps(otel()).encode(),
        json.dumps([otel()]).encode(),
        json.dumps({"took": 1, "_shards": {"total": 1}, "hits": {"total": {"value": 1}, "hits": [HIT]}}).encode(),
    ],
)
def test_a_span_is_read_from_every_wrapping(text: bytes) -> None:
    rows, rejected = read(text)

    assert rejected == {}
    assert rows == [
        {
            "trace_id": bytes.fromhex("4fa04f117be100f476b175e41096e736"), "span_id": bytes.fromhex("e275ac9d21929e9b"),
            "parent_span_id": bytes(8), "name": "checkout", "kind": SpanKind.SERVER, "start_time_unix_nano": START_NANOS,
            "end_time_unix_nano": START_NANOS + 5, "status_code": StatusCode.UNSET, "service_name": "cart",
            "service_version": "7", "instance": "node-1", "peer": None,
            "attributes": [("host.name", "node-1"), ("http.request.method", "GET")],
        }
    ]  # fmt: skip


def test_nested_attributes_and_words_for_kind_and_status_are_understood() -> None:
    document = otel(
        kind="Client",
        status={"code": "Error", "message": ""},
        attributes={"http": {"status_code": 200}, "peer.service": "stock"},
        resource={"service.instance.id": "cart@1"},
    )
    del document["status.code"], document["resource.attributes.host@name"]

    rows, _ = read(lines(document))

    assert (rows[0]["kind"], rows[0]["status_code"]) == (SpanKind.CLIENT, StatusCode.ERROR)
    assert (rows[0]["peer"], rows[0]["instance"]) == ("stock", "cart@1")
    assert ("http.response.status_code", "200") in rows[0]["attributes"]


def test_a_missing_end_is_derived_from_the_duration() -> None:
    rows, rejected = read(lines(otel(endTime=None, durationInNanos=7), otel(endTime="soon"), otel(startTime=None)))

    assert [row["end_time_unix_nano"] - START_NANOS for row in rows] == [7]
    assert rejected == {"no_time": 2}


def test_a_jaeger_document_is_read_with_its_own_process() -> None:
    rows, rejected = read(lines(ACTION, jaeger(), ACTION, jaeger(spanID="2", process=None)))

    assert rejected == {}
    assert [row["service_name"] for row in rows] == ["customer", "unknown"]
    assert rows[0]["kind"] == SpanKind.SERVER
    assert rows[0]["status_code"] == StatusCode.ERROR
    assert rows[0]["parent_span_id"] == bytes(6) + b"\x6e\x07"
    assert rows[0]["attributes"] == [("host.name", "1f3a"), ("http.request.method", "GET")]
    assert rows[0]["end_time_unix_nano"] - rows[0]["start_time_unix_nano"] == 5_000


def test_ten_malformed_lines_among_good_ones_are_counted() -> None:
    good = [otel(spanId=f"{number + 1:x}") for number in range(20)]
    bad = [
        b"{",
        b'{"traceId": ',
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"a": 1}',
        b"<html>",
        b'{"traceId": "1"}',
        b'"x"',
        b"{}}",
    ]

    rows, rejected = read(lines(*good[:10], *bad, *good[10:]))

    assert len(rows) == 20
    assert rejected == {"malformed": 10}


def test_a_line_without_end_is_refused_with_its_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opensearch, "MAX_OBJECT_BYTES", 1 << 20)
    text = lines(otel()) + b'{"traceId": "' + b"0" * (2 << 20)
    parts = OpenSearchReader().read(io.BytesIO(text))

    first = next(parts)
    with pytest.raises(InvalidInput, match=f"byte {len(lines(otel()))}"):
        next(parts)

    assert len(first.spans) == 1


VALID = lines(ACTION, otel(), ACTION, jaeger(), HIT)


@given(st.data(), st.sampled_from([VALID, json.dumps([otel(), jaeger()]).encode()]))
def test_mutated_and_cut_files_are_read_or_refused(data: st.DataObject, valid: bytes) -> None:
    text = bytearray(valid[: data.draw(st.integers(0, len(valid)))])
    for _ in range(data.draw(st.integers(0, 4)) if text else 0):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))

    with contextlib.suppress(InvalidInput):
        for part in OpenSearchReader().read(io.BytesIO(bytes(text))):
            part.spans.table.validate(full=True)


JSON: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=4)
    | st.just([{}])
    | st.just({"a": []})
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from([*otel(), "status", "resource", "attributes"]), JSON, max_size=3), max_size=3
    )
)
def test_values_of_any_type_are_counted_never_raised(changes: list[dict[str, Any]]) -> None:
    rows, rejected = read(
        lines(otel(), *[otel() | change for change in changes], *[jaeger() | change for change in changes])
    )

    assert len(rows) + sum(rejected.values()) == 1 + 2 * len(changes)
