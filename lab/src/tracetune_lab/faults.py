"""Which faults the lab can make, what each one's magnitude means, and what a scenario may say of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from tracetune_lab.topology import Topology, span_name

FaultKind = Literal[
    "latency_constant",
    "latency_heavy_tailed",
    "latency_leak",
    "errors",
    "bad_replica",
    "slow_dependency",
    "slow_hop",
    "cpu_contention",
    "pool_too_small",
    "retry_storm",
    "traffic_surge",
    "mix_shift",
    "release",
    "release_regression",
    "long_poll",
    "clock_skew",
    "span_loss",
    "head_sampling",
]

# What the magnitude counts, by kind; the truth file repeats it.
MAGNITUDE_MEANS: dict[str, str] = {
    "latency_constant": "seconds added to each call",
    "latency_heavy_tailed": "seconds added on average, Pareto of shape 1.5",
    "latency_leak": "seconds added at the fault's end, growing from 0",
    "errors": "ratio of calls answered 500",
    "bad_replica": "seconds added to each call of one replica",
    "slow_dependency": "seconds for which the database is paused in each half second",
    "slow_hop": "seconds each request waits between the caller's sidecar and the callee's",
    "cpu_contention": "processes that burn the service's core",
    "pool_too_small": "slots left in each replica's pool",
    "retry_storm": "seconds added to each call, beyond its callers' timeout",
    "traffic_surge": "factor on the request rate",
    "mix_shift": "share of the entry's requests that go to the operation",
    "release": "seconds added by the new version",
    "release_regression": "seconds added by the new version",
    "long_poll": "share of the entry's requests that go to the operation that waits by design",
    "clock_skew": "seconds by which the host's clock is ahead",
    "span_loss": "ratio of spans lost",
    "head_sampling": "ratio of traces kept",
}

# Faults of the load are planned before the run; the others are switched on and off while it goes.
OF_THE_LOAD = ("traffic_surge", "mix_shift", "long_poll")
# Faults of the telemetry or of the whole system name no service.
_WITHOUT_SERVICE = ("traffic_surge", "span_loss", "head_sampling", "slow_dependency")
_WITH_OPERATION = (
    "latency_constant",
    "latency_heavy_tailed",
    "latency_leak",
    "errors",
    "bad_replica",
    "slow_hop",
    "retry_storm",
    "mix_shift",
    "long_poll",
    "release_regression",
)
_RATIOS = ("errors", "mix_shift", "long_poll", "span_loss", "head_sampling")
_WITH_OPTION: dict[str, str] = {
    "slow_hop": "caller",
    "retry_storm": "caller",
    "release": "version",
    "release_regression": "version",
}


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One fault of a scenario; times are seconds since the load's start.

    `replica` says which one is bad, `caller` whose hop is slow or who retries, `version` what a
    release brings; `retries` and `timeout_seconds` are the caller's during a retry storm.
    """

    kind: FaultKind
    from_seconds: float
    to_seconds: float
    magnitude: float
    service: str = ""
    operation: str = ""
    replica: int = 0
    caller: str = ""
    version: str = ""
    retries: int = 3
    timeout_seconds: float = 0.3


class Truth(msgspec.Struct, frozen=True):
    """What really happened, in the recording's own clock: the answer to every question about it.

    `service_name` and `span_name` are the sidecar's; the SDK's spans carry `operation` as their name.
    """

    kind: FaultKind
    service: str
    service_name: str
    operation: str
    span_name: str
    start_unix_nano: int
    end_unix_nano: int
    magnitude: float
    magnitude_means: str
    instance: str = ""
    caller: str = ""
    version: str = ""


def truth_of(fault: Fault, start_unix_nano: int, end_unix_nano: int, instance: str = "") -> Truth:
    """The truth of a fault that was active between two moments."""
    return Truth(
        kind=fault.kind,
        service=fault.service,
        service_name=f"{fault.service}.default" if fault.service else "",
        operation=fault.operation,
        span_name=span_name(fault.service, fault.operation) if fault.operation else "",
        start_unix_nano=start_unix_nano,
        end_unix_nano=end_unix_nano,
        magnitude=fault.magnitude,
        magnitude_means=MAGNITUDE_MEANS[fault.kind],
        instance=instance,
        caller=fault.caller,
        version=fault.version,
    )


def breaches(fault: Fault, topology: Topology, run_seconds: float) -> Iterator[str]:
    """Everything wrong with a fault on this topology."""
    if not 0 <= fault.from_seconds < fault.to_seconds <= run_seconds:
        yield (
            f"{fault.kind} goes from {fault.from_seconds:g} s to {fault.to_seconds:g} s;"
            f" use 0 <= from < to <= {run_seconds:g}"
        )
    if fault.magnitude < 0 or (fault.kind in _RATIOS and fault.magnitude > 1):
        yield f"{fault.kind}.magnitude is {fault.magnitude:g} ({MAGNITUDE_MEANS[fault.kind]})"
    if fault.kind == "slow_dependency" and not topology.redis:
        yield "slow_dependency needs a topology with Redis"
    option = _WITH_OPTION.get(fault.kind)
    if option and not getattr(fault, option):
        yield f"{fault.kind} needs `{option}`"
    yield from _place(fault, topology)


def _place(fault: Fault, topology: Topology) -> Iterator[str]:
    if fault.kind not in _WITHOUT_SERVICE and fault.service not in topology.services:
        yield f"{fault.kind}.service is {fault.service!r}; use one of {sorted(topology.services)}"
        return
    if fault.caller and fault.caller not in topology.services:
        yield f"{fault.kind}.caller is {fault.caller!r}; use one of {sorted(topology.services)}"
    if fault.kind in _WITH_OPERATION and fault.operation not in topology.services[fault.service].operations:
        yield (
            f"{fault.kind}.operation is {fault.operation!r};"
            f" use one of {sorted(topology.services[fault.service].operations)}"
        )
    if fault.kind == "bad_replica" and not 0 <= fault.replica < topology.services[fault.service].replicas:
        yield f"bad_replica.replica is {fault.replica}; {fault.service} has {topology.services[fault.service].replicas}"
