"""Spans as Zipkin JSON, version 2 or 1: one list of spans.

Source: openzipkin/zipkin-api, zipkin2-api.yaml and zipkin-api.yaml; times are microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode
from tracetune.testing.rows import Profile, Resource, Rows

_encode = msgspec.json.Encoder().encode
_ANNOTATIONS = {  # what begins and ends each side of a call
    SpanKind.CLIENT: ("cs", "cr"),
    SpanKind.SERVER: ("sr", "ss"),
    SpanKind.PRODUCER: ("ms", "ws"),
    SpanKind.CONSUMER: ("wr", "mr"),
}
_WITHOUT_KIND = frozenset({SpanKind.UNSPECIFIED, SpanKind.INTERNAL})  # Zipkin names only the four remote kinds


class _Endpoint(msgspec.Struct, gc=False, rename="camel"):
    service_name: str


class _Span(msgspec.Struct, gc=False, rename="camel", omit_defaults=True):
    trace_id: str
    id: str
    name: str
    timestamp: int
    duration: int
    local_endpoint: _Endpoint
    tags: msgspec.Raw
    parent_id: str | None = None
    kind: str | None = None
    remote_endpoint: _Endpoint | None = None


class _Annotation(msgspec.Struct, gc=False):
    timestamp: int
    value: str
    endpoint: _Endpoint


class _SpanV1(msgspec.Struct, gc=False, rename="camel", omit_defaults=True):
    trace_id: str
    id: str
    name: str
    timestamp: int
    duration: int
    annotations: list[_Annotation]
    binary_annotations: msgspec.Raw
    parent_id: str | None = None


def zipkin_v2(batches: Iterable[SpanBatch]) -> Iterator[bytes]:
    """The list in pieces; kinds INTERNAL and UNSPECIFIED both become no kind."""
    return _list(batches, _spans)


def zipkin_v1(batches: Iterable[SpanBatch]) -> Iterator[bytes]:
    """The list in pieces; the kind is said by two annotations, and by none where it is INTERNAL or UNSPECIFIED."""
    return _list(batches, _spans_v1)


def _list(batches: Iterable[SpanBatch], spans_of: Callable[[Rows], Sequence[msgspec.Struct]]) -> Iterator[bytes]:
    before = b"["
    for batch in batches:
        if len(batch):
            yield before + _encode(spans_of(Rows.of(batch)))[1:-1]
            before = b",\n"
    yield b"[]\n" if before == b"[" else b"]\n"


def _spans(rows: Rows) -> list[_Span]:
    tags = [msgspec.Raw(_encode(_tags(profile, rows.resources[profile.resource]))) for profile in rows.profiles]
    kinds = [None if p.kind in _WITHOUT_KIND else SpanKind(p.kind).name for p in rows.profiles]
    senders = [_Endpoint(rows.resources[profile.resource].service_name) for profile in rows.profiles]
    peers = [None if profile.peer is None else _Endpoint(profile.peer) for profile in rows.profiles]
    return [
        _Span(
            rows.trace_id[row].hex(),
            rows.span_id[row].hex(),
            rows.name[row],
            rows.start_time_unix_nano[row] // 1000,
            rows.end_time_unix_nano[row] // 1000 - rows.start_time_unix_nano[row] // 1000,
            senders[profile],
            tags[profile],
            rows.parent_span_id[row].hex() if any(rows.parent_span_id[row]) else None,
            kinds[profile],
            peers[profile],
        )
        for row, profile in enumerate(rows.profile)
    ]


def _spans_v1(rows: Rows) -> list[_SpanV1]:
    senders = [_Endpoint(rows.resources[profile.resource].service_name) for profile in rows.profiles]
    tags = [
        msgspec.Raw(_encode(_binary_annotations(profile, rows.resources[profile.resource])))
        for profile in rows.profiles
    ]
    marks = [_ANNOTATIONS.get(SpanKind(profile.kind), ()) for profile in rows.profiles]
    spans = []
    for row, profile in enumerate(rows.profile):
        times = rows.start_time_unix_nano[row] // 1000, rows.end_time_unix_nano[row] // 1000
        spans.append(
            _SpanV1(
                rows.trace_id[row].hex(),
                rows.span_id[row].hex(),
                rows.name[row],
                times[0],
                times[1] - times[0],
                # Two times, and either two marks or none.
                [_Annotation(*said, senders[profile]) for said in zip(times, marks[profile], strict=False)],
                tags[profile],
                rows.parent_span_id[row].hex() if any(rows.parent_span_id[row]) else None,
            )
        )
    return spans


def _binary_annotations(profile: Profile, resource: Resource) -> list[dict[str, Any]]:
    """The tags, and the other side's address, which version 1 keeps among them."""
    sender = {"serviceName": resource.service_name}
    notes: list[dict[str, Any]] = [
        {"key": key, "value": value, "endpoint": sender} for key, value in _tags(profile, resource).items()
    ]
    if SpanKind(profile.kind) not in _ANNOTATIONS:
        notes.append({"key": "lc", "value": "", "endpoint": sender})
    if profile.peer is not None:
        address = "ca" if profile.kind == SpanKind.SERVER else "sa"
        notes.append({"key": address, "value": True, "endpoint": {"serviceName": profile.peer}})
    return notes


def _tags(profile: Profile, resource: Resource) -> dict[str, str]:
    tags = dict(resource.attributes) | dict(profile.attributes)
    if profile.status_code != StatusCode.UNSET:
        tags["otel.status_code"] = StatusCode(profile.status_code).name
    if profile.status_code == StatusCode.ERROR:
        tags["error"] = "true"
    return tags
