"""Advice on connections as Istio objects: routes with timeouts and retries, pools, outlier detection, sampling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tracetune.domain.advice import Advice, Knob

Object = dict[str, Any]

NETWORKING = "networking.istio.io/v1"

RETRY_ON = "5xx,reset,connect-failure,refused-stream"
"""Envoy's conditions: any failed answer, a limit for a try that was exceeded (504), and what never reached the callee."""

ADAPTIVE_CONCURRENCY = "type.googleapis.com/envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency"

_TCP_FIELDS = frozenset({"maxConnections"})
_SECONDS = frozenset({"baseEjectionTime"})


def mesh(advice: Advice) -> Iterator[Object]:
    """The Istio objects of one piece of advice; none for knobs that are not of the mesh.

    Source: Istio reference, "Virtual Service", "Destination Rule", "Telemetry".
    """
    if advice.knob is Knob.TIMEOUT:
        yield _route(advice, {"timeout": _milliseconds(advice.target or 0.0)})
    elif advice.knob is Knob.RETRIES:
        yield _retries(advice)
    elif advice.knob is Knob.CONNECTION_POOL:
        yield _pool(advice)
    elif advice.knob is Knob.OUTLIER_DETECTION:
        yield _rule(advice.target_service, {"outlierDetection": _fields(advice)})
    elif advice.knob is Knob.RETRY_BUDGET:
        yield _rule(advice.target_service, {"retryBudget": _fields(advice)})
    elif advice.knob is Knob.CONCURRENCY_LIMIT:
        yield _adaptive_concurrency(advice)
    elif advice.knob is Knob.SAMPLING:
        yield {
            "apiVersion": "telemetry.istio.io/v1",
            "kind": "Telemetry",
            "metadata": {"name": "tracetune-sampling", "namespace": "istio-system"},
            "spec": {"tracing": [_fields(advice)]},
        }


def _fields(advice: Advice) -> Object:
    """The knob's values by Istio's names; whole numbers as such, durations with their unit."""
    return {name: f"{value:g}s" if name in _SECONDS else _whole(value) for name, value in advice.details}


def _whole(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _retries(advice: Advice) -> Object:
    """Fewer retries hold for all calls of the client; more are for those alone that may be repeated, which GET promises."""
    attempts = int(advice.target or 0)
    details = dict(advice.details)
    if not details:
        return _route(advice, {"retries": {"attempts": attempts}})
    policy = {
        "timeout": _milliseconds(details["timeout"]),
        "retries": {
            "attempts": attempts,
            "perTryTimeout": _milliseconds(details["perTryTimeout"]),
            "retryOn": RETRY_ON,
        },
    }
    return _route(advice, policy, {"method": {"exact": "GET"}})


def _milliseconds(seconds: float) -> str:
    return f"{round(1000 * seconds)}ms"


def _route(advice: Advice, policy: Mapping[str, Any], only: Mapping[str, Any] | None = None) -> Object:
    """A route for calls from this client alone, as far as its pods carry the usual label, then one for all others."""

    def to() -> list[Object]:  # a list of its own each time: YAML would write a shared one as an alias
        return [{"destination": {"host": advice.peer}}]

    own = {"match": [{"sourceLabels": {"app": advice.target_service}, **(only or {})}], "route": to(), **policy}
    return {
        "apiVersion": NETWORKING,
        "kind": "VirtualService",
        "metadata": {"name": advice.peer},
        "spec": {"hosts": [advice.peer], "http": [own, {"route": to()}]},
    }


def _rule(host: str, policy: Mapping[str, Any]) -> Object:
    return {
        "apiVersion": NETWORKING,
        "kind": "DestinationRule",
        "metadata": {"name": host},
        "spec": {"host": host, "trafficPolicy": dict(policy)},
    }


def _adaptive_concurrency(advice: Advice) -> Object:
    """Envoy's filter before the router of the service's own sidecars; Istio has no field of its own for it.

    Source: Envoy API, extensions.filters.http.adaptive_concurrency.v3; Istio reference, "Envoy Filter".
    """
    values = {name: _whole(value) for name, value in advice.details}
    config = {
        "@type": ADAPTIVE_CONCURRENCY,
        "gradient_controller_config": {
            "sample_aggregate_percentile": {"value": values["sample_aggregate_percentile"]},
            "concurrency_limit_params": {
                "max_concurrency_limit": values["max_concurrency_limit"],
                "concurrency_update_interval": "0.1s",
            },
            "min_rtt_calc_params": {
                "interval": f"{values['interval']}s",
                "request_count": values["request_count"],
                "jitter": {"value": 10},
                "min_concurrency": values["min_concurrency"],
                "buffer": {"value": values["buffer"]},
            },
        },
        "enabled": {"default_value": True, "runtime_key": "adaptive_concurrency.enabled"},
    }
    before = {
        "name": "envoy.filters.network.http_connection_manager",
        "subFilter": {"name": "envoy.filters.http.router"},
    }
    patch = {
        "applyTo": "HTTP_FILTER",
        "match": {"context": "SIDECAR_INBOUND", "listener": {"filterChain": {"filter": before}}},
        "patch": {
            "operation": "INSERT_BEFORE",
            "value": {"name": "envoy.filters.http.adaptive_concurrency", "typed_config": config},
        },
    }
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": f"{advice.target_service}-concurrency"[:63].rstrip("-")},
        "spec": {"workloadSelector": {"labels": {"app": advice.target_service}}, "configPatches": [patch]},
    }


def _pool(advice: Advice) -> Object:
    """Limits of one client's proxies: the workload selector keeps them off everybody else's."""
    fields = _fields(advice)
    tcp = {name: value for name, value in fields.items() if name in _TCP_FIELDS}
    http = {name: value for name, value in fields.items() if name not in _TCP_FIELDS}
    rule = _rule(advice.peer, {"connectionPool": {"tcp": tcp, "http": http}})
    rule["metadata"] = {"name": f"{advice.peer}-from-{advice.target_service}"[:63].rstrip("-")}
    rule["spec"]["workloadSelector"] = {"matchLabels": {"app": advice.target_service}}
    return rule
