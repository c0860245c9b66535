"""The names that Envoy and Istio pack into one string: the node id and the upstream cluster."""

from __future__ import annotations

_NOWHERE = frozenset(
    {"-", "PassthroughCluster", "BlackHoleCluster", "InboundPassthroughCluster", "inbound_passthrough"}
)


def pod_of_node(node_id: str) -> str | None:
    """The pod in an Istio node id, ``sidecar~10.1.2.3~reviews-v1-5d4.default~default.svc.cluster.local``.

    Source: Istio, pilot/pkg/model/context.go, ``ParseServiceNodeWithMetadata``: type~ip~pod.namespace~domain.
    """
    parts = node_id.split("~")
    if len(parts) != 4:
        return node_id or None
    return parts[2].rpartition(".")[0] or parts[2] or None


def service_of_host(host: str) -> str | None:
    """The short name of a host: of ``reviews.default.svc.cluster.local`` it is ``reviews``; None for no one's name.

    IP addresses and ``localhost`` name no peer: they differ by replica and by network, so they would split one peer in many.
    """
    name = host.strip().rstrip(".;").lower()
    if ".svc" in name:
        return name.split(".", 1)[0] or None
    if name.startswith("[") or name.count(":") > 1:  # IPv6
        return None
    name = name.partition(":")[0]
    if name in ("", "localhost") or name.replace(".", "").isdecimal():
        return None
    return name


def service_of_cluster(cluster: str) -> str | None:
    """The service behind an upstream cluster, ``outbound|9080|v1|reviews.default.svc.cluster.local``.

    ``inbound|9080||`` is the proxy's own application, so it names no peer. A cluster without ``|`` was named by hand.
    Source: Istio, pilot/pkg/model/push_context.go, ``BuildSubsetKey``: direction|port|subset|host.
    """
    parts = cluster.split("|")
    if len(parts) == 4:
        return service_of_host(parts[3])
    return None if cluster in _NOWHERE else service_of_host(cluster)


def kind_of_cluster(cluster: str) -> str | None:
    """The side of the call an Istio sidecar stood on: ``inbound|…`` serves, ``outbound|…`` calls."""
    direction, bar, _ = cluster.partition("|")
    return {"inbound": "server", "outbound": "client"}.get(direction) if bar else None
