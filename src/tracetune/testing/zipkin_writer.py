"""Spans as Zipkin v2 JSON: one list of spans.

Source: openzipkin/zipkin-api, zipkin2-api.yaml; times are microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode
from tracetune.testing.rows import Profile, Resource, Rows

_encode = msgspec.json.Encoder().encode
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


def zipkin_v2(batches: Iterable[SpanBatch]) -> Iterator[bytes]:
    """The list in pieces.

    Kinds INTERNAL and UNSPECIFIED both become no kind. A duration of zero is left out, as Zipkin has no zero.
    """
    before = b"["
    for batch in batches:
        rows = Rows.of(batch)
        if len(rows.name):
            yield before + _encode(_spans(rows))[1:-1]
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


def _tags(profile: Profile, resource: Resource) -> dict[str, str]:
    tags = dict(resource.attributes) | dict(profile.attributes)
    if profile.status_code != StatusCode.UNSET:
        tags["otel.status_code"] = StatusCode(profile.status_code).name
    if profile.status_code == StatusCode.ERROR:
        tags["error"] = "true"
    return tags
