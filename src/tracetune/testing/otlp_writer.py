"""Spans as OTLP protobuf, encoded without a protobuf library.

Source: opentelemetry-proto, collector/trace/v1/trace_service.proto and trace/v1/trace.proto; the numbers of fields are
theirs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from tracetune.domain.spans import SpanBatch
from tracetune.testing.rows import INTEGER_ATTRIBUTES, Attributes, Profile, Resource, Rows

_SCOPE_NAME = "tracetune.testing"
_VARINT, _FIXED64, _BYTES = 0, 1, 2  # wire types
_TIMES = struct.Struct("<BQBQ").pack
_START_TAG, _END_TAG = 7 << 3 | _FIXED64, 8 << 3 | _FIXED64
_IDS = b"\x0a\x10%b\x12\x08%b"  # fields 1 and 2: sixteen and eight bytes
_PARENT = b"\x22\x08%b"  # field 4


def otlp_protobuf(batches: Iterable[SpanBatch]) -> Iterator[bytes]:
    """One ExportTraceServiceRequest in pieces: messages that follow each other without a length merge into one."""
    for batch in batches:
        yield request(batch)


def otlp_delimited(batches: Iterable[SpanBatch]) -> Iterator[bytes]:
    """One ExportTraceServiceRequest a batch, each after its length as a varint."""
    for batch in batches:
        message = request(batch)
        yield _varint(len(message)) + message


def request(spans: SpanBatch) -> bytes:
    """An ExportTraceServiceRequest of these spans."""
    rows = Rows.of(spans)
    endings = [_ending(profile) for profile in rows.profiles]
    names = {name: _string(5, name) for name in set(rows.name)}
    scope = _field(1, _string(1, _SCOPE_NAME))
    return b"".join(
        _field(
            1,  # ResourceSpans: resource 1, scope_spans 2
            _field(1, _resource(resource))
            + _field(2, scope + b"".join(_field(2, _span(rows, row, names, endings)) for row in chosen)),
        )
        for resource, chosen in zip(rows.resources, rows.by_resource(), strict=True)
    )


def _span(rows: Rows, row: int, names: dict[str, bytes], endings: list[tuple[bytes, bytes]]) -> bytes:
    kind, rest = endings[rows.profile[row]]
    parent = rows.parent_span_id[row]
    return b"".join(
        (
            _IDS % (rows.trace_id[row], rows.span_id[row]),
            _PARENT % parent if any(parent) else b"",
            names[rows.name[row]],
            kind,
            _TIMES(_START_TAG, rows.start_time_unix_nano[row], _END_TAG, rows.end_time_unix_nano[row]),
            rest,
        )
    )


def _ending(profile: Profile) -> tuple[bytes, bytes]:
    """A span's fields that its profile decides: before its times, and after."""
    peer = () if profile.peer is None else (("peer.service", profile.peer),)
    status = _field(15, _number(3, profile.status_code)) if profile.status_code else b""
    return _number(6, profile.kind), _attributes(9, (*profile.attributes, *peer)) + status


def _resource(resource: Resource) -> bytes:
    return _attributes(1, (("service.name", resource.service_name), *resource.attributes))


def _attributes(number: int, attributes: Attributes) -> bytes:
    """Repeated KeyValue: key 1, value 2; AnyValue: string_value 1, int_value 3."""
    return b"".join(
        _field(
            number,
            _string(1, key)
            + _field(
                2, _number(3, int(value)) if key in INTEGER_ATTRIBUTES and value.isdecimal() else _string(1, value)
            ),
        )
        for key, value in attributes
    )


def _string(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _varint(value: int) -> bytes:
    """Seven bits a byte, least first; the top bit says that more follow."""
    if value < 0x80:
        return value.to_bytes(1, "little")
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
