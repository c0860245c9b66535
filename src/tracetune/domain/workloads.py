"""What runs a service in a cluster: its replicas, what it asks for, who scales it, and how long a pod takes to be ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """Who sets the number of replicas already, within which bounds, and by what it decides."""

    name: str
    least: int
    most: int
    metrics: tuple[str, ...]  # as "cpu 80 %"; empty where the default is in force


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment or StatefulSet as the cluster's API shows it.

    Attributes:
        services: names that its spans may bear, the most certain first: Istio's canonical name, ``app.kubernetes.io/name``,
            ``app``, the workload's own name.
        replicas, ready: wanted, and ready now.
        cpu_cores, memory_bytes: requests of one pod, summed over its containers; None where a container asks for none.
        cpu_limit_cores, memory_limit_bytes: limits, likewise.
        autoscaler: None where nobody scales it.
        startup_seconds: median time from a pod's start to its being ready; None where none is.
        pods: names of its pods, which spans name as ``k8s.pod.name``.
    """

    kind: str
    namespace: str
    name: str
    services: tuple[str, ...]
    replicas: int
    ready: int
    cpu_cores: float | None
    memory_bytes: float | None
    cpu_limit_cores: float | None
    memory_limit_bytes: float | None
    autoscaler: Autoscaler | None
    startup_seconds: float | None
    pods: frozenset[str]


def join(
    workloads: Sequence[Workload], services: Iterable[str], instances: Mapping[str, frozenset[str]]
) -> Mapping[str, Workload]:
    """The workload that runs each service, by the service's name in the traces; services without one are left out.

    Pods decide where spans name them (the larger share of the service's instances), else names do, with or without the
    namespace behind a dot as Istio writes it. A name that fits workloads of several namespaces decides nothing.

    Args:
        workloads: of one or more namespaces.
        services: names in the traces.
        instances: what spans name as their instance, by service: a pod, or a pod and its namespace behind a dot.
    """
    found = {}
    for service in services:
        chosen = _by_pods(workloads, instances.get(service, frozenset())) or _by_name(workloads, service)
        if chosen:
            found[service] = chosen
    return found


def _by_pods(workloads: Sequence[Workload], instances: frozenset[str]) -> Workload | None:
    pods = {name.partition(".")[0] for name in instances}
    best = max(workloads, key=lambda workload: len(workload.pods & pods), default=None)
    return best if best and best.pods & pods else None


def _by_name(workloads: Sequence[Workload], service: str) -> Workload | None:
    bare, _, namespace = service.partition(".")
    for place in range(max((len(each.services) for each in workloads), default=0)):
        named = [
            each
            for each in workloads
            if place < len(each.services)
            and (each.services[place] == service or (each.services[place], each.namespace) == (bare, namespace))
        ]
        if named:
            return named[0] if len(named) == 1 else None
    return None
