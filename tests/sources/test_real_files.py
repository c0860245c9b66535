"""Every real file: its spans, traces and services as counted here by plain loops, or the right reason why not."""

from __future__ import annotations

import base64
import fnmatch
import json
import tarfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tracetune.domain.spans import SpanBatch
from tracetune.errors import InvalidInput
from tracetune.sources.files import find, read
from tracetune.sources.readers import readers

PLACES = (
    "trace_fixtures/**/*",
    "deathstarbench_jaeger/**/*",
    "opensearch_otel_spans/**/*",
    "traceweaver_hotel/*.md",
    "traceweaver_hotel/hotel_load100.tar.gz",
    pytest.param("traceweaver_hotel/hotel_load[!1]*.tar.gz", marks=pytest.mark.slow),  # three more of 1,000 files each
)

REFUSED = (  # the first pattern that fits says why a file is no traces; a file that fits none must be readable
    ("*LICENSE*", "text that begins with"),
    ("*.md", "text that begins with"),
    ("*.proto", "text that begins with"),
    ("*.yaml", "text that begins with"),
    ("*.toml", "text that begins with"),
    ("*.js", "text that begins with"),
    ("*/asset.txt", "text that begins with"),
    ("*.html", "HTML"),
    ("*.jpg", "JPEG"),
    ("*.csv", "CSV"),
    ("*ui-config*.json", "no format of spans that is known"),
    ("*/test-otel-log.protobuf", "logs and no traces"),
    ("*/test-otel-multi-log.protobuf", "binary data"),
    ("*metrics*.json", "metrics and no traces"),
    ("*-logs.json", "logs and no traces"),
    ("*-log.json", "logs and no traces"),
    ("*otlp/examples/logs.json", "logs and no traces"),
    ("*otlp/examples/events.json", "logs and no traces"),
    ("*domain_*.json", "Jaeger's internal model"),
    ("*tracingtest/response.json", "Tempo's search"),
    ("*tracingtest/responseAmbient.json", "Tempo's search"),
    ("*service-map.json", "service map"),
    ("*signoz/*/large-trace.json", "no format of spans that is known"),  # offsets and no times: a seed for tests
    ("*signoz/*golden.jsonl", "no format of spans that is known"),  # likewise: "minutes_ago"
)


class Row(NamedTuple):
    """What is counted of a span; times in seconds, None where missing."""

    trace_id: str
    span_id: str
    start: float | None
    end: float | None
    service: str


class Counts(NamedTuple):
    """What both sides count."""

    spans: int
    traces: int
    services: set[str]
    rejected: int


def counts_of(rows: Iterable[Row], malformed: int) -> Counts:
    good, rejected = [], malformed
    for row in rows:
        if usable(row):
            good.append(row)
        else:
            rejected += 1
    return Counts(len(good), len({number(row.trace_id, 16) for row in good}), {row.service for row in good}, rejected)


def usable(row: Row) -> bool:
    if not number(row.trace_id, 16) or not number(row.span_id, 8) or row.start is None or row.end is None:
        return False
    return 946_684_800 <= row.start <= row.end < 4_102_444_800


def number(text: str, width: int) -> int:
    """An id as a number, 0 where it is none: hexadecimal, or base64 of this many bytes as protobuf's JSON has it."""
    try:
        if text.endswith("="):
            raw = base64.b64decode(text)
            return int.from_bytes(raw) if len(raw) == width else 0
        return int(text or "0", 16)
    except ValueError:
        return 0


def documents(text: str) -> tuple[list[Any], int]:
    """The documents of a file, one in all or one a line, and the number of lines that are none."""
    try:
        return [json.loads(text)], 0
    except ValueError:
        pass
    found, malformed = [], 0
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            malformed += 1
    return found, malformed


def rows_of(document: Any) -> Iterator[Row]:
    if isinstance(document, list):
        for item in document:
            yield from rows_of(item)
    elif batches := document.get("resourceSpans") or document.get("batches"):
        yield from otlp(batches)
    elif "data" in document:
        yield from rows_of(document["data"])
    elif "spans" in document:
        yield from (jaeger(span, document["processes"].get(span.get("processID"), {})) for span in document["spans"])
    elif "traceID" in document:
        yield jaeger(document, document.get("process", {}))
    elif "traceId" in document:
        yield from zipkin(document) if "id" in document else (data_prepper(document),)


