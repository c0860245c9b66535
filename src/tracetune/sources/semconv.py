"""The one table from every dialect's attribute names to OpenTelemetry's, and what each says about a span.

``ENTRIES`` is read in two ways with one meaning. Row by row (JSON sources): ``Resolver``. Column by column (wire scan):
``KEPT_KEYS[i]`` belongs to ``ENTRIES[i]``; for each target take, entry by entry in table order and the span's own value
before its resource's, the first ``entry.read(value)`` that is not None, where the span's kind is in ``entry.kinds``; or
the ``entry.verdict(value)`` of all together; and keep the plain value under ``entry.attribute``. All three depend on the
value only, so a column needs them once per distinct value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from tracetune.domain.spans import SpanKind
from tracetune.sources import envoy, verdicts

UNKNOWN_SERVICE = "unknown"
"""The service of spans that name none (quality problem ``no_service_name``)."""

ANY_KIND = 0b111111
_CALLING = 1 << SpanKind.CLIENT | 1 << SpanKind.PRODUCER
_NOT_SERVING = ANY_KIND & ~(1 << SpanKind.SERVER | 1 << SpanKind.CONSUMER)
_NOT_SERVER = ANY_KIND & ~(1 << SpanKind.SERVER)


class Target(IntEnum):
    """The column of a SpanBatch that an entry helps to fill."""

    NONE = 0
    SERVICE_NAME = 1
    SERVICE_VERSION = 2
    INSTANCE = 3
    PEER = 4
    KIND = 5  # read() gives a word for kind_of(); asked only where the format itself gives no kind
    NAMESPACE = 6  # no column: cut off the end of a service's name, see ``resolve``


class Scope(IntFlag):
    """Where an entry's key counts: among a span's own attributes, among its resource's (or process's), or in both."""

    SPAN = 1
    RESOURCE = 2
    BOTH = 3


def _plain(text: str) -> str | None:
    return text or None


def _no_verdict(_text: str) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One attribute name and its meaning. See the module for how entries combine."""

    key: str
    target: Target = Target.NONE
    attribute: str = ""  # the OpenTelemetry name that its value is kept under; "" is not kept
    scope: Scope = Scope.SPAN
    read: Callable[[str], str | None] = _plain
    kinds: int = ANY_KIND  # bit k: counts for the target where the span's kind is k
    verdict: Callable[[str], int] = _no_verdict


def _revision(text: str) -> str | None:
    # Istio writes "latest" where a workload has no version label: no version at all.
    return None if text in ("", "latest") else text


