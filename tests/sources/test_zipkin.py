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
from tracetune.sources.zipkin import ZipkinReader, ZipkinV1Reader

START = 1_700_000_000_000_000  # µs
FRONT = {"serviceName": "frontend", "ipv4": "10.0.0.1", "port": 80}
BACK = {"serviceName": "backend", "ipv4": "10.0.0.2"}


def rows_of(reader: ZipkinReader | ZipkinV1Reader, document: Any) -> tuple[list[dict[str, Any]], dict[str, int]]:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    parts = list(reader.read(io.BytesIO(text)))
    assert len(parts) == 1
    parts[0].spans.table.validate(full=True)
    return parts[0].spans.table.to_pylist(), dict(parts[0].rejected)


def v2(**changes: Any) -> dict[str, Any]:
    plain = {
        "traceId": "a1", "id": "1", "kind": "CLIENT", "name": "get", "timestamp": START, "duration": 10,
        "localEndpoint": FRONT, "remoteEndpoint": BACK, "tags": {"http.method": "GET", "http.status_code": "404"},
    }  # fmt: skip
    return plain | changes


@pytest.mark.parametrize(
    "document", [[v2()], [[v2()]], v2(), json.dumps([v2()], indent=2).encode(), json.dumps(v2()).encode() + b"\n"]
)
def test_a_span_is_read_from_every_wrapping(document: Any) -> None:
    rows, rejected = rows_of(ZipkinReader(), document)

    assert rejected == {}
    assert rows == [
        {
            "trace_id": bytes(15) + b"\xa1", "span_id": bytes(7) + b"\x01", "parent_span_id": bytes(8), "name": "get",
            "kind": SpanKind.CLIENT, "start_time_unix_nano": START * 1000, "end_time_unix_nano": (START + 10) * 1000,
            "status_code": StatusCode.ERROR, "service_name": "frontend", "service_version": None, "instance": "10.0.0.1",
            "peer": "backend", "attributes": [("http.request.method", "GET"), ("http.response.status_code", "404")],
        }
    ]  # fmt: skip


def test_a_shared_span_is_two_rows_of_one_id() -> None:
    server = v2(kind="SERVER", shared=True, localEndpoint=BACK, remoteEndpoint=FRONT, timestamp=START + 2, duration=5)

    rows, _ = rows_of(ZipkinReader(), [v2(), server])

    assert [(row["span_id"][-1], row["kind"], row["service_name"]) for row in rows] == [
        (1, SpanKind.CLIENT, "frontend"),
        (1, SpanKind.SERVER, "backend"),
    ]


def test_a_span_without_kind_duration_or_service_is_judged_by_what_is_missing() -> None:
    spans = [
        v2(kind=None),
        v2(duration=None),
        v2(timestamp=None),
        v2(localEndpoint=None),
        v2(tags={"error": ""}),
        v2(id=5),
    ]

    rows, rejected = rows_of(ZipkinReader(), spans)

    assert [row["kind"] for row in rows] == [SpanKind.UNSPECIFIED, SpanKind.CLIENT, SpanKind.CLIENT]
    assert [row["service_name"] for row in rows] == ["frontend", "unknown", "frontend"]
    assert rows[2]["status_code"] == StatusCode.ERROR
    assert rejected == {"no_time": 2, "malformed": 1}


def test_resource_attributes_that_opentelemetry_puts_in_the_tags_are_found() -> None:
    tags = {"k8s.pod.name": "cart-0", "service.version": "1.2", "service.name": "ignored", "otel.status_code": "OK"}

    rows, _ = rows_of(ZipkinReader(), [v2(tags=tags)])

    assert (rows[0]["instance"], rows[0]["service_version"]) == ("cart-0", "1.2")
    assert (rows[0]["service_name"], rows[0]["status_code"]) == ("frontend", StatusCode.OK)


def note(value: str, offset: int, endpoint: dict[str, Any]) -> dict[str, Any]:
    return {"value": value, "timestamp": START + offset, "endpoint": endpoint}