def data_prepper(document: dict[str, Any]) -> Row:
    resource = document.get("resource") or {}
    service = document.get("serviceName") or resource.get("service.name") or "unknown"
    # Python's dates end at microseconds: nine digits after the point are cut to six.
    start, end = (datetime.fromisoformat(document[key][:26] + "+00:00").timestamp() for key in ("startTime", "endTime"))
    return Row(document["traceId"], document["spanId"], start, end, service)


def jaeger(span: dict[str, Any], process: dict[str, Any]) -> Row:
    start, duration = float(span["startTime"]) / 1e6, float(span["duration"]) / 1e6
    return Row(span["traceID"], span["spanID"], start, start + duration, process.get("serviceName", "unknown"))


def zipkin(span: dict[str, Any]) -> Iterator[Row]:
    start: int | None = span.get("timestamp")
    end = (start + span["duration"]) / 1e6 if start is not None and "duration" in span else None
    notes = {note["value"]: note for note in span.get("annotations", []) if "endpoint" in note}
    sides = [side for side in (("cs", "cr"), ("sr", "ss")) if set(side) & notes.keys()]
    for first, last in sides:
        service = (notes.get(first) or notes[last])["endpoint"]["serviceName"]
        side_start = notes[first]["timestamp"] if first in notes else span["timestamp"]
        side_end = notes[last]["timestamp"] / 1e6 if last in notes else end
        yield Row(span["traceId"], span["id"], side_start / 1e6, side_end, service)
    if not sides:
        tagged = [note["endpoint"] for note in span.get("binaryAnnotations", []) if "endpoint" in note]
        service = [*tagged, span.get("localEndpoint", {})][0].get("serviceName", "unknown")
        yield Row(span["traceId"], span["id"], None if start is None else start / 1e6, end, service)


def otlp(batches: list[Any]) -> Iterator[Row]:
    for batch in batches:
        attributes = {item["key"]: item["value"] for item in batch.get("resource", {}).get("attributes", [])}
        named = attributes.get("service.name", {}).get("stringValue", "unknown")
        for scope in [*batch.get("scopeSpans", []), *batch.get("instrumentationLibrarySpans", [])]:
            for span in scope.get("spans", []):
                own = {item["key"]: item["value"] for item in span.get("attributes", [])}
                service = own.get("istio.canonical_service", {}).get("stringValue", named)
                start, end = (float(span.get(key, 0)) / 1e9 or None for key in ("startTimeUnixNano", "endTimeUnixNano"))
                yield Row(span["traceId"], span["spanId"], start, end, service)


def expected(path: Path) -> Counts:
    if path.name.endswith(".tar.gz"):
        with tarfile.open(path) as archive:
            files = [archive.extractfile(member) for member in archive.getmembers() if member.isfile()]
            return counts_of(rows_of([json.loads(file.read()) for file in files if file]), 0)
    found, malformed = documents(path.read_text("utf-8"))
    return counts_of(rows_of(found), malformed)


def measured(path: Path) -> Counts:
    (file,) = find([str(path)])
    parts = list(read(file, readers()))
    spans = SpanBatch.concat([part.spans for part in parts])
    codes, names = spans.labels("service_name")
    traces = {row.tobytes() for row in spans.ids("trace_id")}
    rejected = sum(count for part in parts for count in part.rejected.values())
    return Counts(len(spans), len(traces), {names[code] for code in set(codes.tolist())}, rejected)


def refusal_of(path: Path, root: Path) -> str | None:
    name = path.relative_to(root).as_posix()
    return next((reason for pattern, reason in REFUSED if fnmatch.fnmatch(name, pattern)), None)


@pytest.mark.parametrize("place", PLACES)
def test_every_file_gives_its_spans_or_the_right_reason(data_dir: Path, place: str) -> None:
    files = sorted(path for path in data_dir.glob(place) if path.is_file())

    assert files
    for path in files:
        reason = refusal_of(path, data_dir)
        if reason is not None:
            with pytest.raises(InvalidInput, match=reason) as refusal:
                measured(path)
            assert path.name in refusal.value.message
            assert refusal.value.hint
            continue
        assert measured(path) == expected(path), path


def test_the_ten_cut_lines_of_a_real_bulk_file_are_counted(data_dir: Path) -> None:
    path = data_dir / "opensearch_otel_spans/.cypress/utils/otel-v1-apm-span-000002.json"

    counts = measured(path)

    assert counts.rejected == 10
    assert counts.spans == 474