def _entries() -> tuple[Entry, ...]:
    E, T, S = Entry, Target, Scope  # noqa: N806 - the table reads better with short heads
    host, cluster = envoy.service_of_host, envoy.service_of_cluster
    return (
        # who: Istio's canonical service is one name for application and sidecar, where node.cluster says reviews.default
        E("istio.canonical_service", T.SERVICE_NAME, "istio.canonical_service", S.BOTH),
        E("service.name", T.SERVICE_NAME, scope=S.RESOURCE),
        E("service.version", T.SERVICE_VERSION, scope=S.BOTH),
        E("istio.canonical_revision", T.SERVICE_VERSION, scope=S.BOTH, read=_revision),
        E("version", T.SERVICE_VERSION, scope=S.RESOURCE),  # usual among Jaeger process tags
        # which replica: pod, else service.instance.id, else host
        E("node_id", T.INSTANCE, scope=S.BOTH, read=envoy.pod_of_node),
        E("k8s.pod.name", T.INSTANCE, scope=S.BOTH),
        E("pod_name", T.INSTANCE, scope=S.RESOURCE),
        E("pod", T.INSTANCE, scope=S.RESOURCE),
        E("service.instance.id", T.INSTANCE, scope=S.RESOURCE),
        E("host.name", T.INSTANCE, "host.name", S.RESOURCE),
        E("hostname", T.INSTANCE, "host.name", S.RESOURCE),  # Jaeger clients
        E("host.hostname", T.INSTANCE, "host.name", S.RESOURCE),  # OpenTelemetry before 0.6
        E("ip", T.INSTANCE, scope=S.RESOURCE),  # Jaeger clients; Zipkin's local endpoint
        # the other side
        E("service.peer.name", T.PEER),
        E("peer.service", T.PEER),
        E("upstream_cluster.name", T.PEER, "upstream_cluster", read=cluster),
        E("upstream_cluster", T.PEER, "upstream_cluster", read=cluster),
        E("server.address", T.PEER, read=host, kinds=_CALLING),
        E("net.peer.name", T.PEER, read=host, kinds=_CALLING),
        E("peer.hostname", T.PEER, read=host, kinds=_CALLING),
        E("peer.address", T.PEER, read=host, kinds=_CALLING),
        E("db.system.name", T.PEER, "db.system.name", kinds=_NOT_SERVING),
        E("db.system", T.PEER, "db.system.name", kinds=_NOT_SERVING),
        E("db.type", T.PEER, "db.system.name", kinds=_NOT_SERVING),  # OpenTracing
        E("messaging.system", T.PEER, "messaging.system", kinds=_NOT_SERVER),
        E("messaging.destination.name", T.PEER, "messaging.destination.name", kinds=_NOT_SERVER),
        E("messaging.destination", T.PEER, "messaging.destination.name", kinds=_NOT_SERVER),
        E("message_bus.destination", T.PEER, "messaging.destination.name", kinds=_NOT_SERVER),  # OpenTracing
        # which role
        E("span.kind", T.KIND),
        # how it ended
        E("otel.status_code", verdict=verdicts.from_otel_status),
        E("error", verdict=verdicts.from_error_flag),
        E("error.type", attribute="error.type", verdict=verdicts.from_error_type),
        E("http.response.status_code", attribute="http.response.status_code", verdict=verdicts.from_http_status),
        E("http.status_code", attribute="http.response.status_code", verdict=verdicts.from_http_status),
        E("rpc.response.status_code", attribute="rpc.response.status_code", verdict=verdicts.from_grpc_status),
        E("rpc.grpc.status_code", attribute="rpc.response.status_code", verdict=verdicts.from_grpc_status),
        E("grpc.status_code", attribute="rpc.response.status_code", verdict=verdicts.from_grpc_status),  # Envoy
        E("response_flags", attribute="response_flags", verdict=verdicts.from_response_flags),
        # what else is kept, because a later stage asks for it
        E("http.request.method", attribute="http.request.method"),
        E("http.method", attribute="http.request.method"),
        E("http.route", attribute="http.route"),
        E("rpc.method", attribute="rpc.method"),
        E("db.operation.name", attribute="db.operation.name"),
        E("db.operation", attribute="db.operation.name"),
        E("messaging.operation.type", attribute="messaging.operation.type"),
        E("messaging.operation", attribute="messaging.operation.type"),
        E("k8s.namespace.name", T.NAMESPACE, "k8s.namespace.name", S.BOTH),
        E("istio.namespace", T.NAMESPACE, "k8s.namespace.name", S.BOTH),
        E("service.namespace", T.NAMESPACE, scope=S.RESOURCE),
        E("k8s.deployment.name", attribute="k8s.deployment.name", scope=S.BOTH),
        E("k8s.node.name", attribute="k8s.node.name", scope=S.BOTH),
        E("sampling.priority", attribute="sampling.priority"),
        E("sampler.type", attribute="sampler.type", scope=S.BOTH),
        E("sampler.param", attribute="sampler.param", scope=S.BOTH),
    )


ENTRIES = _entries()
"""The table, in order of precedence."""

KEPT_KEYS: tuple[bytes, ...] = tuple(entry.key.encode() for entry in ENTRIES)
"""The key of each entry as bytes, for scanners that compare bytes."""

KEPT_ATTRIBUTES: tuple[str, ...] = tuple(sorted({entry.attribute for entry in ENTRIES} - {""}))
"""Every name that the attributes column may hold."""

SPAN_INDEX = {entry.key: index for index, entry in enumerate(ENTRIES) if entry.scope & Scope.SPAN}
"""Position in ENTRIES of each key that counts among a span's own attributes."""

RESOURCE_INDEX = {entry.key: index for index, entry in enumerate(ENTRIES) if entry.scope & Scope.RESOURCE}
"""Position in ENTRIES of each key that counts among a resource's attributes."""

CLUSTER_INDEX = SPAN_INDEX["upstream_cluster"]
"""The entry that also tells the kind of an Istio sidecar's span which says none (``envoy.kind_of_cluster``)."""

_KINDS = {kind.name.lower(): int(kind) for kind in SpanKind}


def kind_of(word: str) -> int:
    """The SpanKind of ``server``, ``SERVER``, ``Server``, ``SPAN_KIND_SERVER`` or ``2``; 0 for any other word."""
    low = word.lower().removeprefix("span_kind_")
    if low in _KINDS:
        return _KINDS[low]
    return int(low) if low in ("1", "2", "3", "4", "5") else 0


def text_of(value: object) -> str | None:
    """An attribute's value as text, the same for every format: None for null, lists and objects.

    >>> [text_of(value) for value in ("a", True, 200, 200.0, 0.5, [1])]
    ['a', 'true', '200', '200', '0.5', None]
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 64 else None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else str(value)
    return None
