"""What running Envoys learn from files they watch: the replicas of a service, their routes, and their clusters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tracetune_lab.plan import Instance
from tracetune_lab.policies import DEFAULT_ATTEMPTS, ISTIO_RETRY_ON, LAB_RETRY_ON, Policies, Policy, policy_of
from tracetune_lab.topology import Topology, method_and_path, span_name

Config = dict[str, Any]
_V3 = "type.googleapis.com/envoy"

ELSEWHERE: Config = {
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {"@type": f"{_V3}.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"},
        }
    ],
    "host_selection_retry_max_attempts": 5,
}
"""A retry goes to another replica than the one that failed, where there is one: Istio's default."""


def upstream_cluster(service: str) -> str:
    """Istio's name of the outbound cluster of a service."""
    return f"outbound|9080||{service}.default.svc.cluster.local"


def hop_runtime_key(service: str, operation: str) -> str:
    """The runtime key under which the delay of the network hop to an operation is set."""
    return f"lab.hop.{service}.{method_and_path(operation)[1].strip('/').replace('/', '.')}"


def callees(topology: Topology, service: str) -> list[str]:
    """The services that a service calls, in file order."""
    found: dict[str, None] = {}
    for operation in topology.services[service].operations:
        for step in topology.steps_of(service, operation):
            call = step.call or step.send
            if call is not None:
                found[call.to] = None
    return list(found)


def endpoints_file(folder: Path, service: str) -> Path:
    """Where the replicas of a service stand."""
    return folder / f"{service}.endpoints.json"


def routes_file(folder: Path, pod: str) -> Path:
    """Where the outbound routes of a pod stand."""
    return folder / f"{pod}.routes.json"


def clusters_file(folder: Path, node: str) -> Path:
    """Where the outbound clusters of an Envoy stand."""
    return folder / f"{node}.clusters.json"


def watched(path: Path) -> Config:
    """An Envoy configuration source: a file, and the directory in which it is replaced."""
    return {"path_config_source": {"path": str(path), "watched_directory": {"path": str(path.parent)}}}


def write_endpoints(folder: Path, service: str, instances: list[Instance]) -> None:
    """Tell every watching Envoy which replicas serve a service."""
    endpoints = [{"endpoint": {"address": _address(instance.inbound_port)}} for instance in instances]
    resource = {
        "@type": f"{_V3}.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": upstream_cluster(service),
        "endpoints": [{"lb_endpoints": endpoints}],
    }
    _write(endpoints_file(folder, service), [resource])


def write_routes(folder: Path, pod: str, virtual_hosts: list[Config]) -> None:
    """Tell the Envoy of a pod where its outbound requests go, and with which timeouts and retries."""
    resource = {
        "@type": f"{_V3}.config.route.v3.RouteConfiguration",
        "name": f"outbound_{pod}",
        "virtual_hosts": virtual_hosts,
    }
    _write(routes_file(folder, pod), [resource])


def write_clusters(folder: Path, node: str, called: list[str], caller: str, policies: Policies) -> None:
    """Tell an Envoy about the services that it calls, with limits and outlier detection.

    One Envoy knows one cluster of a service, so a shared sidecar follows the policies of its first pod.
    """
    resources = [_cluster(folder, callee, policy_of(policies, caller, callee)) for callee in called]
    _write(clusters_file(folder, node), resources)


def virtual_host(topology: Topology, callee: str, policy: Policy, domains: list[str] | None = None) -> Config:
    """The routes to every operation of a service."""
    routes = [_route(callee, operation, policy) for operation in topology.services[callee].operations]
    name = f"{callee}.default.svc.cluster.local:9080"
    return {"name": name, "domains": domains or [callee], "routes": routes}


def _write(path: Path, resources: list[Config]) -> None:
    fresh = path.parent / f".{path.name}"
    fresh.write_text(json.dumps({"resources": resources}))
    fresh.rename(path)  # whole or not at all, and what Envoy watches for


def _address(port: int) -> Config:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _route(callee: str, operation: str, policy: Policy) -> Config:
    key = hop_runtime_key(callee, operation)
    # Off until the runtime keys are set: a delay between the caller's sidecar and the callee's.
    slow_hop = {
        "@type": f"{_V3}.extensions.filters.http.fault.v3.HTTPFault",
        "delay": {"fixed_delay": "0.1s", "percentage": {"numerator": 0, "denominator": "HUNDRED"}},
        "delay_percent_runtime": f"{key}.percent",
        "delay_duration_runtime": f"{key}.milliseconds",
    }
    return {
        "match": {"path": method_and_path(operation)[1]},
        "decorator": {"operation": span_name(callee, operation)},
        "route": {
            "cluster": upstream_cluster(callee),
            "timeout": f"{policy.timeout_seconds or 0:.3f}s",
            **_retries(_for_method(policy, method_and_path(operation)[0])),
        },
        "typed_per_filter_config": {"envoy.filters.http.fault": slow_hop},
    }


def _for_method(policy: Policy, method: str) -> Policy:
    return policy if policy.retry_method in {"", method} else Policy()


def _retries(policy: Policy) -> Config:
    attempts = DEFAULT_ATTEMPTS if policy.attempts is None else policy.attempts
    if attempts == 0:
        return {}
    said = policy.retry_on or (LAB_RETRY_ON if policy.attempts is None else ISTIO_RETRY_ON)
    conditions = [each.strip() for each in said.split(",")]
    statuses = [int(each) for each in conditions if each.isdigit()]
    words = [each for each in conditions if not each.isdigit()]
    retry: Config = {"num_retries": attempts, **ELSEWHERE}
    if statuses:
        retry["retriable_status_codes"] = statuses
        words.append("retriable-status-codes")
    if policy.per_try_timeout_seconds is not None:
        retry["per_try_timeout"] = f"{policy.per_try_timeout_seconds:.3f}s"
    return {"retry_policy": {"retry_on": ",".join(dict.fromkeys(words)), **retry}}


def _cluster(folder: Path, service: str, policy: Policy) -> Config:
    return {
        "@type": f"{_V3}.config.cluster.v3.Cluster",
        "name": upstream_cluster(service),
        "type": "EDS",
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",  # Istio's default since 1.14
        "eds_cluster_config": {"eds_config": watched(endpoints_file(folder, service))},
        **_limits(policy),
        **_outliers(policy),
    }


def _limits(policy: Policy) -> Config:
    said = {
        "max_connections": policy.max_connections,
        "max_requests": policy.max_requests,
        "max_pending_requests": policy.max_pending_requests,
        "max_retries": policy.max_retries,
    }
    limits: Config = {name: value for name, value in said.items() if value is not None}
    if policy.retry_budget_percent is not None:
        limits["retry_budget"] = {
            "budget_percent": {"value": policy.retry_budget_percent},
            "min_retry_concurrency": policy.min_retry_concurrency or 3,
        }
    return {"circuit_breakers": {"thresholds": [limits]}} if limits else {}


def _outliers(policy: Policy) -> Config:
    said = policy.consecutive_5xx, policy.interval_seconds, policy.base_ejection_seconds, policy.max_ejection_percent
    if all(value is None for value in said):
        return {}
    return {
        "outlier_detection": {  # whatever is not said is Istio's default
            "consecutive_5xx": policy.consecutive_5xx or 5,
            "interval": f"{policy.interval_seconds or 10:g}s",
            "base_ejection_time": f"{policy.base_ejection_seconds or 30:g}s",
            "max_ejection_percent": policy.max_ejection_percent or 10,
            # Istio switches the share of success off, and lets consecutive errors decide.
            "enforcing_success_rate": 0,
        }
    }
