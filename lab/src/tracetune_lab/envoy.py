"""Writes Envoy configuration in Istio's shape: sidecars and the gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tracetune_lab.envoy_resources import clusters_file, routes_file, watched
from tracetune_lab.plan import GATEWAY, Ends, Instance
from tracetune_lab.topology import Topology

Config = dict[str, Any]

# Envoy keeps finished spans this long before it sends them (its own default is 5,000 ms);
# a run waits for at least twice this time before it counts.
FLUSH_MILLISECONDS = 1000
HTTP2 = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def sidecar_bootstrap(topology: Topology, instances: list[Instance], ends: Ends, endpoints: Path) -> Config:
    """The configuration of one Envoy that is the sidecar of one replica, or of several when shared."""
    first = instances[0]
    node = node_of(topology, instances)
    listeners: list[Config] = []
    clusters: list[Config] = []
    for instance in instances:
        tracing = _tracing(instance, ends)
        inbound = f"inbound|9080||{instance.pod}" if len(instances) > 1 else "inbound|9080||"
        listeners.append(
            _listener("INBOUND", instance.inbound_port, f"inbound_{instance.pod}", tracing, _inbound(instance, inbound))
        )
        listeners.append(
            _listener(
                "OUTBOUND",
                instance.outbound_port,
                f"outbound_{instance.pod}",
                tracing,
                watched(routes_file(endpoints, instance.pod)),
            )
        )
        clusters.append(_cluster(inbound, instance.app_port))
    service_clusters = watched(clusters_file(endpoints, node))
    return _bootstrap(
        (first.service, node, first.admin_port), listeners, [*clusters, *_collectors(ends)], service_clusters
    )


def node_of(topology: Topology, instances: list[Instance]) -> str:
    """The name of the Envoy that is the sidecar of these replicas: the pod's, where there is one."""
    first = instances[0]
    return first.pod if len(instances) == 1 else f"shared-{topology.services[first.service].process}"


def gateway_bootstrap(ports: tuple[int, int], ends: Ends, endpoints: Path) -> Config:
    """The configuration of the ingress gateway; `ports` are its listener's and its admin's."""
    pod = f"{GATEWAY}-0"
    gateway = Instance(GATEWAY, pod, "1.0.0", 0, 0, ports[0], ports[1])
    listener = _listener(
        "OUTBOUND",
        gateway.outbound_port,
        f"outbound_{pod}",
        _tracing(gateway, ends),
        watched(routes_file(endpoints, pod)),
    )
    service_clusters = watched(clusters_file(endpoints, pod))
    return _bootstrap((GATEWAY, pod, ports[1]), [listener], _collectors(ends), service_clusters)


def _bootstrap(
    who: tuple[str, str, int], listeners: list[Config], clusters: list[Config], service_clusters: Config
) -> Config:
    service, pod, admin_port = who
    return {
        "node": {
            "id": f"sidecar~127.0.0.1~{pod}.default~default.svc.cluster.local",
            "cluster": f"{service}.default",
        },
        "admin": {"address": _address(admin_port)},
        "stats_flush_interval": "60s",
        "layered_runtime": {
            "layers": [
                {
                    "name": "lab",
                    "static_layer": {
                        "tracing.opentelemetry.flush_interval_ms": FLUSH_MILLISECONDS,
                        "tracing.zipkin.flush_interval_ms": FLUSH_MILLISECONDS,
                    },
                },
                {"name": "admin", "admin_layer": {}},
            ]
        },
        "static_resources": {"listeners": listeners, "clusters": clusters},
        "dynamic_resources": {"cds_config": service_clusters},
    }


def _address(port: int, host: str = "127.0.0.1") -> Config:
    return {"socket_address": {"address": host, "port_value": port}}


def _endpoint(port: int, host: str = "127.0.0.1") -> Config:
    return {"endpoint": {"address": _address(port, host)}}


def _typed(name: str, type_url: str, **fields: object) -> Config:
    return {"name": name, "typed_config": {"@type": f"type.googleapis.com/{type_url}", **fields}}


