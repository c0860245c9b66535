"""Reads Zipkin's JSON, v2 and v1. Times are microseconds.

Sources: zipkin-api, zipkin2-api.yaml (v2) and zipkin-api.yaml (v1); v1's meaning as in zipkin, ``V1SpanConverter``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

import msgspec

from tracetune.domain.spans import Decoded, SpanKind
from tracetune.sources.columns import BATCH_SPANS, SpanColumns
from tracetune.sources.jaeger import DECODE_ERRORS
from tracetune.sources.json_stream import split
from tracetune.sources.resolve import Known, Resolver, Resource, known_resource, known_span
from tracetune.sources.semconv import RESOURCE_INDEX, SPAN_INDEX, kind_of, text_of
from tracetune.sources.streams import UntilBroken, collector_paused
from tracetune.sources.times import nanoseconds

_MICROSECOND = 1_000  # nanoseconds
_SERVICE_NAME = RESOURCE_INDEX["service.name"]
_ADDRESS = RESOURCE_INDEX["ip"]
_PEER = SPAN_INDEX["peer.service"]

Number = int | float | str | None


class Endpoint(msgspec.Struct, gc=False, frozen=True):
    """A node of the network; its service name may be missing."""

    serviceName: str | None = None  # noqa: N815 - Zipkin's names
    ipv4: str | None = None
    ipv6: str | None = None


class ZipkinSpan(msgspec.Struct, gc=False):
    """A span of Zipkin v2 by the names of its JSON."""

    traceId: str = ""  # noqa: N815
    id: str = ""
    parentId: str | None = None  # noqa: N815
    kind: str | None = None
    name: str | None = None
    timestamp: Number = None
    duration: Number = None
    localEndpoint: Endpoint | None = None  # noqa: N815
    remoteEndpoint: Endpoint | None = None  # noqa: N815
    tags: dict[str, Any] | None = None


class _Annotation(msgspec.Struct, gc=False):
    timestamp: Number = None
    value: str | None = None
    endpoint: Endpoint | None = None


class _BinaryAnnotation(msgspec.Struct, gc=False):
    key: str = ""
    value: Any = None
    endpoint: Endpoint | None = None


class _SpanV1(msgspec.Struct, gc=False):
    traceId: str = ""  # noqa: N815
    id: str = ""
    parentId: str | None = None  # noqa: N815
    name: str | None = None
    timestamp: Number = None
    duration: Number = None
    annotations: list[_Annotation] | None = None
    binaryAnnotations: list[_BinaryAnnotation] | None = None  # noqa: N815


class _Side(NamedTuple):
    """One side's part of a v1 span: when it began and ended by its own annotations, 0 where they do not say."""

    kind: int
    start: int
    end: int
    endpoint: Endpoint | None


_span = msgspec.json.Decoder(ZipkinSpan)
_span_v1 = msgspec.json.Decoder(_SpanV1)
_NOWHERE = Endpoint()


class ZipkinReader:
    """Spans of Zipkin v2: a list of spans, of traces, or one span a line."""

    format = "zipkin_v2"

    def read(self, stream: BinaryIO) -> Iterator[Decoded]:
        """The spans of the stream, in its order."""
        rows = ZipkinRows()
        return _batches(stream, rows.columns, lambda raw: rows.add(_span.decode(raw)))


class ZipkinV1Reader:
    """Spans of Zipkin v1; a span that client and server shared becomes two of the same id."""

    format = "zipkin_v1"

    def read(self, stream: BinaryIO) -> Iterator[Decoded]:
        """The spans of the stream, in its order."""
        rows = ZipkinRows()
        return _batches(stream, rows.columns, lambda raw: rows.add_v1(_span_v1.decode(raw)))


def _batches(stream: BinaryIO, columns: SpanColumns, add: Callable[[memoryview], None]) -> Iterator[Decoded]:
    spans = UntilBroken(split(stream))
    for span in spans:
        try:
            with collector_paused():
                add(span.raw)
        except DECODE_ERRORS:
            columns.reject("malformed")
        if len(columns) >= BATCH_SPANS:
            yield columns.take()
    yield columns.take()
    spans.check()


