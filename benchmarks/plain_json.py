"""The obvious way to read traces from JSON: json.loads and loops, to the same columns as the readers give.

It knows what these benchmarks' spans can hold and nothing else (no odd types, no other dialects, no bad input), makes lists and
no Arrow, and so does less than a reader must.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tracetune.domain.spans import SPAN_SCHEMA
from tracetune.sources.semconv import ENTRIES

Columns = dict[str, list[Any]]

_KEPT = {entry.key: entry.attribute for entry in ENTRIES if entry.attribute}
_KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_CALLING = (3, 4)


def jaeger_columns(document: bytes) -> Columns:
    """The columns of an answer of Jaeger's query API."""
    return _columns(_jaeger_rows(document))


def otlp_json_columns(lines: Iterable[bytes]) -> Columns:
    """The columns of the lines of the Collector's file exporter."""
    return _columns(_otlp_rows(lines))


def _columns(rows: Iterator[tuple[Any, ...]]) -> Columns:
    return dict(zip(SPAN_SCHEMA.names, map(list, zip(*rows, strict=True)), strict=True))


def _jaeger_rows(document: bytes) -> Iterator[tuple[Any, ...]]:
    for trace in json.loads(document)["data"]:
        processes = {
            name: {tag["key"]: tag["value"] for tag in process["tags"]} | {"service.name": process["serviceName"]}
            for name, process in trace["processes"].items()
        }
        for span in trace["spans"]:
            parents = [reference["spanID"] for reference in span["references"] if reference["refType"] == "CHILD_OF"]
            tags = {tag["key"]: tag["value"] for tag in span["tags"]}
            kind = _KINDS[tags["span.kind"]]
            yield (
                bytes.fromhex(span["traceID"].zfill(32)),
                bytes.fromhex(span["spanID"].zfill(16)),
                bytes.fromhex(parents[0].zfill(16)) if parents else bytes(8),
                span["operationName"],
                kind,
                span["startTime"] * 1000,
                (span["startTime"] + span["duration"]) * 1000,
                _status(tags, kind, failed=tags.get("error") is True),
                *_said(tags, kind, processes[span["processID"]]),
            )


def _otlp_rows(lines: Iterable[bytes]) -> Iterator[tuple[Any, ...]]:
    for line in lines:
        for batch in json.loads(line)["resourceSpans"]:
            resource = _plain(batch["resource"]["attributes"])
            for span in (span for scope in batch["scopeSpans"] for span in scope["spans"]):
                tags = _plain(span["attributes"])
                yield (
                    bytes.fromhex(span["traceId"]),
                    bytes.fromhex(span["spanId"]),
                    bytes.fromhex(span["parentSpanId"]) if "parentSpanId" in span else bytes(8),
                    span["name"],
                    span["kind"],
                    int(span["startTimeUnixNano"]),
                    int(span["endTimeUnixNano"]),
                    span.get("status", {}).get("code") or _status(tags, span["kind"], failed=False),
                    *_said(tags, span["kind"], resource),
                )


def _plain(attributes: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: next(iter(pair["value"].values())) for pair in attributes}


def _status(tags: dict[str, Any], kind: int, *, failed: bool) -> int:
    http = int(tags.get("http.response.status_code") or tags.get("http.status_code") or 0)
    failed = failed or http >= 500 or (http >= 400 and kind == 3) or tags.get("response_flags", "-") != "-"
    return 2 if failed else 0


def _said(tags: dict[str, Any], kind: int, resource: dict[str, Any]) -> tuple[Any, ...]:
    """Service, version, instance, peer and kept attributes."""
    cluster, node = tags.get("upstream_cluster"), tags.get("node_id")
    peer = cluster.rpartition("|")[2] if cluster else tags.get("server.address") if kind in _CALLING else None
    attributes = {
        kept: str(value) for said in (resource, tags) for key, value in said.items() if (kept := _KEPT.get(key))
    }
    return (
        tags.get("istio.canonical_service") or resource.get("service.name", "unknown"),
        resource.get("service.version") or tags.get("istio.canonical_revision"),
        node.split("~")[2].rpartition(".")[0] if node else resource.get("k8s.pod.name"),
        peer.split(".")[0] if peer else None,
        attributes,
    )
