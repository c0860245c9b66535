"""Seeded OTLP traces to measure with: a mesh of 40 services, half of their spans by Envoy sidecars, half by SDKs.

The same spans come in two shapes of request: *collector* batches (8,192 spans of many resources) and *SDK* batches (up to 512
spans of one resource), because the share of resource attributes in the bytes differs much between the two.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

SERVICES = tuple(
    f"{what}-{part}"
    for what in ("cart", "order", "user", "search", "price", "stock", "mail", "pay", "ship", "rate")
    for part in ("api", "core", "store", "worker")
)
_PODS_A_SERVICE = 4
_FIRST_NANO = 1_700_000_000_000_000_000
_COLLECTOR_BATCH = 8192
_SDK_BATCH = 512
_ROUTES = ("/v1/items", "/v1/items/{id}", "/v1/search", "/v1/checkout", "/healthz", "/v2/quote/{sku}")
_METHODS = ("GET", "GET", "GET", "POST", "PUT")


@dataclass(frozen=True, slots=True)
class _Call:
    service: int
    pod: int
    span: Span


def requests(spans: int, *, shape: str, seed: int = 0) -> list[bytes]:
    """About ``spans`` spans as serialised export requests; ``shape`` is ``collector`` or ``sdk``."""
    calls = list(_calls(spans, random.Random(seed)))  # noqa: S311 - repeatable data, no secrets
    return [batch.SerializeToString() for batch in (_collector(calls) if shape == "collector" else _sdk(calls))]


def _calls(spans: int, chance: random.Random) -> Iterator[_Call]:
    made, start = 0, _FIRST_NANO
    while made < spans:
        start += int(chance.expovariate(1 / 40_000_000))
        trace = list(_trace(chance, start))
        made += len(trace)
        yield from trace


def _trace(chance: random.Random, start: int) -> Iterator[_Call]:
    trace_id = chance.randbytes(16)
    waiting = [(b"", chance.randrange(4), start, int(chance.lognormvariate(17.5, 0.6)), 0)]
    while waiting:
        parent, service, begin, duration, depth = waiting.pop()
        replica = service, chance.randrange(_PODS_A_SERVICE)
        server = _span(chance, (trace_id, parent), replica, (begin, duration), Span.SPAN_KIND_SERVER)
        yield _Call(*replica, server)
        children = 0 if depth >= 4 or duration < 200_000 else chance.randrange(4)
        for index in range(children):
            share = duration // (children + 1)
            callee = (service * 7 + index * 3 + 1) % len(SERVICES)
            when = begin + index * share + chance.randrange(1 + share // 8)
            client = _span(chance, (trace_id, server.span_id), replica, (when, share * 4 // 5), Span.SPAN_KIND_CLIENT)
            yield _Call(*replica, client)
            waiting.append((client.span_id, callee, when + share // 20, share * 7 // 10, depth + 1))


def _span(
    chance: random.Random,
    ids: tuple[bytes, bytes],
    replica: tuple[int, int],
    when: tuple[int, int],
    kind: Span.SpanKind.ValueType,
) -> Span:
    service, route, method = SERVICES[replica[0]], chance.choice(_ROUTES), chance.choice(_METHODS)
    envoy, failed = bool(replica[0] % 2), chance.random() < 0.01
    made = _envoy_attributes if envoy else _sdk_attributes
    span = Span(
        trace_id=ids[0],
        span_id=chance.randbytes(8),
        parent_span_id=ids[1],
        name=f"{service}.shop.svc.cluster.local:8080{route}" if envoy else f"{method} {route}",
        kind=kind,
        start_time_unix_nano=when[0],
        end_time_unix_nano=when[0] + when[1],
        attributes=_pairs(made(chance, replica, route) | _outcome(method, failed, envoy=envoy)),
        flags=0x101,
    )
    if failed and not envoy:
        span.status.code = span.status.STATUS_CODE_ERROR
        span.status.message = "upstream connect error"
        event = span.events.add(time_unix_nano=when[0] + when[1] // 2, name="exception")
        event.attributes.extend(_pairs({"exception.type": "TimeoutError", "exception.message": "no answer in 2 s"}))
    return span


def _outcome(method: str, failed: bool, *, envoy: bool) -> dict[str, str | int]:
    if envoy:
        return {
            "http.method": method,
            "http.status_code": "503" if failed else "200",
            "response_flags": "UF" if failed else "-",
        }
    return {"http.request.method": method, "http.response.status_code": 503 if failed else 200}


def _envoy_attributes(chance: random.Random, replica: tuple[int, int], route: str) -> dict[str, str | int]:
    name, (service, pod) = SERVICES[replica[0]], replica
    host = f"{name}.shop.svc.cluster.local"
    return {
        "component": "proxy",
        "node_id": f"sidecar~10.42.{service}.{pod}~{name}-7d9f8b6c5-{pod}abcd.shop~shop.svc.cluster.local",
        "istio.canonical_service": name,
        "istio.canonical_revision": "v1",
        "istio.mesh_id": "cluster.local",
        "istio.namespace": "shop",
        "guid:x-request-id": chance.randbytes(16).hex(),
        "http.url": f"http://{host}:8080{route}?page={chance.randrange(1000)}",
        "http.protocol": "HTTP/1.1",
        "downstream_cluster": "-",
        "user_agent": "python-requests/2.31.0",
        "request_size": str(chance.randrange(2000)),
        "response_size": str(chance.randrange(90_000)),
        "peer.address": f"10.42.{chance.randrange(40)}.{chance.randrange(4)}",
        "upstream_cluster": f"outbound|8080||{host}",
        "upstream_cluster.name": f"outbound|8080||{host}",
    }


def _sdk_attributes(chance: random.Random, replica: tuple[int, int], route: str) -> dict[str, str | int]:
    return {
        "http.route": route,
        "url.path": f"{route}/{chance.randrange(100_000)}",
        "url.scheme": "http",
        "server.address": f"{SERVICES[replica[0]]}.shop.svc.cluster.local",
        "server.port": 8080,
        "network.protocol.version": "1.1",
        "network.peer.address": f"10.42.{chance.randrange(40)}.{chance.randrange(4)}",
        "user_agent.original": "okhttp/4.12.0",
        "thread.id": chance.randrange(64),
        "thread.name": f"http-nio-8080-exec-{chance.randrange(64)}",
    }


def _pairs(attributes: dict[str, str | int]) -> list[KeyValue]:
    return [
        KeyValue(key=key, value=AnyValue(string_value=value) if isinstance(value, str) else AnyValue(int_value=value))
        for key, value in attributes.items()
    ]


def _resource_spans(service: int, pod: int, calls: Iterable[_Call]) -> ResourceSpans:
    made = ResourceSpans()
    name = SERVICES[service]
    made.resource.attributes.extend(
        _pairs(
            {
                "service.name": name,
                "service.version": f"1.{service}.0",
                "service.namespace": "shop",
                "k8s.pod.name": f"{name}-7d9f8b6c5-{pod}abcd",
                "k8s.pod.uid": f"3f1c9c1e-{service:04x}-4d2a-9e0b-{pod:012x}",
                "k8s.namespace.name": "shop",
                "k8s.deployment.name": name,
                "k8s.node.name": f"node-{(service + pod) % 40}",
                "host.name": f"{name}-7d9f8b6c5-{pod}abcd",
                "host.arch": "amd64",
                "os.type": "linux",
                "process.pid": 1,
                "process.runtime.name": "OpenJDK Runtime Environment",
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.language": "java",
            }
        )
    )
    scope = made.scope_spans.add()
    scope.scope.name, scope.scope.version = "io.opentelemetry.tomcat-10.0", "2.1.0"
    scope.spans.extend(call.span for call in calls)
    return made


def _by_resource(calls: Iterable[_Call]) -> dict[tuple[int, int], list[_Call]]:
    groups: dict[tuple[int, int], list[_Call]] = defaultdict(list)
    for call in calls:
        groups[call.service, call.pod].append(call)
    return groups


def _collector(calls: list[_Call]) -> Iterator[ExportTraceServiceRequest]:
    for first in range(0, len(calls), _COLLECTOR_BATCH):
        groups = _by_resource(calls[first : first + _COLLECTOR_BATCH])
        yield ExportTraceServiceRequest(resource_spans=[_resource_spans(*key, group) for key, group in groups.items()])


def _sdk(calls: list[_Call]) -> Iterator[ExportTraceServiceRequest]:
    for key, group in _by_resource(calls).items():
        for first in range(0, len(group), _SDK_BATCH):
            yield ExportTraceServiceRequest(resource_spans=[_resource_spans(*key, group[first : first + _SDK_BATCH])])
