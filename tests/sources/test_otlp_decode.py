from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from tracetune.domain.spans import Decoded
from tracetune.errors import InvalidInput
from tracetune.sources import otlp_decode, otlp_reference
from tracetune.sources.otlp_decode import OtlpDecoder
from tracetune.sources.otlp_frames import Part
from tracetune.sources.resolve import resolve
from tracetune.sources.semconv import KEPT_KEYS

NANO = 1_700_000_000_000_000_000

texts = st.text(max_size=12) | st.sampled_from(
    ["", "-", "10.0.0.7:8080", "outbound|80||a.b.svc.cluster.local", "500", "é" * 20]
)
values = st.one_of(
    st.builds(AnyValue, string_value=texts),
    st.builds(AnyValue, bool_value=st.booleans()),
    st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
    st.builds(AnyValue, double_value=st.floats()),
    st.builds(AnyValue, bytes_value=st.binary(max_size=4)),
    st.builds(lambda text: AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=text)])), texts),
    st.builds(lambda text: AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key=text)])), texts),
    st.just(AnyValue()),
)
keys = st.sampled_from([key.decode() for key in KEPT_KEYS]) | st.text(max_size=8)
attributes = st.lists(st.builds(KeyValue, key=keys, value=values), max_size=6)
times = st.sampled_from([NANO, NANO + 1, NANO + 10**9, 0, 1, 2**64 - 1])
ids = {
    width: st.binary(min_size=width, max_size=width) | st.sampled_from([b"", bytes(width), b"\x01"])
    for width in (8, 16)
}
spans = st.builds(
    Span, trace_id=ids[16], span_id=ids[8], parent_span_id=ids[8], name=texts, kind=st.integers(0, 7),
    start_time_unix_nano=times, end_time_unix_nano=times, attributes=attributes, flags=st.integers(0, 9),
    status=st.builds(Status, code=st.integers(0, 3), message=texts), trace_state=texts,
    events=st.lists(st.builds(Span.Event, name=texts, attributes=attributes), max_size=1),
    links=st.lists(st.builds(Span.Link, trace_id=ids[16], attributes=attributes), max_size=1),
)  # fmt: skip


def resource_spans(resource: list[KeyValue], made: list[Span]) -> ResourceSpans:
    batch = ResourceSpans(scope_spans=[ScopeSpans(spans=made), ScopeSpans()], schema_url="https://example.com")
    batch.resource.attributes.extend(resource)
    return batch


requests = st.builds(
    lambda batches: ExportTraceServiceRequest(resource_spans=batches),
    st.lists(st.builds(resource_spans, attributes, st.lists(spans, max_size=5)), max_size=3),
)


def plain_span(**changes: Any) -> Span:
    usual: dict[str, Any] = {
        "trace_id": b"\x01" * 16, "span_id": b"\x02" * 8, "name": "GET",
        "start_time_unix_nano": NANO, "end_time_unix_nano": NANO + 5,
    }  # fmt: skip
    return Span(**(usual | changes))


def route(text: str) -> KeyValue:
    return KeyValue(key="http.route", value=AnyValue(string_value=text))


def request_of(*made: Span, **resource: str) -> ExportTraceServiceRequest:
    pairs = [KeyValue(key=key.replace("_", "."), value=AnyValue(string_value=text)) for key, text in resource.items()]
    return ExportTraceServiceRequest(resource_spans=[resource_spans(pairs, list(made))])


def outcome(decode: Callable[[bytes], Decoded], message: bytes) -> tuple[Any, Any]:
    """Rows and rejections, or that it was refused."""
    try:
        decoded = decode(message)
    except InvalidInput:
        return "refused", None
    decoded.spans.table.validate(full=True)
    return decoded.spans.table.to_pylist(), decoded.rejected


def scanned(message: bytes) -> tuple[Any, Any]:
    # Bytes after the message that look like more of it: whoever reads beyond its end takes them for good.
    decoder = OtlpDecoder()

    def decode(data: bytes) -> Decoded:
        decoded, stopped_at = decoder.decode_part(Part(data + b"\x0a\x00" * 16, [(0, len(data))], 0))
        if stopped_at >= 0:
            raise InvalidInput("refused")
        return decoded

    return outcome(decode, message)


def protobuf_value(value: AnyValue) -> object:
    member = value.WhichOneof("value")
    return getattr(value, member) if member in ("string_value", "bool_value", "int_value", "double_value") else None


def first_of_each(pairs: Any) -> dict[str, object]:
    found: dict[str, object] = {}
    for pair in pairs:
        value = protobuf_value(pair.value)
        if value is not None:
            found.setdefault(pair.key, value)
    return found


def rows_by_protobuf(message: bytes) -> list[tuple[Any, ...]]:
    """Name, ids, times and what the attributes say of the spans that can be used, by the official bindings."""
    rows = []
    for batch in ExportTraceServiceRequest.FromString(message).resource_spans:
        resource = first_of_each(batch.resource.attributes)
        for span in (span for scope in batch.scope_spans for span in scope.spans):
            usable = len(span.trace_id) == 16 and any(span.trace_id) and len(span.span_id) == 8 and any(span.span_id)
            if not usable or not NANO <= span.start_time_unix_nano <= span.end_time_unix_nano < 2 * NANO:
                continue
            kind = span.kind if span.kind <= 5 else 0
            status = span.status.code if span.status.code <= 2 else 0
            said = resolve(kind, status, first_of_each(span.attributes), resource)
            parent = span.parent_span_id if len(span.parent_span_id) == 8 else bytes(8)
            rows.append((
                span.trace_id, span.span_id, parent, span.name, said.kind, span.start_time_unix_nano, span.end_time_unix_nano,
                said.status_code, said.service_name, said.service_version, said.instance, said.peer, list(said.attributes),
            ))  # fmt: skip
    return rows


