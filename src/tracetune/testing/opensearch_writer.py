"""Spans as a bulk file of OpenSearch: for each span the line of an action and the line of its document.

Source: opensearch-project/data-prepper, index template otel-v1-apm-span; dots in names of attributes become "@".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from tracetune.domain.spans import SpanBatch, SpanKind
from tracetune.testing.rows import INTEGER_ATTRIBUTES, Attributes, Profile, Resource, Rows

_encode = msgspec.json.Encoder().encode
_ACTION = b'{"index":{"_index":"otel-v1-apm-span-000001"}}\n'


def opensearch(batches: Iterable[SpanBatch]) -> Iterator[bytes]:
    """The file in pieces, one a batch."""
    for batch in batches:
        rows = Rows.of(batch)
        common = [_common(profile, rows.resources[profile.resource]) for profile in rows.profiles]
        documents = (_document(rows, row) | common[profile] for row, profile in enumerate(rows.profile))
        yield b"".join(_ACTION + _encode(document) + b"\n" for document in documents)


def _document(rows: Rows, row: int) -> dict[str, Any]:
    start, end = rows.start_time_unix_nano[row], rows.end_time_unix_nano[row]
    parent = rows.parent_span_id[row]
    return {
        "traceId": rows.trace_id[row].hex(),
        "spanId": rows.span_id[row].hex(),
        "parentSpanId": parent.hex() if any(parent) else "",
        "name": rows.name[row],
        "startTime": _date(start),
        "endTime": _date(end),
        "durationInNanos": end - start,
    }


def _common(profile: Profile, resource: Resource) -> dict[str, Any]:
    """What all spans of a profile say."""
    peer: Attributes = () if profile.peer is None else (("peer.service", profile.peer),)
    return {
        "kind": f"SPAN_KIND_{SpanKind(profile.kind).name}",
        "serviceName": resource.service_name,
        "status.code": profile.status_code,
        **_flat("span.attributes.", (*profile.attributes, *peer)),
        **_flat("resource.attributes.", (("service.name", resource.service_name), *resource.attributes)),
    }


def _flat(prefix: str, attributes: Attributes) -> dict[str, str | int]:
    return {
        prefix + key.replace(".", "@"): int(value) if key in INTEGER_ATTRIBUTES and value.isdecimal() else value
        for key, value in attributes
    }


def _date(time_unix_nano: int) -> str:
    """The time as text with all nine digits of its nanoseconds."""
    second, nano = divmod(time_unix_nano, 10**9)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{nano:09}Z"
