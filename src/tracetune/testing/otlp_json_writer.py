"""Spans as OTLP JSON: one export request, or one a line, as the Collector's file exporter writes.

Source: OpenTelemetry protocol specification, "JSON Protobuf Encoding": ids are hexadecimal, 64-bit integers are text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from tracetune.domain.spans import SpanBatch, StatusCode
from tracetune.testing.rows import INTEGER_ATTRIBUTES, Attributes, Profile, Rows

_encode = msgspec.json.Encoder().encode
_SCOPE = {"name": "tracetune.testing"}


class _Span(msgspec.Struct, gc=False, rename="camel"):
    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    kind: int
    start_time_unix_nano: str
    end_time_unix_nano: str
    attributes: msgspec.Raw
    status: msgspec.Raw


def otlp_jsonl(batches: Iterable[SpanBatch]) -> Iterator[bytes]:
    """One ExportTraceServiceRequest a line, one line a batch."""
    for batch in batches:
        yield _encode({"resourceSpans": _resource_spans(batch)}) + b"\n"


def otlp_json(batches: Iterable[SpanBatch]) -> Iterator[bytes]:
    """One ExportTraceServiceRequest in pieces."""
    before = b'{"resourceSpans":['
    for batch in batches:
        for resource_spans in _resource_spans(batch):
            yield before + _encode(resource_spans)
            before = b",\n"
    yield b"]}\n" if before == b",\n" else before + b"]}\n"


def _resource_spans(batch: SpanBatch) -> list[dict[str, Any]]:
    rows = Rows.of(batch)
    spans = _spans(rows)
    return [
        {
            "resource": {"attributes": _attributes((("service.name", resource.service_name), *resource.attributes))},
            "scopeSpans": [{"scope": _SCOPE, "spans": [spans[row] for row in chosen]}],
        }
        for resource, chosen in zip(rows.resources, rows.by_resource(), strict=True)
    ]


def _spans(rows: Rows) -> list[_Span]:
    attributes = [msgspec.Raw(_encode(_attributes(_all_attributes(profile)))) for profile in rows.profiles]
    statuses = [msgspec.Raw(_encode(_status(profile.status_code))) for profile in rows.profiles]
    return [
        _Span(
            rows.trace_id[row].hex(),
            rows.span_id[row].hex(),
            rows.parent_span_id[row].hex() if any(rows.parent_span_id[row]) else "",
            rows.name[row],
            rows.profiles[profile].kind,
            str(rows.start_time_unix_nano[row]),
            str(rows.end_time_unix_nano[row]),
            attributes[profile],
            statuses[profile],
        )
        for row, profile in enumerate(rows.profile)
    ]


def _all_attributes(profile: Profile) -> Attributes:
    return profile.attributes if profile.peer is None else (*profile.attributes, ("peer.service", profile.peer))


def _status(code: int) -> dict[str, int]:
    return {} if code == StatusCode.UNSET else {"code": code}


def _attributes(attributes: Attributes) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": value} if _is_integer(key, value) else {"stringValue": value}}
        for key, value in attributes
    ]


def _is_integer(key: str, value: str) -> bool:
    return key in INTEGER_ATTRIBUTES and value.isdecimal()