def _inbound(instance: Instance, cluster: str) -> list[Config]:
    # Istio's inbound route has no path of its own; the caller's decorator, which its sidecar passes
    # in x-envoy-decorator-operation, names the span after the operation.
    name = f"{instance.service}.default.svc.cluster.local:9080/*"
    route = {"match": {"prefix": "/"}, "decorator": {"operation": name}, "route": {"cluster": cluster, "timeout": "0s"}}
    return [{"name": "inbound|http|9080", "domains": ["*"], "routes": [route]}]


def _listener(
    direction: str, port: int, stat_prefix: str, tracing: Config | None, routes: Config | list[Config]
) -> Config:
    """A listener with its routes: those of the virtual hosts given, or those of a watched file."""
    filters = [
        _typed("envoy.filters.http.fault", "envoy.extensions.filters.http.fault.v3.HTTPFault"),
        _typed("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router"),
    ]
    if isinstance(routes, list):
        routing: Config = {"route_config": {"virtual_hosts": routes}}
    else:
        routing = {"rds": {"route_config_name": stat_prefix, "config_source": routes}}
    manager = _typed(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=stat_prefix,
        generate_request_id=True,
        **({"tracing": tracing} if tracing else {}),
        **routing,
        http_filters=filters if direction == "OUTBOUND" else filters[1:],
    )
    return {
        "name": stat_prefix,
        "traffic_direction": direction,
        "address": _address(port),
        "filter_chains": [{"filters": [manager]}],
    }


def _tracing(instance: Instance, ends: Ends) -> Config | None:
    if ends.spans_from == "sdk":
        return None
    literals = {
        "istio.canonical_service": instance.service,
        "istio.canonical_revision": instance.version,
        "istio.mesh_id": "cluster.local",
        "istio.namespace": "default",
        "istio.cluster_id": "Kubernetes",
    }
    return {
        "random_sampling": {"value": 100.0},
        "custom_tags": [{"tag": tag, "literal": {"value": value}} for tag, value in literals.items()],
        "spawn_upstream_span": False,
        "provider": _zipkin() if ends.export == "zipkin" else _opentelemetry(instance, ends),
    }


def _zipkin() -> Config:
    return _typed(
        "envoy.tracers.zipkin",
        "envoy.config.trace.v3.ZipkinConfig",
        collector_cluster="spans-http",
        collector_endpoint="/api/v2/spans",
        collector_endpoint_version="HTTP_JSON",
        trace_id_128bit=True,
        shared_span_context=False,
    )


def _opentelemetry(instance: Instance, ends: Ends) -> Config:
    if ends.export == "otlp-grpc":
        to: Config = {"grpc_service": {"envoy_grpc": {"cluster_name": "spans-grpc"}, "timeout": "2s"}}
    else:
        uri = f"http://{ends.collector_host}:{ends.http_port}/v1/traces"
        to = {"http_service": {"http_uri": {"uri": uri, "cluster": "spans-http", "timeout": "2s"}}}
    detector = _typed(
        "envoy.tracers.opentelemetry.resource_detectors.static_config",
        "envoy.extensions.tracers.opentelemetry.resource_detectors.v3.StaticConfigResourceDetectorConfig",
        attributes={
            "service.version": instance.version,
            "service.instance.id": instance.pod,
            "k8s.pod.name": instance.pod,
        },
    )
    return _typed(
        "envoy.tracers.opentelemetry",
        "envoy.config.trace.v3.OpenTelemetryConfig",
        service_name=f"{instance.service}.default",
        resource_detectors=[detector],
        **to,
    )


def _cluster(name: str, port: int, host: str = "127.0.0.1", *, http2: bool = False) -> Config:
    cluster: Config = {
        "name": name,
        "type": "STATIC" if host == "127.0.0.1" else "STRICT_DNS",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [_endpoint(port, host)]}]},
    }
    if http2:
        options = {"@type": f"type.googleapis.com/{HTTP2}", "explicit_http_config": {"http2_protocol_options": {}}}
        cluster["typed_extension_protocol_options"] = {HTTP2: options}
    return cluster


def _collectors(ends: Ends) -> list[Config]:
    host = ends.collector_host
    return [_cluster("spans-http", ends.http_port, host), _cluster("spans-grpc", ends.grpc_port, host, http2=True)]
