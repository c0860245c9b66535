"""Spans as Jaeger's query API answers them: one JSON document of whole traces.

Source: jaegertracing/jaeger, model/json/model.go; times are microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode
from tracetune.testing.rows import INTEGER_ATTRIBUTES, Attributes, Profile, Resource, Rows

_encode = msgspec.json.Encoder().encode


def _jaeger_name(field: str) -> str:
    """The field as Jaeger spells it: trace_id is traceID."""
    first, *others = field.split("_")
    return first + "".join("ID" if word == "id" else word.capitalize() for word in others)


class _Reference(msgspec.Struct, gc=False, rename=_jaeger_name):
    ref_type: str
    trace_id: str
    span_id: str


class _Span(msgspec.Struct, gc=False, rename=_jaeger_name):
    trace_id: str
    span_id: str
    operation_name: str
    references: list[_Reference]
    start_time: int
    duration: int
    tags: msgspec.Raw
    process_id: str
    logs: tuple[()] = ()
    warnings: None = None


class _Trace(msgspec.Struct, gc=False, rename=_jaeger_name):
    trace_id: str
    spans: list[_Span]
    processes: dict[str, msgspec.Raw]
    warnings: None = None


def jaeger(batches: Iterable[SpanBatch]) -> Iterator[bytes]:
    """The document in pieces; a trace that goes on in another batch is listed again with the rest of its spans."""
    before = b'{"data":['
    for batch in batches:
        for trace in _traces(Rows.of(batch)):
            yield before + _encode(trace)
            before = b",\n"
    yield (b"" if before == b",\n" else before) + b'],"total":0,"limit":0,"offset":0,"errors":null}\n'


def _traces(rows: Rows) -> Iterator[_Trace]:
    tags = [msgspec.Raw(_encode(_span_tags(profile))) for profile in rows.profiles]
    processes = [msgspec.Raw(_encode(_process(resource))) for resource in rows.resources]
    resource_of = [profile.resource for profile in rows.profiles]
    names = [f"p{number + 1}" for number in range(len(processes))]
    for first, last in zip(rows.trace_starts[:-1], rows.trace_starts[1:], strict=True):
        trace_id = rows.trace_id[first].hex()
        used = sorted({resource_of[profile] for profile in rows.profile[first:last]})
        spans = [
            _Span(
                trace_id,
                rows.span_id[row].hex(),
                rows.name[row],
                [_Reference("CHILD_OF", trace_id, rows.parent_span_id[row].hex())]
                if any(rows.parent_span_id[row])
                else [],
                rows.start_time_unix_nano[row] // 1000,
                rows.end_time_unix_nano[row] // 1000 - rows.start_time_unix_nano[row] // 1000,
                tags[rows.profile[row]],
                names[resource_of[rows.profile[row]]],
            )
            for row in range(first, last)
        ]
        yield _Trace(trace_id, spans, {names[number]: processes[number] for number in used})


def _span_tags(profile: Profile) -> list[dict[str, Any]]:
    tags = _tags(profile.attributes)
    if profile.kind != SpanKind.UNSPECIFIED:
        tags.append(_tag("span.kind", SpanKind(profile.kind).name.lower()))
    if profile.peer is not None:
        tags.append(_tag("peer.service", profile.peer))
    if profile.status_code != StatusCode.UNSET:
        tags.append(_tag("otel.status_code", StatusCode(profile.status_code).name))
    if profile.status_code == StatusCode.ERROR:
        tags.append({"key": "error", "type": "bool", "value": True})
    return tags


def _process(resource: Resource) -> dict[str, Any]:
    return {"serviceName": resource.service_name, "tags": _tags(resource.attributes)}


def _tags(attributes: Attributes) -> list[dict[str, Any]]:
    return [
        {"key": key, "type": "int64", "value": int(value)}
        if key in INTEGER_ATTRIBUTES and value.isdecimal()
        else _tag(key, value)
        for key, value in attributes
    ]


def _tag(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "type": "string", "value": value}
