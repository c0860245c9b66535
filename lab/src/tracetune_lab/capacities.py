"""What an estimator should find in each service: slots, discipline, work, and the load at which it is full."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from tracetune_lab.topology import Call, Step, Topology, Work

Discipline = Literal["first_come_first_served", "processor_sharing"]


class OperationTruth(msgspec.Struct, frozen=True):
    """One operation: its own mean work, and how often one request at the entry calls it, retries aside."""

    mean_work_seconds: float
    calls_per_entry_request: float


class ServiceTruth(msgspec.Struct, frozen=True):
    """One service as its topology makes it.

    `held` says whether a slot is held for the whole request or for each piece of work; a service
    that calls nobody (`is_leaf`) cannot be told by which, where its work is one piece. Slots that
    are `shared` are those of all replicas together. `saturates_at_entry_rps` is the load at the
    entry at which every slot is always taken: None where a slot is held while others answer,
    because that time depends on them, and where no load reaches the service.
    """

    service: str
    replicas: int
    slots: int
    held: Literal["request", "work"]
    shared: bool
    discipline: Discipline
    is_leaf: bool
    operations: dict[str, OperationTruth]
    saturates_at_entry_rps: float | None


def capacities(topology: Topology, mix: dict[str, float] | None = None) -> list[ServiceTruth]:
    """The truth of each service under a mix of requests, the entry's own by default."""
    calls = _calls(topology, mix or topology.entry.mix)
    return [_service(topology, name, calls) for name in topology.services]


def _service(topology: Topology, name: str, calls: dict[tuple[str, str], float]) -> ServiceTruth:
    service = topology.services[name]
    operations = {
        operation: OperationTruth(_mean_work(steps), calls.get((name, operation), 0.0))
        for operation, steps in service.operations.items()
    }
    steps = [step for operation in service.operations for step in topology.steps_of(name, operation)]
    is_leaf = not any(step.call or step.redis or step.cache for step in steps)
    computes = any(step.work is not None and step.work.kind == "cpu" for step in steps)
    busy = sum(truth.mean_work_seconds * truth.calls_per_entry_request for truth in operations.values())
    slots = service.pool.slots * (1 if service.pool.shared else service.replicas)
    known = busy > 0 and not computes and (is_leaf or service.pool.held == "work")
    return ServiceTruth(
        service=name,
        replicas=service.replicas,
        slots=service.pool.slots,
        held=service.pool.held,
        shared=service.pool.shared,
        discipline="processor_sharing" if computes else "first_come_first_served",
        is_leaf=is_leaf,
        operations=operations,
        saturates_at_entry_rps=slots / busy if known else None,
    )


def _calls(topology: Topology, mix: dict[str, float]) -> dict[tuple[str, str], float]:
    """How often one request at the entry calls each (service, operation)."""
    found: dict[tuple[str, str], float] = {}

    def visit(service: str, operation: str, times: float) -> None:
        found[service, operation] = found.get((service, operation), 0.0) + times
        for call, share in _expected(topology.services[service].operations[operation]):
            visit(call.to, call.operation, times * share)

    total = sum(mix.values())
    for operation, weight in mix.items():
        visit(topology.entry.service, operation, weight / total)
    return found


def _expected(steps: list[Step]) -> list[tuple[Call, float]]:
    """Each call of some steps with the mean number of times it is made."""
    found = []
    for step in steps:
        call = step.call or step.send
        if call is not None:
            found.append((call, call.probability))
        found.extend(_expected(step.parallel or []))
        if step.cache is not None:
            found.extend((each, share * (1 - step.cache.hit_ratio)) for each, share in _expected(step.cache.miss))
    return found


def _mean_work(steps: list[Step]) -> float:
    """Mean seconds of work in a slot, a cache's work by its share of misses."""
    total = 0.0
    for step in steps:
        if step.work is not None:
            total += _mean(step.work)
        total += _mean_work(step.parallel or [])
        if step.cache is not None:
            total += (1 - step.cache.hit_ratio) * _mean_work(step.cache.miss)
    return total


def _mean(work: Work) -> float:
    # The mean of a lognormal distribution: exp(mu + sigma^2 / 2), and its median is exp(mu).
    return work.median_seconds * math.exp(work.sigma**2 / 2)
