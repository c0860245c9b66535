"""Reads span documents as OpenSearch and Elasticsearch keep them: bulk files, lists of documents, answers of a search.

Indices: otel-v1-apm-span (OpenSearch Data Prepper), ss4o_traces (OpenSearch's Simple Schema for Observability) and
jaeger-span (Jaeger's Elasticsearch storage). A line that is no document is counted, never fatal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

import msgspec

from tracetune.domain.spans import Decoded, StatusCode
from tracetune.errors import InvalidInput
from tracetune.sources.columns import BATCH_SPANS
from tracetune.sources.jaeger import DECODE_ERRORS, JaegerRows, Span
from tracetune.sources.json_keys import key_paths
from tracetune.sources.json_stream import MAX_OBJECT_BYTES, split
from tracetune.sources.resolve import Resolver, Resource, known_resource, known_span
from tracetune.sources.semconv import kind_of, text_of
from tracetune.sources.streams import UntilBroken, collector_paused, peek
from tracetune.sources.times import nanoseconds_of_date

Document = dict[str, object]


class _Hit(msgspec.Struct, gc=False):
    source: msgspec.Raw = msgspec.field(name="_source")


_hit = msgspec.json.Decoder(_Hit)
_document = msgspec.json.Decoder(Document)
_jaeger_span = msgspec.json.Decoder(Span)

_ACTIONS = frozenset({"index", "create", "update", "delete"})
_SPAN_PREFIXES = ("span.attributes.", "attributes.")
_STATUS = {
    "ok": StatusCode.OK,
    "1": StatusCode.OK,
    "error": StatusCode.ERROR,
    "2": StatusCode.ERROR,
}
_DEEPEST = 6  # levels of nested attribute objects that are looked into


class OpenSearchReader:
    """Span documents: a bulk file, documents one a line, a list of them, or an answer of a search."""

    format = "opensearch"

    def read(self, stream: BinaryIO) -> Iterator[Decoded]:
        """The spans of the stream, in its order."""
        head, stream = peek(stream)
        rows = _Rows()
        texts = UntilBroken(_documents(head, stream))
        for text in texts:
            with collector_paused():
                rows.add_text(text)
            if len(rows.columns) >= BATCH_SPANS:
                yield rows.columns.take()
        yield rows.columns.take()
        texts.check()


def _documents(head: bytes, stream: BinaryIO) -> Iterator[bytes | memoryview]:
    if _is_one_a_line(head):
        yield from _lines(stream)
    elif ("hits", "hits") in key_paths(head, levels=2):
        yield from (item.raw for item in split(stream, ("hits",), level=2))
    else:
        yield from (item.raw for item in split(stream))


def _is_one_a_line(head: bytes) -> bool:
    first = head.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")[0]
    try:
        return len(head) > len(first) and bool(_document.decode(first))
    except DECODE_ERRORS:
        return False


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    offset = 0
    while line := stream.readline(MAX_OBJECT_BYTES + 1):
        if len(line) > MAX_OBJECT_BYTES:
            raise InvalidInput(
                f"the line at byte {offset:,} is longer than {MAX_OBJECT_BYTES >> 20} MiB",
                hint="export one document a line",
            )
        offset += len(line)
        if not line.isspace():
            yield line


class _Rows:
    def __init__(self) -> None:
        self._jaeger = JaegerRows()
        self.columns = self._jaeger.columns
        self._resolver = Resolver()
        self._resources: dict[object, Resource] = {}

    def add_text(self, text: bytes | memoryview) -> None:
        try:
            document = _document.decode(text)
            if "_source" in document:  # a hit of a search, or a line of a dump of an index
                text = _hit.decode(text).source
                document = _document.decode(text)
            if "traceID" in document:
                span = _jaeger_span.decode(text)
                self._jaeger.add(span, self._jaeger.process(span.process))
            elif "traceId" in document and "spanId" in document:
                self._add(document)
            elif len(document) != 1 or _ACTIONS.isdisjoint(document):
                self.columns.reject("malformed")
        except DECODE_ERRORS:
            self.columns.reject("malformed")

    def _add(self, document: Document) -> None:
        attributes, resource, status = _flattened(document)
        if service := _text(document, "serviceName"):
            resource["service.name"] = service
        start = nanoseconds_of_date(_text(document, "startTime"))
        end = nanoseconds_of_date(_text(document, "endTime"))
        duration = document.get("durationInNanos")
        if end is None and start is not None and isinstance(duration, int):
            end = start + duration
        kind = kind_of(text_of(document.get("kind")) or "")
        self.columns.append(
            _text(document, "traceId"),
            _text(document, "spanId"),
            _text(document, "parentSpanId"),
            _text(document, "name"),
            start,
            end,
            self._resolver.span(kind, status, known_span(attributes.items()), self._resource(resource)),
        )

    def _resource(self, attributes: Mapping[str, object]) -> Resource:
        known = known_resource(attributes.items())
        key = tuple(known)
        if key not in self._resources:
            if len(self._resources) >= 1 << 16:
                self._resources.clear()
            self._resources[key] = Resource(known)
        return self._resources[key]


def _text(document: Document, key: str) -> str:
    value = document.get(key)
    return value if isinstance(value, str) else ""


def _flattened(document: Document) -> tuple[dict[str, object], dict[str, object], int]:
    """The span's attributes, its resource's and its status code; a dot in a name is a dot, an "@" or a level of nesting."""
    attributes: dict[str, object] = {}
    resource: dict[str, object] = {}
    status = ""
    for path, value in _leaves(document, "", _DEEPEST):
        name = path.replace("@", ".")
        if name.startswith(_SPAN_PREFIXES):
            attributes[name.partition("attributes.")[2]] = value
        elif name.startswith("resource."):
            resource[name.removeprefix("resource.").removeprefix("attributes.")] = value
        elif name == "status.code":
            status = (text_of(value) or "").lower().removeprefix("status_code_")
    return attributes, resource, _STATUS.get(status, StatusCode.UNSET)


def _leaves(values: Mapping[str, object], prefix: str, levels: int) -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        if isinstance(value, dict) and levels:
            yield from _leaves(value, f"{prefix}{key}.", levels - 1)
        else:
            yield prefix + key, value
