"""What pods used of CPU and memory and were given of it, and which services they belong to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PodUsage:
    """One pod; NaN stands for what is not known, also where it has no request or limit.

    Attributes:
        cpu_p50_cores, cpu_p90_cores, cpu_p95_cores: quantiles of its use, over the history.
        cpu_during_cores: 95th percentile of its use during the traces.
        throttled_share: of the periods of its CPU quota, those in which it was stopped, during the traces.
        memory_peak_bytes: largest working set, over the history.
        cpu_request_cores, cpu_limit_cores, memory_request_bytes, memory_limit_bytes: sums over its containers.
        hours: of history that there is.
    """

    namespace: str
    pod: str
    cpu_p50_cores: float = math.nan
    cpu_p90_cores: float = math.nan
    cpu_p95_cores: float = math.nan
    cpu_during_cores: float = math.nan
    throttled_share: float = math.nan
    memory_peak_bytes: float = math.nan
    cpu_request_cores: float = math.nan
    cpu_limit_cores: float = math.nan
    memory_request_bytes: float = math.nan
    memory_limit_bytes: float = math.nan
    hours: float = 0.0


def by_service(pods: Sequence[PodUsage], instances: Mapping[str, frozenset[str]]) -> Mapping[str, tuple[PodUsage, ...]]:
    """The pods of each service, by the names that its spans give its instances; services without any are left out.

    A pod name that occurs in several namespaces decides only where the instance names its namespace too, as Istio does.

    Args:
        pods: of any namespaces.
        instances: what spans name as their instance, by service: a pod, or a pod and its namespace behind a dot.
    """
    named: dict[str, list[PodUsage]] = {}
    for each in pods:
        named.setdefault(each.pod, []).append(each)
        named.setdefault(f"{each.pod}.{each.namespace}", []).append(each)
    found = {}
    for service, names in instances.items():
        own = [named[name][0] for name in sorted(names) if len(named.get(name, ())) == 1]
        if own:
            found[service] = tuple(dict.fromkeys(own))
    return found


def instances_of(services: Sequence[str], instances: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """The distinct instances by service, from columns of equal length; those without a name are left out."""
    found: dict[str, set[str]] = {}
    for service, instance in set(zip(services, instances, strict=True)):
        if instance:
            found.setdefault(service, set()).add(instance)
    return {service: frozenset(names) for service, names in found.items()}
