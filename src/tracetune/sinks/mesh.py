"""Advice on connections as Istio objects: routes with timeouts and retries, pools, outlier detection, sampling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tracetune.domain.advice import Advice, Knob

Object = dict[str, Any]

NETWORKING = "networking.istio.io/v1"

_TCP_FIELDS = frozenset({"maxConnections"})
_SECONDS = frozenset({"baseEjectionTime"})


def mesh(advice: Advice) -> Iterator[Object]:
    """The Istio objects of one piece of advice; none for knobs that are not of the mesh.

    Source: Istio reference, "Virtual Service", "Destination Rule", "Telemetry".
    """
    if advice.knob is Knob.TIMEOUT:
        yield _route(advice, {"timeout": f"{round(1000 * (advice.target or 0.0))}ms"})
    elif advice.knob is Knob.RETRIES:
        yield _route(advice, {"retries": {"attempts": int(advice.target or 0)}})
    elif advice.knob is Knob.CONNECTION_POOL:
        yield _pool(advice)
    elif advice.knob is Knob.OUTLIER_DETECTION:
        yield _rule(advice.target_service, {"outlierDetection": _fields(advice)})
    elif advice.knob is Knob.RETRY_BUDGET:
        yield _rule(advice.target_service, {"retryBudget": _fields(advice)})
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


def _route(advice: Advice, policy: Mapping[str, Any]) -> Object:
    """A route for calls from this client alone, as far as its pods carry the usual label, then one for all others."""
    to = [{"destination": {"host": advice.peer}}]
    own = {"match": [{"sourceLabels": {"app": advice.target_service}}], "route": to, **policy}
    return {
        "apiVersion": NETWORKING,
        "kind": "VirtualService",
        "metadata": {"name": advice.peer},
        "spec": {"hosts": [advice.peer], "http": [own, {"route": to}]},
    }


def _rule(host: str, policy: Mapping[str, Any]) -> Object:
    return {
        "apiVersion": NETWORKING,
        "kind": "DestinationRule",
        "metadata": {"name": host},
        "spec": {"host": host, "trafficPolicy": dict(policy)},
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
