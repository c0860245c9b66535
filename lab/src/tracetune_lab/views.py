"""Reads the spans of a recording into columns, and slices them by operation, time and instance."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tracetune_lab.recordings import Recording

SERVER, CLIENT = "SERVER", "CLIENT"
_OTLP_KINDS = {1: "INTERNAL", 2: SERVER, 3: CLIENT, 4: "PRODUCER", 5: "CONSUMER"}

Column = NDArray[Any]


class Row(NamedTuple):
    """One span as read; ids in hex, an absent parent is empty."""

    trace_id: str
    span_id: str
    parent_id: str
    service_name: str
    name: str
    kind: str
    instance: str
    version: str
    start_unix_nano: int
    end_unix_nano: int
    is_error: bool


class Spans(NamedTuple):
    """Spans as columns of shape (span,); `own_seconds` is the duration without the time in children.

    Children of another service's host are not subtracted, so a skewed clock does not matter.
    """

    trace_id: Column
    span_id: Column
    parent_id: Column
    service_name: Column
    name: Column
    kind: Column
    instance: Column
    version: Column
    start_unix_nano: Column
    end_unix_nano: Column
    is_error: Column
    duration_seconds: Column
    own_seconds: Column

    def where(self, mask: Column) -> Spans:
        """The spans for which a boolean column holds."""
        return Spans._make(column[mask] for column in self)

    def server(self, service_name: str, name: str) -> Spans:
        """The SERVER spans of one operation."""
        return self.where((self.kind == SERVER) & (self.service_name == service_name) & (self.name == name))

    def between(self, start_unix_nano: int, end_unix_nano: int) -> Spans:
        """The spans that started in a half-open period."""
        return self.where((self.start_unix_nano >= start_unix_nano) & (self.start_unix_nano < end_unix_nano))

    def operations(self) -> list[tuple[str, str]]:
        """The (service_name, name) of every SERVER operation, sorted."""
        served = self.where(self.kind == SERVER)
        return sorted(set(zip(served.service_name.tolist(), served.name.tolist(), strict=True)))


def read_spans(recording: Recording) -> Spans:
    """All spans of a recording."""
    rows: list[Row] = []
    for payload in recording.payloads():
        rows.extend(payload_rows(payload, zipkin=recording.is_zipkin()))
    return columns(rows)


def payload_rows(payload: bytes, *, zipkin: bool) -> Iterable[Row]:
    """The spans of one payload."""
    return _zipkin_rows(payload) if zipkin else _otlp_rows(payload)


def columns(rows: list[Row]) -> Spans:
    """Rows as columns, with durations and own times computed."""
    turned = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in Row._fields]
    start, end = (np.array(turned[place], dtype=np.int64) for place in (8, 9))
    texts = [np.array(column, dtype=object) for column in turned[:8]]
    duration = (end - start) / 1e9
    is_error = np.array(turned[10], dtype=bool)
    return Spans._make([*texts, start, end, is_error, duration, duration - _in_children(rows)])


def hop_seconds(spans: Spans, caller: str, name: str) -> Column:
    """Client minus server duration of each call from a service to an operation: the time between the sidecars."""
    of_calls = (spans.kind == CLIENT) & (spans.service_name == caller) & (spans.name == name)
    served = spans.where((spans.kind == SERVER) & (spans.name == name))
    by_parent = dict(zip(served.parent_id.tolist(), served.duration_seconds.tolist(), strict=True))
    called = spans.where(of_calls)
    pairs = zip(called.span_id.tolist(), called.duration_seconds.tolist(), strict=True)
    return np.array([duration - by_parent[span] for span, duration in pairs if span in by_parent])


def _in_children(rows: list[Row]) -> Column:
    """Seconds of each span that are covered by children of its own service, overlaps counted once."""
    place = {row.span_id: number for number, row in enumerate(rows)}
    covered: dict[int, list[tuple[int, int]]] = {}
    for row in rows:
        parent = place.get(row.parent_id)
        if parent is not None and rows[parent].service_name == row.service_name:
            over = rows[parent]
            begin, end = max(row.start_unix_nano, over.start_unix_nano), min(row.end_unix_nano, over.end_unix_nano)
            covered.setdefault(parent, []).append((begin, end))
    seconds = np.zeros(len(rows))
    for number, intervals in covered.items():
        seconds[number] = _union(intervals) / 1e9
    return seconds


def _union(intervals: list[tuple[int, int]]) -> int:
    total, reached = 0, 0
    for begin, end in sorted(intervals):
        total += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def _otlp_rows(payload: bytes) -> Iterable[Row]:
    for resource in ExportTraceServiceRequest.FromString(payload).resource_spans:
        about = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Row(
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    service_name=about.get("service.name", ""),
                    name=span.name,
                    kind=_OTLP_KINDS.get(span.kind, ""),
                    instance=about.get("service.instance.id", ""),
                    version=about.get("service.version", ""),
                    start_unix_nano=span.start_time_unix_nano,
                    end_unix_nano=span.end_time_unix_nano,
                    is_error=span.status.code == 2 or _has_5xx(span),
                )


def _has_5xx(span: Any) -> bool:  # noqa: ANN401 - protobuf classes are made at run time
    for pair in span.attributes:
        if pair.key == "http.status_code":
            return bool(pair.value.string_value.startswith("5"))
    return False


def _zipkin_rows(payload: bytes) -> Iterable[Row]:
    for span in json.loads(payload):
        tags = span.get("tags", {})
        start = span["timestamp"] * 1000
        yield Row(
            trace_id=span["traceId"],
            span_id=span["id"],
            parent_id=span.get("parentId", ""),
            service_name=span["localEndpoint"].get("serviceName", ""),
            name=span["name"],
            kind=span.get("kind", ""),
            # A Zipkin sidecar names its pod only inside node_id: sidecar~IP~POD.NAMESPACE~DOMAIN.
            instance=tags.get("node_id", "~~.").split("~")[2].split(".")[0],
            version=tags.get("istio.canonical_revision", tags.get("service.version", "")),
            start_unix_nano=start,
            end_unix_nano=start + span.get("duration", 0) * 1000,
            is_error=tags.get("http.status_code", "").startswith("5") or "error" in tags,
        )
