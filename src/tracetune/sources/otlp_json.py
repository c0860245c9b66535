"""Reads OTLP as JSON: whole documents (also Tempo's), and the lines of the Collector's file exporter.

Source: OTLP specification, "JSON Protobuf Encoding": ids are hexadecimal, other than in protobuf's own JSON mapping, where they
are base64; both are met. Times are strings or numbers; enums are numbers, or names in protobuf's mapping.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

import msgspec

from tracetune.domain.spans import Decoded, SpanKind, StatusCode
from tracetune.errors import InvalidInput
from tracetune.sources.columns import BATCH_SPANS, SpanColumns
from tracetune.sources.json_stream import split
from tracetune.sources.resolve import Resolved, Resolver, Resource, known_resource
from tracetune.sources.semconv import kind_of, text_of
from tracetune.sources.streams import UntilBroken, collector_paused
from tracetune.sources.times import nanoseconds

_CAMEL_KEYS = ("resourceSpans", "batches")  # Tempo answers with "batches"
_SNAKE_KEY = "resource_spans"
_STATUSES = {status.name: int(status) for status in StatusCode} | {
    str(int(status)): int(status) for status in StatusCode
}

_KIND_NUMBERS: dict[int | str | None, int] = {None: 0, **{int(kind): int(kind) for kind in SpanKind}}

# Above this size a ResourceSpans is decoded some spans at a time: its decoded form is several times as large as its text.
_WHOLE_BYTES = 8 << 20
_PIECE_SPANS = 4_096
_MOST_RESOURCES = 65_536  # remembered by their text; far above the replicas of any system

MAX_LINE_BYTES = 192 << 20
"""A line that is longer is refused: reading it holds it twice, and memory is to stay below 500 MiB."""

Buffer = bytes | memoryview

_DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class AnyValue(msgspec.Struct, gc=False, rename="camel"):
    """A value of an attribute; at most one member is set. Arrays, maps and bytes are not kept."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None


class KeyValue(msgspec.Struct, gc=False):
    """An attribute."""

    key: str = ""
    value: AnyValue | None = None


class Status(msgspec.Struct, gc=False):
    """How a span ended."""

    code: int | str | None = None


class Span(msgspec.Struct, gc=False, rename="camel"):
    """A span, of OTLP's JSON."""

    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str | None = None
    name: str = ""
    kind: int | str | None = None
    start_time_unix_nano: int | float | str | None = None
    end_time_unix_nano: int | float | str | None = None
    attributes: list[KeyValue] | None = None
    status: Status | None = None


class _PlainSpan(Span, gc=False, kw_only=True):
    """A span as the specification has it: its times are whole numbers, in text or not."""

    start_time_unix_nano: int | str = 0
    end_time_unix_nano: int | str = 0


class _Scope(msgspec.Struct, gc=False):
    spans: list[_PlainSpan] | None = None


class _ScopeInPieces(msgspec.Struct, gc=False):
    spans: list[msgspec.Raw] | None = None


class _ResourceSpans(msgspec.Struct, gc=False, rename="camel"):
    resource: msgspec.Raw = msgspec.Raw()
    scope_spans: list[_Scope] | None = None
    instrumentation_library_spans: list[_Scope] | None = None


class _ResourceSpansInPieces(msgspec.Struct, gc=False, rename="camel"):
    resource: msgspec.Raw = msgspec.Raw()
    scope_spans: list[_ScopeInPieces] | None = None
    instrumentation_library_spans: list[_ScopeInPieces] | None = None


class _SnakeResourceSpans(msgspec.Struct, gc=False):
    """The same in pieces, in protobuf's own spelling; its spans and its resource are still in that spelling."""

    resource: msgspec.Raw = msgspec.Raw()
    scope_spans: list[_ScopeInPieces] | None = None
    instrumentation_library_spans: list[_ScopeInPieces] | None = None


class _Resource(msgspec.Struct, gc=False):
    attributes: list[KeyValue] | None = None


class _Request(msgspec.Struct, gc=False, rename="camel"):
    resource_spans: list[msgspec.Raw] | None = None
    batches: list[msgspec.Raw] | None = None


_plain_spans = msgspec.json.Decoder(list[_PlainSpan])
_span = msgspec.json.Decoder(Span)
_resource_spans = msgspec.json.Decoder(_ResourceSpans)
_in_pieces = msgspec.json.Decoder(_ResourceSpansInPieces)
_snake = msgspec.json.Decoder(_SnakeResourceSpans)
_resource = msgspec.json.Decoder(_Resource)
_request = msgspec.json.Decoder(_Request)