@settings(max_examples=40)
@given(requests)
def test_scan_plain_reader_and_protobuf_agree_on_every_column_of_any_request(
    request: ExportTraceServiceRequest,
) -> None:
    message = request.SerializeToString()

    rows, rejected = scanned(message)

    assert (rows, rejected) == outcome(otlp_reference.decode, message)
    assert [tuple(row.values()) for row in rows] == rows_by_protobuf(message)


@settings(max_examples=60)
@given(requests, st.randoms(use_true_random=False))
def test_scan_and_plain_reader_agree_on_damaged_messages(
    request: ExportTraceServiceRequest, chance: random.Random
) -> None:
    message = bytearray(request.SerializeToString())
    for _ in range(chance.randrange(1, 4)):
        if message:
            message[chance.randrange(len(message))] = chance.choice([chance.randrange(256), 0, 127, 128, 255, 10])
    damaged = bytes(message[: chance.randrange(len(message) + 1)] if chance.random() < 0.3 else message)

    result = scanned(damaged)

    assert result == outcome(otlp_reference.decode, damaged)


@given(st.binary(max_size=60))
def test_scan_and_plain_reader_agree_on_arbitrary_bytes(message: bytes) -> None:
    assert scanned(message) == outcome(otlp_reference.decode, message)


def test_damaged_value_of_a_key_that_says_nothing_of_a_resource_is_not_looked_into() -> None:
    message = ExportTraceServiceRequest()
    damaged = message.resource_spans.add().resource.attributes.add(key="error")
    damaged.value.string_value = "x" * 8
    broken = message.SerializeToString().replace(b"\n\x08xxxxxxxx", b"\x18" + 9 * b"\xff")

    assert scanned(broken) == outcome(otlp_reference.decode, broken) == ([], {})


def test_every_truncation_of_a_request_is_read_alike() -> None:
    message = request_of(
        plain_span(status=Status(code=Status.STATUS_CODE_ERROR)), plain_span(kind=3), service_name="cart"
    ).SerializeToString()

    for end in range(len(message)):
        assert scanned(message[:end]) == outcome(otlp_reference.decode, message[:end])


def test_tables_grow_while_thousands_of_names_values_and_resources_are_met() -> None:
    made = [
        plain_span(name=f"GET /{n}" * 9, attributes=[KeyValue(key="http.route", value=AnyValue(string_value=f"/{n}"))])
        for n in range(1500)
    ]
    batches = [request_of(*made[n : n + 2], service_name=f"service-{n}").resource_spans[0] for n in range(0, 1500, 2)]
    message = ExportTraceServiceRequest(resource_spans=batches).SerializeToString()

    result = scanned(message)

    assert result == outcome(otlp_reference.decode, message)
    assert len(result[0]) == 1500


def test_a_span_with_more_known_attributes_than_there_is_room_for_is_read() -> None:
    pairs = [route("/a")] * 1000
    message = request_of(plain_span(attributes=pairs)).SerializeToString()

    rows, _ = scanned(message)

    assert rows[0]["attributes"] == [("http.route", "/a")]


@pytest.mark.parametrize("limit", ["_MOST_STRINGS", "_MOST_POOL_BYTES"])
def test_what_was_met_is_known_in_the_next_request_or_met_anew(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(otlp_decode, limit, 8)  # so that it is also forgotten in between
    decoder = OtlpDecoder()
    chance = random.Random(1)  # noqa: S311 - repeatable data
    messages = [
        request_of(
            plain_span(name=f"op-{chance.randrange(9)}"), service_name=f"s-{chance.randrange(3)}"
        ).SerializeToString()
        for _ in range(20)
    ]

    rows = [outcome(decoder.decode, message) for message in messages]

    assert rows == [outcome(otlp_reference.decode, message) for message in messages]


def test_names_that_are_not_utf_8_are_kept_with_replacement_characters() -> None:
    message = request_of(plain_span(name="GET")).SerializeToString().replace(b"GET", b"G\xffT")

    rows, _ = scanned(message)

    assert rows[0]["name"] == "G�T"


def test_spans_of_the_form_before_2022_are_read() -> None:
    batch = ScopeSpans(spans=[plain_span()]).SerializeToString()
    old = b"\xc2\x3e" + bytes([len(batch)]) + batch  # field 1000
    message = b"\x0a" + bytes([len(old)]) + old

    rows, _ = scanned(message)

    assert [row["name"] for row in rows] == ["GET"]


def test_each_fault_of_a_span_is_counted() -> None:
    made = [
        plain_span(trace_id=b"\x01" * 8), plain_span(span_id=bytes(8)), plain_span(end_time_unix_nano=0),
        plain_span(start_time_unix_nano=5), plain_span(end_time_unix_nano=NANO - 1), plain_span(),
    ]  # fmt: skip

    rows, rejected = scanned(request_of(*made).SerializeToString())

    assert len(rows) == 1
    assert rejected == dict.fromkeys(
        ["no_trace_id", "no_span_id", "no_time", "time_out_of_range", "negative_duration"], 1
    )


def test_a_malformed_request_is_refused_whole_with_the_offset() -> None:
    message = request_of(plain_span()).SerializeToString() + b"\x0b"

    with pytest.raises(InvalidInput, match=f"byte {len(message)}:"):
        OtlpDecoder().decode(message)


def test_warming_up_compiles_all_that_a_request_needs() -> None:
    otlp_decode.warm_up()

    from tracetune.sources.otlp_scan import scan_messages

    assert len(scan_messages.signatures) >= 1
