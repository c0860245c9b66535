"""Tells from a few bytes whether they are OTLP protobuf, of which signal, and how requests are delimited.

All three signals share the outer form (opentelemetry-proto): field 1 repeats a resource's batch, whose field 1 is the
resource and whose field 2 repeats a scope's batch, whose field 2 repeats the items. Only an item tells a span from a metric
or a log record: a span begins with its trace id, field 1 of 16 bytes (trace.proto).
"""

from __future__ import annotations

from collections.abc import Iterator

_LENGTH_PREFIXED = 2
_BATCH_FIELDS = (1, 2, 3, 1000)  # the resource, batches of scopes, schema_url, and their form before 2022
_PREFIX_BYTES = 4  # the Collector's file exporter writes big-endian lengths of 4 bytes (fileexporter, README, "proto")


def signal_of(message: bytes) -> str | None:
    """``traces``, ``metrics`` or ``logs`` for a head of an export request; None where it is none.

    A request without items, or whose first item lies beyond the head, is taken for traces.
    """
    try:
        item = _first_item(message)
    except ValueError:
        return None
    if not item:
        return "traces"
    if item[0] == 0x09 or item[0] == 0x59:  # LogRecord.time_unix_nano, observed_time_unix_nano: fixed64
        return "logs"
    if item[0] == 0x0A:
        return "traces" if item[1:2] in (b"", b"\x10") else "metrics"
    return "traces" if item[0] in (0x12, 0x2A) else "logs"


def is_delimited(head: bytes) -> bool:
    """Whether the head is an export request behind its length, as a varint or as 4 big-endian bytes."""
    try:
        size, start = _varint(head, 0)
    except ValueError:
        size, start = 0, 0
    if size and signal_of(head[start : start + size]) == "traces":
        return True
    size = int.from_bytes(head[:_PREFIX_BYTES], "big")
    return size > 0 and signal_of(head[_PREFIX_BYTES : _PREFIX_BYTES + size]) == "traces"


def _first_item(message: bytes) -> bytes:
    """The head of the first span, metric or log record; empty where there is none. ValueError: no such message."""
    if not message:
        raise ValueError("nothing at all")
    for number, batch in _fields(message):
        if number != 1:
            raise ValueError("a request has one field")
        item = _first_item_of_batch(batch)
        if item:
            return item
    return b""


def _first_item_of_batch(batch: bytes) -> bytes:
    for number, scope in _fields(batch):
        if number not in _BATCH_FIELDS:
            raise ValueError("a batch has no such field")
        if number == 2:
            item = next((item for number_in_scope, item in _fields(scope) if number_in_scope == 2), b"")
            if item:
                return item
    return b""


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The length-prefixed fields of a message that may be cut at its end."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        wire_type = tag & 7
        if wire_type != _LENGTH_PREFIXED or tag >> 3 == 0:
            raise ValueError("these messages have only length-prefixed fields")
        size, position = _varint(message, position)
        yield tag >> 3, message[position : position + size]
        position += size


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 35, 7):
        if position >= len(message):
            raise ValueError("cut")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("longer than a length")
