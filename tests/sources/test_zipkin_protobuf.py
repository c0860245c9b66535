"""Zipkin's protobuf gives the spans that its JSON gives."""

from __future__ import annotations

import pytest
from tests.live.parts import trace_of

from tracetune.domain.spans import SpanBatch
from tracetune.errors import InvalidInput
from tracetune.sources.payloads import Format, PayloadDecoder
from tracetune.sources.zipkin_protobuf import decode
from tracetune.testing.otlp_writer import _field, _number, _string
from tracetune.testing.zipkin_writer import zipkin_v2


def encoded(spans: SpanBatch) -> bytes:
    """As a ListOfSpans, by the numbers of zipkin.proto; times are fixed64 microseconds."""
    message = b""
    for row in spans.table.to_pylist():
        start = row["start_time_unix_nano"] // 1000
        endpoint = _string(1, row["service_name"]) + _field(2, bytes([10, 0, 0, 1]))
        span = _field(1, row["trace_id"]) + _field(3, row["span_id"]) + _number(4, 2) + _string(5, row["name"])
        if any(row["parent_span_id"]):
            span += _field(2, row["parent_span_id"])
        span += b"\x31" + start.to_bytes(8, "little")
        span += _number(7, row["end_time_unix_nano"] // 1000 - start) + _field(8, endpoint)
        span += _field(11, _string(1, "service.version") + _string(2, "v1"))
        message += _field(1, span)
    return message


def test_spans_are_those_of_the_json() -> None:
    spans = SpanBatch.concat([trace_of(0, number) for number in range(3)])

    found = decode(encoded(spans))

    from_json = PayloadDecoder().decode(Format.ZIPKIN_JSON, b"".join(zipkin_v2([spans])))
    columns = ("trace_id", "span_id", "parent_span_id", "name", "kind", "service_name", "service_version")
    assert found.spans.table.select(columns).to_pylist() == from_json.spans.table.select(columns).to_pylist()
    assert found.rejected == {}
    assert found.spans.table["start_time_unix_nano"].to_pylist() == spans.table["start_time_unix_nano"].to_pylist()


def test_span_without_id_is_counted() -> None:
    decoded = decode(_field(1, _field(1, bytes(range(1, 17)))))

    assert (len(decoded.spans), sum(decoded.rejected.values())) == (0, 1)


@pytest.mark.parametrize("cut", [1, 3, 10])
def test_message_that_is_cut_is_refused(cut: int) -> None:
    with pytest.raises(InvalidInput, match="malformed list of Zipkin spans"):
        decode(encoded(trace_of(0))[:-cut])


def test_any_bytes_are_read_or_refused() -> None:
    message = bytearray(encoded(trace_of(0)))
    for at in range(len(message)):
        damaged = bytes(message[:at]) + bytes([message[at] ^ 0x55]) + bytes(message[at + 1 :])
        try:
            decode(damaged)
        except InvalidInput:
            continue

    assert len(decode(bytes(message)).spans) == 2