class OtlpJsonReader:
    """One document or several after each other; a document of any size is decoded one ResourceSpans at a time."""

    format = "otlp_json"

    def read(self, stream: BinaryIO) -> Iterator[Decoded]:
        """The spans of the stream, in its order."""
        rows = _Rows()
        elements = UntilBroken(split(stream, (*_CAMEL_KEYS, _SNAKE_KEY)))
        for element in elements:
            yield from rows.add_snake(element.raw) if element.key == _SNAKE_KEY else rows.add(element.raw)
            if len(rows.columns) >= BATCH_SPANS:
                yield rows.columns.take()
        yield rows.columns.take()
        elements.check()


class OtlpJsonLinesReader:
    """One request a line, as the Collector's file exporter writes; a line that is none is counted and skipped."""

    format = "otlp_jsonl"

    def read(self, stream: BinaryIO) -> Iterator[Decoded]:
        """The spans of the stream, in its order."""
        rows = _Rows()
        lines = UntilBroken(_lines(stream))
        for line in lines:
            try:
                request = _request.decode(line)
            except _DECODE_ERRORS:
                rows.columns.reject("malformed")
                continue
            for raw in (*(request.resource_spans or ()), *(request.batches or ())):
                yield from rows.add(memoryview(raw))
                if len(rows.columns) >= BATCH_SPANS:
                    yield rows.columns.take()
        yield rows.columns.take()
        lines.check()


class _Rows:
    """Turns structs into rows of ``columns``; resources that were seen before are not read again."""

    def __init__(self) -> None:
        self.columns = SpanColumns()
        self._resolver = Resolver()
        self._resources: dict[bytes, Resource] = {}

    def add(self, raw: memoryview | bytes) -> Iterator[Decoded]:
        """Add the spans of a ResourceSpans, giving full batches on the way; one that is none is counted."""
        try:
            if len(raw) <= _WHOLE_BYTES:
                with collector_paused():
                    whole = _resource_spans.decode(raw)
                    resource = self._resource(whole.resource)
                    for scope in (*(whole.scope_spans or ()), *(whole.instrumentation_library_spans or ())):
                        self._add_plain(scope.spans or (), resource)
                return
        except _DECODE_ERRORS:
            pass  # find the spans that are at fault, piece by piece
        try:
            pieces = _in_pieces.decode(raw)
        except _DECODE_ERRORS:
            self.columns.reject("malformed")
            return
        yield from self._add_pieces(pieces, self._resource(pieces.resource))

    def add_snake(self, raw: memoryview) -> Iterator[Decoded]:
        """The same for a ResourceSpans in protobuf's own spelling (``trace_id``)."""
        try:
            pieces = _snake.decode(raw)
        except _DECODE_ERRORS:
            self.columns.reject("malformed")
            return
        yield from self._add_pieces(pieces, self._resource(_camel(pieces.resource)), _camel)

    def _add_pieces(
        self,
        pieces: _ResourceSpansInPieces | _SnakeResourceSpans,
        resource: Resource,
        spelt: Callable[[msgspec.Raw], Buffer] = memoryview,
    ) -> Iterator[Decoded]:
        scopes = (*(pieces.scope_spans or ()), *(pieces.instrumentation_library_spans or ()))
        spans = [span for scope in scopes for span in scope.spans or ()]
        for first in range(0, len(spans), _PIECE_SPANS):
            with collector_paused():
                self._add_piece([spelt(raw) for raw in spans[first : first + _PIECE_SPANS]], resource)
            if len(self.columns) >= BATCH_SPANS:
                yield self.columns.take()

    def _add_piece(self, raws: Sequence[Buffer], resource: Resource) -> None:
        try:
            spans = _plain_spans.decode(b"[%b]" % b",".join(raws))
        except _DECODE_ERRORS:
            self._add_spans(self._decoded(raws), resource)
        else:
            self._add_plain(spans, resource)

    def _add_plain(self, spans: Sequence[_PlainSpan], resource: Resource) -> None:
        """Add spans column by column, which costs much less than adding them one by one."""
        try:
            starts = [int(span.start_time_unix_nano) or None for span in spans]
            ends = [int(span.end_time_unix_nano) or None for span in spans]
        except ValueError:
            self._add_spans(spans, resource)
            return
        self.columns.extend(
            _hexadecimals([span.trace_id for span in spans]),
            _hexadecimals([span.span_id for span in spans]),
            _hexadecimals([span.parent_span_id or "" for span in spans]),
            [span.name for span in spans],
            starts,
            ends,
            [self._resolved(span, resource) for span in spans],
        )

    def _add_spans(self, spans: Iterable[Span], resource: Resource) -> None:
        for span in spans:
            self.columns.append(
                _hexadecimal(span.trace_id),
                _hexadecimal(span.span_id),
                _hexadecimal(span.parent_span_id or ""),
                span.name,
                nanoseconds(span.start_time_unix_nano, 1) or None,
                nanoseconds(span.end_time_unix_nano, 1) or None,
                self._resolved(span, resource),
            )

    def _resolved(self, span: Span, resource: Resource) -> Resolved:
        effects = self._resolver.effects
        own = [
            effect
            for attribute in span.attributes or ()
            # Asked before looking it up: most keys are unknown.
            if attribute.key in effects and (effect := effects[attribute.key][_text(attribute.value)]) is not None
        ]
        kind, status = span.kind, span.status
        return self._resolver.answer(
            _KIND_NUMBERS[kind] if kind in _KIND_NUMBERS else kind_of(str(kind)),
            _status(status) if status is not None else 0,
            own,
            resource,
        )

    def _decoded(self, raws: Sequence[Buffer]) -> Iterator[Span]:
        for raw in raws:
            try:
                yield _span.decode(raw)
            except _DECODE_ERRORS:
                self.columns.reject("malformed")

    def _resource(self, raw: Buffer) -> Resource:
        text = bytes(raw)
        resource = self._resources.get(text)
        if resource is None:
            if len(self._resources) >= _MOST_RESOURCES:
                self._resources.clear()
            resource = self._resources[text] = _resource_of(text)
        return resource


