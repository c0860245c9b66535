"""Where every part of one lab runs: which replica, which ports, which process, which Envoy."""

from __future__ import annotations

from typing import Literal

import msgspec

from tracetune_lab.topology import Topology

SpansFrom = Literal["sidecar", "sdk", "both"]
Export = Literal["otlp-http", "otlp-grpc", "zipkin"]

GATEWAY = "istio-ingressgateway"


class Instance(msgspec.Struct, frozen=True):
    """One replica (a pod): its app, and the sidecar's three listeners."""

    service: str
    pod: str
    version: str
    app_port: int
    inbound_port: int
    outbound_port: int
    admin_port: int


class Ends(msgspec.Struct, frozen=True):
    """Where spans go and where Redis listens."""

    spans_from: SpansFrom
    export: Export
    http_port: int
    grpc_port: int
    redis_port: int
    collector_host: str = "127.0.0.1"


class HostPlan(msgspec.Struct, frozen=True):
    """What one service process is told at its start."""

    topology: Topology
    instances: list[Instance]
    ends: Ends
    seed: int
    cpu_rounds_per_second: float


def pod_name(service: str, version: str, replica: int) -> str:
    """A pod's name, stable between runs: `cart-v1-0-0-0` is replica 0 of version 1.0.0."""
    return f"{service}-v{version.replace('.', '-')}-{replica}"
