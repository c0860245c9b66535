"""Tells the format of a file of spans from how it begins, or says what the file seems to be instead."""

from __future__ import annotations

import csv
from collections.abc import Callable
from collections.abc import Set as AbstractSet

from tracetune.errors import InvalidInput
from tracetune.sources import otlp_shape
from tracetune.sources.json_keys import KeyPath, key_paths

FORMATS = (
    "jaeger", "otlp_json", "otlp_jsonl", "otlp_protobuf", "otlp_delimited", "zipkin_v2", "zipkin_v1", "opensearch",
)  # fmt: skip
"""What ``detect`` can answer; each has a reader of that name."""

KNOWN = "Jaeger JSON, OTLP JSON or protobuf, Zipkin v1 or v2 JSON, OpenSearch or Elasticsearch span documents"

_EXPORT = "export traces as one of: " + KNOWN

# How files begin that people give by mistake, and what to do about each.
_MAGIC = (
    (b"PK\x03\x04", "a zip archive", "unpack it and give its files, or pack them as .tar.gz"),
    (b"\x1f\x8b", "gzip inside gzip", "unpack it once"),
    (b"\xfd7zXZ\x00", "an xz archive", "unpack it, or compress it as .gz or .zst"),
    (b"BZh", "a bzip2 archive", "unpack it, or compress it as .gz or .zst"),
    (b"\x04\x22\x4d\x18", "an lz4 file", "unpack it, or compress it as .gz or .zst"),
    (b"PAR1", "a Parquet file", _EXPORT),
    (b"ARROW1", "an Arrow file", _EXPORT),
    (b"SQLite format 3", "an SQLite database", _EXPORT),
    (b"%PDF", "a PDF document", _EXPORT),
    (b"\x89PNG", "a PNG image", _EXPORT),
    (b"\xff\xd8\xff", "a JPEG image", _EXPORT),
    (b"\x7fELF", "a program", _EXPORT),
)


def detect(head: bytes) -> str:
    """The format of a file that begins with these bytes, one of FORMATS.

    Raises:
        InvalidInput: it is none of them; the message says what it seems to be and the hint what to do.
    """
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x1e")
    if not text:
        raise InvalidInput("the file is empty", hint="export the traces again: nothing was written to it")
    if text[:1] in (b"{", b"["):
        return _detect_json(text)
    for magic, what, hint in _MAGIC:
        if head.startswith(magic):
            raise InvalidInput(f"this is {what}", hint=hint)
    return _detect_protobuf(head) or _refuse_text(text)


def _detect_json(text: bytes) -> str:
    seen: set[KeyPath] = set()
    objects = 0
    for path in key_paths(text, levels=3):
        if path in _DECISIVE:
            return _line_form(_DECISIVE[path], text)
        if path:
            seen.add(path)
            continue
        # The first object decides, or what follows the action line of a bulk file.
        objects += 1
        if not _is_action(seen) or objects > 1:
            break
    for matches, answer in _RULES:
        if matches(seen):
            return _line_form(answer, text) if answer in FORMATS else _refuse_json(answer)
    return _refuse_unknown(seen)


def _line_form(answer: str, text: bytes) -> str:
    """OTLP with a second document on the next line is the Collector's file exporter's: one request a line."""
    first, _, second = text.partition(b"\n")
    whole = first.rstrip().endswith(b"}") and second.lstrip()[:1] == b"{"
    return "otlp_jsonl" if answer == "otlp_json" and whole else answer


def _is_action(seen: AbstractSet[KeyPath]) -> bool:
    """Whether these are the keys of a bulk action line, ``{"index": {…}}``."""
    tops = {path[0] for path in seen}
    return len(tops) == 1 and bool(tops & {"index", "create", "update", "delete"})


def _has(*paths: str) -> Callable[[AbstractSet[KeyPath]], bool]:
    """Matches where all these paths are there; a path is written with dots."""
    wanted = {tuple(path.split(".")) for path in paths}
    return lambda seen: wanted <= seen


_METRICS, _LOGS, _TEMPO_SEARCH, _JAEGER_MODEL, _SERVICE_MAP = "metrics", "logs", "search", "model", "map"

