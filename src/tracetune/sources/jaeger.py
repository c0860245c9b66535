"""Reads Jaeger's JSON: answers of its query API, exports of its UI, bare traces and lists of them.

The model is Jaeger's uimodel (jaeger, internal/uimodel/model.go). Times are microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import msgspec

from tracetune.domain.spans import Decoded
from tracetune.sources.columns import BATCH_SPANS, SpanColumns
from tracetune.sources.json_keys import top_keys
from tracetune.sources.json_stream import split
from tracetune.sources.resolve import Resolved, Resolver, Resource, known_resource, known_span
from tracetune.sources.semconv import RESOURCE_INDEX, text_of
from tracetune.sources.streams import UntilBroken, collector_paused, peek
from tracetune.sources.times import nanoseconds

_SERVICE_NAME = RESOURCE_INDEX["service.name"]
_MICROSECOND = 1_000  # nanoseconds
_WRAPPERS = ("data", "traces")

# Above this size a trace is decoded some spans at a time: its decoded form is several times as large as its text.
_WHOLE_BYTES = 8 << 20
_PIECE_SPANS = 4_096
_MOST_PROCESSES = 65_536  # remembered by their text; far above the replicas of any system

DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for text that is not what was asked for; nesting beyond Python's limit included."""


class Tag(msgspec.Struct, gc=False):
    """A key and a value of any type."""

    key: str = ""
    value: Any = None


class Reference(msgspec.Struct, gc=False):
    """What a span points to. Some exports nest the whole span that is pointed to, and its parents: that is skipped."""

    refType: str = ""  # noqa: N815 - Jaeger's names
    traceID: str = ""  # noqa: N815
    spanID: str = ""  # noqa: N815


class Process(msgspec.Struct, gc=False):
    """Who emitted spans."""

    serviceName: str = ""  # noqa: N815
    tags: list[Tag] | None = None
    tag: dict[str, Any] | None = None  # Elasticsearch: tags as an object, "@" for "."


class Span(msgspec.Struct, gc=False):
    """A span, of the UI's model or of a jaeger-span document of Elasticsearch."""

    traceID: str = ""  # noqa: N815
    spanID: str = ""  # noqa: N815
    parentSpanID: str | None = None  # noqa: N815 - old exports, where references are missing
    operationName: str = ""  # noqa: N815
    references: list[Reference] | None = None
    startTime: int | float | str | None = None  # noqa: N815
    duration: int | float | str | None = None
    tags: list[Tag] | None = None
    tag: dict[str, Any] | None = None
    processID: str | None = None  # noqa: N815
    process: msgspec.Raw = msgspec.Raw()  # in place of processID


class _PlainSpan(Span, gc=False, kw_only=True):
    """A span as Jaeger writes it: its times are whole numbers and need no look at their type."""

    startTime: int  # noqa: N815
    duration: int


class _Trace(msgspec.Struct, gc=False):
    spans: list[_PlainSpan]
    traceID: str = ""  # noqa: N815
    processes: dict[str, msgspec.Raw] | None = None


class _TraceInPieces(msgspec.Struct, gc=False):
    spans: list[msgspec.Raw]
    traceID: str = ""  # noqa: N815
    processes: dict[str, msgspec.Raw] | None = None


_trace = msgspec.json.Decoder(_Trace)
_trace_in_pieces = msgspec.json.Decoder(_TraceInPieces)
_plain_spans = msgspec.json.Decoder(list[_PlainSpan])
_span = msgspec.json.Decoder(Span)
_process = msgspec.json.Decoder(Process)
_NO_PROCESS = Resource(())


class JaegerReader:
    """Spans of Jaeger JSON; a trace of any number of spans is decoded in bounded pieces."""

    format = "jaeger"

    def read(self, stream: BinaryIO) -> Iterator[Decoded]:
        """The spans of the stream, in its order."""
        head, stream = peek(stream)
        wrapped = next((key for key in top_keys(head) if key in (*_WRAPPERS, "spans")), "spans") != "spans"
        rows = JaegerRows()
        traces = UntilBroken(split(stream, _WRAPPERS if wrapped else ()))
        for trace in traces:
            yield from rows.add_trace(trace.raw)
            if len(rows.columns) >= BATCH_SPANS:
                yield rows.columns.take()
        yield rows.columns.take()
        traces.check()