class ZipkinRows:
    """Collects spans of Zipkin; ``columns`` holds the rows."""

    def __init__(self) -> None:
        self.columns = SpanColumns()
        self._resolver = Resolver()
        self._resources: dict[object, Resource] = {}

    def add(self, span: ZipkinSpan) -> None:
        """Add a span of v2."""
        tags = span.tags or {}
        known = known_span(tags.items())
        remote = span.remoteEndpoint
        if remote is not None and remote.serviceName:
            known.append((_PEER, remote.serviceName))
        start = nanoseconds(span.timestamp, _MICROSECOND)
        duration = nanoseconds(span.duration, _MICROSECOND)
        self.columns.append(
            span.traceId,
            span.id,
            span.parentId or "",
            span.name or "",
            start,
            None if start is None or duration is None else start + duration,
            self._resolver.span(kind_of(span.kind or ""), 0, known, self._resource(span.localEndpoint, tags)),
        )

    def add_v1(self, span: _SpanV1) -> None:
        """Add the sides of a span of v1."""
        annotations = span.annotations or []
        tags, remotes = _tags_v1(span.binaryAnnotations or [])
        for side in _sides(span, annotations):
            known = list(tags)
            peer = remotes.get("ca" if side.kind == SpanKind.SERVER else "sa")
            if peer is not None and peer != (side.endpoint or _NOWHERE).serviceName:
                known.append((_PEER, peer))
            self.columns.append(
                span.traceId,
                span.id,
                span.parentId or "",
                span.name or "",
                side.start or None,
                side.end or None,
                self._resolver.span(side.kind, 0, known, self._resource(side.endpoint or _any_endpoint(span), {})),
            )

    def _resource(self, endpoint: Endpoint | None, tags: dict[str, Any]) -> Resource:
        """Who emitted a span: its local endpoint, and the resource's attributes that OpenTelemetry puts in the tags."""
        known: Known = known_resource(tags.items())
        endpoint = endpoint or _NOWHERE
        key = (endpoint, *known)
        resource = self._resources.get(key)
        if resource is None:
            if len(self._resources) >= 1 << 16:
                self._resources.clear()
            named = [(_SERVICE_NAME, endpoint.serviceName or None), (_ADDRESS, endpoint.ipv4 or endpoint.ipv6 or None)]
            resource = self._resources[key] = Resource([*named, *known])
        return resource


def _tags_v1(items: list[_BinaryAnnotation]) -> tuple[list[tuple[int, str | None]], dict[str, str]]:
    """The known tags, and the services at the addresses: "sa" is the server's as the client saw it, "ca" the client's."""
    known: list[tuple[int, str | None]] = []
    remotes: dict[str, str] = {}
    for item in items:
        if item.key in ("sa", "ca"):
            if item.endpoint is not None and item.endpoint.serviceName:
                remotes[item.key] = item.endpoint.serviceName
        elif item.key in SPAN_INDEX:
            known.append((SPAN_INDEX[item.key], text_of(item.value)))
    return known, remotes


_PAIRS = (
    (SpanKind.CLIENT, "cs", "cr"),
    (SpanKind.SERVER, "sr", "ss"),
    (SpanKind.PRODUCER, "ms", "ws"),
    (SpanKind.CONSUMER, "wr", "mr"),
)


def _sides(span: _SpanV1, annotations: list[_Annotation]) -> list[_Side]:
    """The sides that wrote annotations into a span; a local span (none of them did) is one side of no kind.

    The span's own timestamp and duration are those of the side that opened it: the client, if both took part.
    """
    own_start = nanoseconds(span.timestamp, _MICROSECOND) or 0
    own_duration = nanoseconds(span.duration, _MICROSECOND)
    at = {note.value: note for note in annotations}
    sides: list[_Side] = []
    for kind, begin, finish in _PAIRS:
        first, last = at.get(begin), at.get(finish)
        if first is None and last is None:
            continue
        start = _time(first) or (0 if sides else own_start)
        end = _time(last) or (start + own_duration if not sides and own_duration is not None and start else 0)
        sides.append(_Side(kind, start, end, (first or last or _Annotation()).endpoint))
    if sides:
        return sides
    end = own_start + own_duration if own_duration is not None else 0
    return [_Side(SpanKind.UNSPECIFIED, own_start, end, None)]


def _time(note: _Annotation | None) -> int:
    return (nanoseconds(note.timestamp, _MICROSECOND) or 0) if note is not None else 0


def _any_endpoint(span: _SpanV1) -> Endpoint | None:
    """The endpoint of a local span: its binary annotations', "lc" (local component) first."""
    notes = sorted(span.binaryAnnotations or [], key=lambda note: note.key != "lc")
    return next((note.endpoint for note in notes if note.endpoint and note.key not in ("sa", "ca")), None)