def _resource_of(text: bytes) -> Resource:
    try:
        attributes = _resource.decode(text).attributes if text else None
    except _DECODE_ERRORS:
        attributes = None
    return Resource(known_resource((attribute.key, _text(attribute.value)) for attribute in attributes or ()))


def _text(value: AnyValue | None) -> str | None:
    if value is None:
        return None
    if value.string_value is not None:
        return value.string_value
    if value.int_value is not None:
        return text_of(value.int_value)
    return text_of(value.bool_value if value.bool_value is not None else value.double_value)


def _status(status: Status) -> int:
    code = status.code
    return _STATUSES.get(str(code).upper().removeprefix("STATUS_CODE_"), 0) if code else 0


def _hexadecimals(texts: list[str]) -> list[str]:
    return [_hexadecimal(text) for text in texts] if "=" in "".join(texts) else texts


def _hexadecimal(text: str) -> str:
    """An id in hexadecimal: 16 bytes in base64 are 24 characters, 8 bytes are 12, and both end in padding."""
    if not text.endswith("=") or len(text) not in (24, 12):
        return text
    try:
        return binascii.a2b_base64(text).hex()
    except ValueError:
        return text  # which is not hexadecimal either, and is counted


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines that are not empty.

    Raises:
        InvalidInput: a line is longer than MAX_LINE_BYTES; raised after all lines before it.
    """
    offset = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            raise InvalidInput(
                f"the line at byte {offset:,} is longer than {MAX_LINE_BYTES >> 20} MiB",
                hint="if the file is one JSON document, its first line must not be followed by a second one; else lower the "
                "Collector's send_batch_max_size",
            )
        offset += len(line)
        if line.strip():
            yield line


def _camel(raw: msgspec.Raw) -> bytes:
    """A span or a resource with its keys in protobuf's own spelling (``trace_id``), in that of OTLP's JSON (``traceId``)."""
    try:
        return msgspec.json.encode(_renamed(msgspec.json.decode(raw)))
    except _DECODE_ERRORS:
        return bytes(raw)  # which is then counted as malformed, or says nothing


def _renamed(value: object) -> object:
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    if isinstance(value, dict):
        return {_camel_case(key): _renamed(item) for key, item in value.items()}
    return value


def _camel_case(key: str) -> str:
    """``trace_id`` as ``traceId``."""
    head, *rest = key.split("_")
    return head + "".join(part.title() for part in rest)
