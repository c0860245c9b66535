"""OTLP trace messages read in plain Python, slowly and obviously: what the compiled scan must equal.

It needs neither numba nor protobuf. Source: as ``otlp_scan.py``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from tracetune.domain.spans import Decoded
from tracetune.errors import InvalidInput
from tracetune.sources.columns import SpanColumns
from tracetune.sources.resolve import Resolver, Resource, known_resource, known_span

Value = int | memoryview
Field = tuple[int, int, Value]  # number, wire type, an integer or bytes

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5
SCOPE_SPANS = (2, 1000)  # scope_spans, and instrumentation_library_spans until 2022: laid out alike


class MalformedMessageError(ValueError):
    """A message that breaks protobuf's wire format."""


def read_varint(data: memoryview, at: int) -> tuple[int, int]:
    """The varint at ``at`` and the position after it; bits above 64 are dropped, as protobuf does."""
    value = 0
    for index, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + index + 1
    raise MalformedMessageError(f"no varint at byte {at}")


def fields(data: memoryview) -> Iterator[Field]:
    """The fields of a message."""
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if not 1 <= number < 2**29:
            raise MalformedMessageError(f"field number {number}")
        if wire_type == VARINT:
            value: Value
            value, at = read_varint(data, at)
        elif wire_type in (FIXED64, FIXED32):
            size = 8 if wire_type == FIXED64 else 4
            value, at = int.from_bytes(_cut(data, at, size), "little"), at + size
        elif wire_type == LENGTH_DELIMITED:
            size, at = read_varint(data, at)
            value, at = _cut(data, at, size), at + size
        else:
            raise MalformedMessageError(f"wire type {wire_type}")
        yield number, wire_type, value


def decode(message: bytes) -> Decoded:
    """The spans of an ExportTraceServiceRequest or TracesData.

    Raises:
        InvalidInput: the message breaks the wire format.
    """
    columns = SpanColumns()
    resolver = Resolver()
    try:
        for resource_spans in parts(memoryview(message), 1):
            _add_resource_spans(columns, resolver, resource_spans)
    except MalformedMessageError as error:
        raise InvalidInput(f"malformed OTLP message: {error}", hint="send it again; it seems cut or damaged") from error
    return columns.take()


def parts(message: memoryview, *numbers: int) -> Iterator[memoryview]:
    """The length-delimited fields of these numbers; reads the message to its end."""
    for number, wire_type, value in fields(message):
        if number in numbers and wire_type == LENGTH_DELIMITED and isinstance(value, memoryview):
            yield value


def _add_resource_spans(columns: SpanColumns, resolver: Resolver, resource_spans: memoryview) -> None:
    pairs = [_key_value(text, known_resource) for resource in parts(resource_spans, 1) for text in parts(resource, 1)]
    resource = Resource(known_resource(pairs))
    for scope_spans in parts(resource_spans, *SCOPE_SPANS):
        for span in parts(scope_spans, 2):
            _add_span(columns, resolver, span, resource)


def _add_span(columns: SpanColumns, resolver: Resolver, span: memoryview, resource: Resource) -> None:
    found: dict[tuple[int, int], Value] = {}
    pairs: list[tuple[str, object]] = []
    status = 0
    for number, wire_type, value in fields(span):
        if (number, wire_type) == (9, LENGTH_DELIMITED):
            pairs.append(_key_value(value, known_span))
        elif (number, wire_type) == (15, LENGTH_DELIMITED):
            status = _status_code(value, status)
        else:
            found[number, wire_type] = value
    kind = _int(found.get((6, VARINT), 0)) & 0xFFFF_FFFF
    name = bytes(_bytes(found.get((5, LENGTH_DELIMITED)))).decode("utf-8", "replace")
    columns.append(
        _id(found.get((1, LENGTH_DELIMITED)), 16),
        _id(found.get((2, LENGTH_DELIMITED)), 8),
        _id(found.get((4, LENGTH_DELIMITED)), 8),
        name,
        _int(found.get((7, FIXED64), 0)) or None,
        _int(found.get((8, FIXED64), 0)) or None,
        resolver.span(kind if kind <= 5 else 0, status if status <= 2 else 0, known_span(pairs), resource),
    )


def _status_code(status: Value, code: int) -> int:
    for number, wire_type, value in fields(_bytes(status)):
        if (number, wire_type) == (3, VARINT):
            code = _int(value) & 0xFFFF_FFFF
    return code


def _key_value(text: Value, known: Callable[[list[tuple[str, object]]], object]) -> tuple[str, object]:
    key, value = memoryview(b""), memoryview(b"")
    for number, wire_type, part in fields(_bytes(text)):
        if wire_type == LENGTH_DELIMITED and number == 1:
            key = _bytes(part)
        elif wire_type == LENGTH_DELIMITED and number == 2:
            value = _bytes(part)
    name = bytes(key).decode("utf-8", "replace")
    # The values of keys that say nothing here are not looked into, so damage in them is not met.
    return name, _any_value(value) if known([(name, "")]) else None


def _any_value(message: memoryview) -> object:
    """The value that counts, the last of the oneof; None for arrays, maps, bytes and nothing."""
    value: object = None
    for number, wire_type, part in fields(message):
        if (number, wire_type) == (1, LENGTH_DELIMITED):
            value = bytes(_bytes(part)).decode("utf-8", "replace")
        elif (number, wire_type) == (2, VARINT):
            value = bool(part)
        elif (number, wire_type) == (3, VARINT):
            value = _signed(_int(part))
        elif (number, wire_type) == (4, FIXED64):
            value = struct.unpack("<d", struct.pack("<Q", part))[0]
        elif (number, wire_type) in ((5, LENGTH_DELIMITED), (6, LENGTH_DELIMITED), (7, LENGTH_DELIMITED)):
            value = None
    return value


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _id(value: Value | None, width: int) -> str:
    """An id in hexadecimal; zero where its length is wrong."""
    raw = bytes(_bytes(value))
    return raw.hex() if len(raw) == width else ""


def _bytes(value: Value | None) -> memoryview:
    return value if isinstance(value, memoryview) else memoryview(b"")


def _int(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _cut(data: memoryview, at: int, size: int) -> memoryview:
    if size > len(data) - at:
        raise MalformedMessageError(f"byte {at}: {size} bytes are said to follow, {len(data) - at} do")
    return data[at : at + size]