def v1(*notes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"traceId": "a1", "id": "1", "parentId": None, "name": "get", "annotations": list(notes)} | changes


def times(row: dict[str, Any]) -> tuple[int, int]:
    return row["start_time_unix_nano"] // 1000 - START, row["end_time_unix_nano"] // 1000 - START


def test_a_v1_span_that_both_sides_shared_becomes_two() -> None:
    notes = [note("cs", 0, FRONT), note("sr", 2, BACK), note("ss", 8, BACK), note("cr", 10, FRONT)]

    rows, rejected = rows_of(ZipkinV1Reader(), [v1(*notes, timestamp=START, duration=10)])

    assert rejected == {}
    assert [(row["kind"], row["service_name"], row["instance"], *times(row)) for row in rows] == [
        (SpanKind.CLIENT, "frontend", "10.0.0.1", 0, 10),
        (SpanKind.SERVER, "backend", "10.0.0.2", 2, 8),
    ]


def test_a_missing_annotation_is_made_up_for_by_the_spans_own_times() -> None:
    rows, rejected = rows_of(
        ZipkinV1Reader(),
        [
            v1(note("sr", 2, BACK), timestamp=START + 2, duration=6),
            v1(note("ss", 8, BACK), timestamp=START + 2, duration=6),
            v1(note("sr", 2, BACK), note("ss", 8, BACK)),
            v1(note("cs", 1, FRONT)),
        ],
    )

    assert [times(row) for row in rows] == [(2, 8)] * 3
    assert rejected == {"no_time": 1}


def test_a_local_v1_span_takes_the_endpoint_of_its_component() -> None:
    tags = [{"key": "sa", "value": True, "endpoint": BACK}, {"key": "lc", "value": "jdbc", "endpoint": FRONT}]

    rows, _ = rows_of(ZipkinV1Reader(), [v1(timestamp=START, duration=3, binaryAnnotations=tags)])

    assert (rows[0]["kind"], rows[0]["service_name"], times(rows[0])) == (SpanKind.UNSPECIFIED, "frontend", (0, 3))


def test_v1_addresses_name_the_other_side() -> None:
    tags = [
        {"key": "sa", "value": True, "endpoint": BACK},
        {"key": "http.status_code", "value": "500", "endpoint": FRONT},
    ]

    rows, _ = rows_of(ZipkinV1Reader(), [v1(note("cs", 0, FRONT), note("cr", 5, FRONT), binaryAnnotations=tags)])

    assert (rows[0]["peer"], rows[0]["status_code"]) == ("backend", StatusCode.ERROR)


V2_TEXT = json.dumps([v2(), v2(id="2", parentId="1")]).encode()
V1_TEXT = json.dumps([v1(note("cs", 0, FRONT), note("cr", 5, FRONT)), v1(timestamp=START, duration=1)]).encode()


@given(st.data(), st.sampled_from([(ZipkinReader(), V2_TEXT), (ZipkinV1Reader(), V1_TEXT)]))
def test_mutated_and_cut_files_are_read_or_refused(
    data: st.DataObject, case: tuple[ZipkinReader | ZipkinV1Reader, bytes]
) -> None:
    reader, valid = case
    text = bytearray(valid[: data.draw(st.integers(0, len(valid)))])
    for _ in range(data.draw(st.integers(0, 4)) if text else 0):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))

    with contextlib.suppress(InvalidInput):
        for part in reader.read(io.BytesIO(bytes(text))):
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


@given(st.lists(st.dictionaries(st.sampled_from(sorted({*v2(), *v1()})), JSON, max_size=3), max_size=3))
def test_values_of_any_type_are_counted_never_raised(changes: list[dict[str, Any]]) -> None:
    for reader, plain in ((ZipkinReader(), v2()), (ZipkinV1Reader(), v1(timestamp=START, duration=1))):
        rows, rejected = rows_of(reader, [plain | change for change in changes])

        assert len(rows) + sum(rejected.values()) == len(changes)
