"""Decodes Zipkin's protobuf, which Envoy sends as HTTP_PROTO.

Source: zipkin-api, zipkin.proto (ListOfSpans). It is read in plain Python: who sends many spans sends OTLP.
"""

from __future__ import annotations

import ipaddress

from tracetune.domain.spans import Decoded
from tracetune.errors import InvalidInput
from tracetune.sources.otlp_reference import MalformedMessageError, Value, fields, parts
from tracetune.sources.zipkin import Endpoint, ZipkinRows, ZipkinSpan

_KINDS = ("", "CLIENT", "SERVER", "PRODUCER", "CONSUMER")


def decode(message: bytes) -> Decoded:
    """The spans of a ListOfSpans.

    Raises:
        InvalidInput: the message breaks protobuf's wire format.
    """
    rows = ZipkinRows()
    try:
        for span in parts(memoryview(message), 1):
            rows.add(_span(span))
    except MalformedMessageError as error:
        raise InvalidInput(
            f"malformed list of Zipkin spans: {error}", hint="send it again; it seems cut or damaged"
        ) from error
    return rows.columns.take()


def _span(message: memoryview) -> ZipkinSpan:
    span = ZipkinSpan(tags={})
    ids = {1: "traceId", 2: "parentId", 3: "id"}
    for number, _, value in fields(message):
        if number in ids:
            setattr(span, ids[number], _raw(value).hex())
        elif number == 4 and isinstance(value, int):
            span.kind = _KINDS[value] if value < len(_KINDS) else ""
        elif number == 5:
            span.name = _text(value)
        elif number == 6 and isinstance(value, int):
            span.timestamp = value
        elif number == 7 and isinstance(value, int):
            span.duration = value
        else:
            _add_part(span, number, value)
    return span


def _add_part(span: ZipkinSpan, number: int, value: Value) -> None:
    if number == 8:
        span.localEndpoint = _endpoint(value)
    elif number == 9:
        span.remoteEndpoint = _endpoint(value)
    elif number == 11 and span.tags is not None:
        entry = {key: _text(part) for key, _, part in fields(memoryview(_raw(value)))}
        span.tags[entry.get(1, "")] = entry.get(2, "")


def _endpoint(value: Value) -> Endpoint:
    found = {number: _raw(part) for number, _, part in fields(memoryview(_raw(value)))}
    name = found.get(1, b"").decode("utf-8", "replace")
    return Endpoint(name or None, _address(found.get(2, b""), 4), _address(found.get(3, b""), 16))


def _address(raw: bytes, width: int) -> str | None:
    return str(ipaddress.ip_address(raw)) if len(raw) == width else None


def _raw(value: Value) -> bytes:
    return bytes(value) if isinstance(value, memoryview) else b""


def _text(value: Value) -> str:
    return _raw(value).decode("utf-8", "replace")