# Keys that no other format has: the rest of the head need not be looked at, which counts for archives of small files.
_DECISIVE: dict[KeyPath, str] = {
    ("resourceSpans",): "otlp_json",
    ("resource_spans",): "otlp_json",
    ("batches",): "otlp_json",
    ("data", "traceID"): "jaeger",
    ("data", "spans"): "jaeger",
}

_RULES: tuple[tuple[Callable[[AbstractSet[KeyPath]], bool], str], ...] = (
    (_has("resourceMetrics"), _METRICS),
    (_has("resourceLogs"), _LOGS),
    (_has("traces.spanSet"), _TEMPO_SEARCH),
    (_has("traces.spanSets"), _TEMPO_SEARCH),
    (_has("traces.rootServiceName"), _TEMPO_SEARCH),
    (_has("traces.traceID"), "jaeger"),
    (_has("traces.spans"), "jaeger"),
    (_has("data", "total", "errors"), "jaeger"),  # an answer of no traces
    (_has("spans.traceId", "spans.operationName"), _JAEGER_MODEL),
    (_has("traceId", "operationName"), _JAEGER_MODEL),
    (_has("traceID", "spans"), "jaeger"),
    (_has("spans", "processes"), "jaeger"),
    (_has("spans.traceID"), "jaeger"),
    (_has("traceID", "spanID"), "opensearch"),
    (_has("traceId", "spanId"), "opensearch"),
    (_has("_source"), "opensearch"),
    (_has("hits.hits"), "opensearch"),
    (_has("traceId", "binaryAnnotations"), "zipkin_v1"),
    (_has("traceId", "annotations.endpoint"), "zipkin_v1"),
    (_has("traceId", "id"), "zipkin_v2"),
    (_has("hashId", "traceGroupName"), _SERVICE_MAP),
)

_REFUSALS = {
    _METRICS: ("this is OTLP, but metrics and no traces", "give the output of the Collector's traces pipeline"),
    _LOGS: ("this is OTLP, but logs and no traces", "give the output of the Collector's traces pipeline"),
    _TEMPO_SEARCH: (
        "this is an answer of Tempo's search, which holds a few spans of each trace without their parents",
        "fetch the whole traces by their ids, /api/traces/ID",
    ),
    _JAEGER_MODEL: (
        "this is Jaeger's internal model (ids in base64, durations as text), which no Jaeger gives to users",
        "fetch the traces from Jaeger's query API, /api/traces?service=NAME, or export them in its UI",
    ),
    _SERVICE_MAP: (
        "this is a service map of Data Prepper, which holds names and no spans",
        "export the index otel-v1-apm-span in its place",
    ),
}


def _refuse_json(answer: str) -> str:
    message, hint = _REFUSALS[answer]
    raise InvalidInput(message, hint=hint)


def _refuse_unknown(seen: AbstractSet[KeyPath]) -> str:
    keys = sorted({path[0] for path in seen})
    named = f"its first keys are {', '.join(keys[:6])}" if keys else "it has no keys"
    raise InvalidInput(f"this is JSON, but of no format of spans that is known: {named}", hint=_EXPORT)


def _detect_protobuf(head: bytes) -> str | None:
    signal = otlp_shape.signal_of(head)
    if signal == "traces":
        return "otlp_protobuf"
    if signal is None and otlp_shape.is_delimited(head):
        return "otlp_delimited"
    if signal is not None:
        return _refuse_json(signal)
    return None


def _refuse_text(text: bytes) -> str:
    low = text[:512].lower()
    if text.startswith(b"<"):
        page = b"<html" in low or b"<!doctype html" in low
        what = "an HTML page" if page else "XML"
        raise InvalidInput(
            f"this is {what}, not traces", hint="a login or error page was saved; fetch it with credentials"
        )
    if not _is_text(text):
        raise InvalidInput("this is binary data of no known format of spans", hint=_EXPORT)
    first = text.split(b"\n", 1)[0].decode("utf-8", "replace")
    columns = next(csv.reader([first]), [])
    if len(columns) > 2:
        raise InvalidInput(f"this is a table (CSV) with {len(columns)} columns", hint=_EXPORT)
    raise InvalidInput(f"this is text that begins with {first[:40]!r}, not traces", hint=_EXPORT)


def _is_text(text: bytes) -> bool:
    sample = text[:4096]
    return b"\x00" not in sample and sum(byte < 32 and byte not in b"\t\r\n\x0c\x1b" for byte in sample) * 50 <= len(
        sample
    )