class JaegerRows:
    """Turns Jaeger's structs into rows of ``columns``; processes that were seen before are not read again."""

    def __init__(self) -> None:
        self.columns = SpanColumns()
        self._resolver = Resolver()
        self._processes: dict[bytes, Resource] = {}

    def add_trace(self, raw: memoryview) -> Iterator[Decoded]:
        """Add a trace's spans, giving full batches on the way; one that is no trace is counted."""
        try:
            if len(raw) <= _WHOLE_BYTES:
                with collector_paused():
                    trace = _trace.decode(raw)
                    self._add_plain(trace.spans, self._resources(trace.processes))
                return
        except DECODE_ERRORS:
            pass  # find the spans that are at fault, piece by piece
        try:
            pieces = _trace_in_pieces.decode(raw)
        except DECODE_ERRORS:
            self.columns.reject("malformed")
            return
        resources = self._resources(pieces.processes)
        for first in range(0, len(pieces.spans), _PIECE_SPANS):
            with collector_paused():
                self._add_piece(pieces.spans[first : first + _PIECE_SPANS], resources)
            if len(self.columns) >= BATCH_SPANS:
                yield self.columns.take()

    def add(self, span: Span, resource: Resource) -> None:
        """Add one span of this process."""
        start = nanoseconds(span.startTime, _MICROSECOND)
        duration = nanoseconds(span.duration, _MICROSECOND)
        self.columns.append(
            span.traceID,
            span.spanID,
            _parent(span),
            span.operationName,
            start,
            None if start is None or duration is None else start + duration,
            self._resolved(span, resource),
        )

    def _resolved(self, span: Span, resource: Resource) -> Resolved:
        effects = self._resolver.effects
        own = [
            effect
            for tag in span.tags or ()
            # Asked before looking it up: most keys are unknown, and this is twice as quick for them.
            if tag.key in effects
            and (effect := effects[tag.key][value if type(value := tag.value) is str else text_of(value)]) is not None
        ]
        if not span.tag:
            return self._resolver.answer(0, 0, own, resource)
        tags = [(tag.key, tag.value) for tag in span.tags or ()]
        tags += [(key.replace("@", "."), value) for key, value in span.tag.items()]
        return self._resolver.span(0, 0, known_span(tags), resource)

    def process(self, raw: msgspec.Raw) -> Resource:
        """The process in this text; no text is a process that says nothing."""
        text = bytes(raw)
        resource = self._processes.get(text)
        if resource is None:
            if len(self._processes) >= _MOST_PROCESSES:
                self._processes.clear()
            resource = self._processes[text] = _resource(text)
        return resource

    def _resources(self, processes: dict[str, msgspec.Raw] | None) -> dict[str, Resource]:
        return {name: self.process(raw) for name, raw in (processes or {}).items()}

    def _add_piece(self, raws: Sequence[msgspec.Raw], resources: dict[str, Resource]) -> None:
        try:
            spans = _plain_spans.decode(b"[%b]" % b",".join(raws))
        except DECODE_ERRORS:
            for span in self._decoded(raws):
                self.add(span, self._resource_of(span, resources))
        else:
            self._add_plain(spans, resources)

    def _add_plain(self, spans: Sequence[_PlainSpan], resources: dict[str, Resource]) -> None:
        """Add spans column by column, which costs a third of adding them one by one."""
        self.columns.extend(
            [span.traceID for span in spans],
            [span.spanID for span in spans],
            [_parent(span) for span in spans],
            [span.operationName for span in spans],
            [span.startTime * _MICROSECOND for span in spans],
            [(span.startTime + span.duration) * _MICROSECOND for span in spans],
            [self._resolved(span, self._resource_of(span, resources)) for span in spans],
        )

    def _resource_of(self, span: Span, resources: dict[str, Resource]) -> Resource:
        resource = resources.get(span.processID) if span.processID is not None else None
        return resource or self.process(span.process)

    def _decoded(self, raws: Sequence[msgspec.Raw]) -> Iterator[Span]:
        for raw in raws:
            try:
                yield _span.decode(raw)
            except DECODE_ERRORS:
                self.columns.reject("malformed")


def _parent(span: Span) -> str:
    """The span's parent: the first CHILD_OF in its own trace, else the first FOLLOWS_FROM; "" for a root."""
    follows = ""
    for reference in span.references or ():
        if reference.traceID and reference.traceID != span.traceID and not _same_id(reference.traceID, span.traceID):
            continue
        if reference.refType == "CHILD_OF":
            return reference.spanID
        follows = follows or reference.spanID
    return follows or span.parentSpanID or ""


def _same_id(one: str, other: str) -> bool:
    return one.lower().zfill(32) == other.lower().zfill(32)


def _resource(text: bytes) -> Resource:
    try:
        process = _process.decode(text)
    except DECODE_ERRORS:
        return _NO_PROCESS
    pairs = [(tag.key, tag.value) for tag in process.tags or ()]
    pairs += [(key.replace("@", "."), value) for key, value in (process.tag or {}).items()]
    known = [pair for pair in known_resource(pairs) if pair[0] != _SERVICE_NAME or not process.serviceName]
    return Resource([(_SERVICE_NAME, process.serviceName), *known])
