"""Reads Kubernetes and Istio manifests as changes of a running lab: what `kubectl apply` would do to a cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from tracetune_lab.errors import InvalidManifestError
from tracetune_lab.policies import ANY, Policies, Policy
from tracetune_lab.topology import Topology

Object = dict[str, Any]
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Changes(msgspec.Struct):
    """What manifests ask of a lab; `ignored` says what no part of the lab can do."""

    replicas: dict[str, int] = {}
    policies: Policies = {}
    ignored: list[str] = []

    def text(self) -> str:
        """The changes for people, one a line."""
        lines = [f"{service}: {count} replicas" for service, count in self.replicas.items()]
        for (caller, callee), policy in self.policies.items():
            said = ", ".join(
                f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
                for name, value in msgspec.to_builtins(policy).items()
            )
            lines.append(f"{'every caller' if caller == ANY else caller} to {callee}: {said}")
        return "\n".join([*lines, *(f"ignored: {text}" for text in self.ignored)]) or "nothing to change"


def read_manifests(path: Path, topology: Topology) -> Changes:
    """The changes that a stream of YAML documents asks for.

    Read are `spec.replicas` of a Deployment, `minReplicas` of a HorizontalPodAutoscaler,
    `minReplicaCount` of a ScaledObject, timeouts and retries of a VirtualService, and limits,
    outlier detection and retry budgets of a DestinationRule.

    Raises:
        InvalidManifestError: the file cannot be read, or is no stream of manifests.
    """
    try:
        documents = [each for each in yaml.safe_load_all(path.read_text()) if each]
    except (OSError, yaml.YAMLError) as error:
        raise InvalidManifestError(f"{path}: {error}") from error
    changes = Changes({}, {}, [])
    for document in documents:
        if not isinstance(document, dict) or "kind" not in document:
            raise InvalidManifestError(f"{path}: a document has no kind; give Kubernetes manifests")
        _READERS.get(document["kind"], _ignore)(document, topology, changes)
    return changes


def _deployment(document: Object, topology: Topology, changes: Changes) -> None:
    count, name = document.get("spec", {}).get("replicas"), document["metadata"]["name"]
    if count is not None and _is_known(name, topology, changes):
        changes.replicas[_service(name)] = int(count)


def _autoscaler(document: Object, topology: Topology, changes: Changes) -> None:
    spec = document["spec"]
    count = spec.get("minReplicas", spec.get("minReplicaCount"))
    name = spec["scaleTargetRef"]["name"]
    if count is not None and _is_known(name, topology, changes):
        # The lab has no autoscaler: what is advised is kept at its floor.
        changes.replicas.setdefault(_service(name), int(count))


def _virtual_service(document: Object, topology: Topology, changes: Changes) -> None:
    for route in document["spec"].get("http", []):
        policy = _route_policy(route)
        if policy == Policy():
            continue
        hosts = {each["destination"]["host"] for each in route.get("route", [])} or set(document["spec"]["hosts"])
        for host in sorted(hosts):
            if _is_known(host, topology, changes):
                for caller in _callers(route):
                    _add(changes, caller, _service(host), policy)


def _callers(route: Object) -> Iterator[str]:
    matches = route.get("match") or [{}]
    for match in matches:
        yield match.get("sourceLabels", {}).get("app", ANY)


def _route_policy(route: Object) -> Policy:
    retries = route.get("retries", {})
    return Policy(
        timeout_seconds=_seconds(route.get("timeout")),
        attempts=retries.get("attempts"),
        per_try_timeout_seconds=_seconds(retries.get("perTryTimeout")),
        retry_on=retries.get("retryOn", ""),
        retry_method=next(
            (each["method"].get("exact", "") for each in route.get("match", []) if "method" in each and retries), ""
        ),
    )


def _destination_rule(document: Object, topology: Topology, changes: Changes) -> None:
    spec = document["spec"]
    caller = spec.get("workloadSelector", {}).get("matchLabels", {}).get("app", ANY)
    if _is_known(spec["host"], topology, changes):
        _add(changes, caller, _service(spec["host"]), _traffic_policy(spec.get("trafficPolicy", {})))


def _traffic_policy(traffic: Object) -> Policy:
    pool = traffic.get("connectionPool", {})
    http, outliers, budget = pool.get("http", {}), traffic.get("outlierDetection", {}), traffic.get("retryBudget", {})
    return Policy(
        max_connections=pool.get("tcp", {}).get("maxConnections"),
        max_requests=http.get("http2MaxRequests"),
        max_pending_requests=http.get("http1MaxPendingRequests"),
        max_retries=http.get("maxRetries"),
        retry_budget_percent=budget.get("percent"),
        min_retry_concurrency=budget.get("minRetryConcurrency"),
        consecutive_5xx=outliers.get("consecutive5xxErrors"),
        interval_seconds=_seconds(outliers.get("interval")),
        base_ejection_seconds=_seconds(outliers.get("baseEjectionTime")),
        max_ejection_percent=outliers.get("maxEjectionPercent"),
    )


def _ignore(document: Object, _topology: Topology, changes: Changes) -> None:
    name = document.get("metadata", {}).get("name", "")
    changes.ignored.append(f"{document['kind']} {name}: the lab has nothing that follows it")


_READERS = {
    "Deployment": _deployment,
    "HorizontalPodAutoscaler": _autoscaler,
    "ScaledObject": _autoscaler,
    "VirtualService": _virtual_service,
    "DestinationRule": _destination_rule,
}


def _add(changes: Changes, caller: str, callee: str, policy: Policy) -> None:
    known = changes.policies.get((caller, callee), Policy())
    changes.policies[caller, callee] = known.with_values_of(policy)


def _service(name: str) -> str:
    """A host's service: it may be written short or in full, payment or payment.default.svc.cluster.local."""
    return name.partition(".")[0]


def _is_known(name: str, topology: Topology, changes: Changes) -> bool:
    if _service(name) in topology.services:
        return True
    changes.ignored.append(f"{name}: {topology.name} has no such service (nor a second gateway)")
    return False


def _seconds(text: str | None) -> float | None:
    """A duration as Kubernetes and Istio write it, such as 1m30s or 250ms."""
    if text is None:
        return None
    parts = _DURATION.findall(str(text))
    if "".join(number + unit for number, unit in parts) != str(text):
        raise InvalidManifestError(f"{text!r} is no duration; write it as 250ms, 2s or 1m30s")
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)
