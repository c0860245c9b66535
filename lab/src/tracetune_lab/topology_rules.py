"""The rules a topology keeps beyond its types, each breach told with its place and its value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tracetune_lab.topology import Call, Step, Topology, method_and_path

MAX_REPLICAS = 8
METHODS = ("GET", "POST")


def breaches(topology: Topology) -> list[str]:
    """Everything wrong with a topology; empty when it is sound."""
    found = [*_entry(topology)]
    for service in topology.services:
        found.extend(_service(topology, service))
    if not found:
        found.extend(_cycles(topology))
    return found


def _entry(topology: Topology) -> Iterator[str]:
    entry = topology.services.get(topology.entry.service)
    if entry is None:
        yield f"entry.service is {topology.entry.service!r}, which is not among the services"
        return
    for operation, weight in topology.entry.mix.items():
        if operation not in entry.operations:
            yield f"entry.mix names {operation!r}, which {topology.entry.service} does not have"
        if weight < 0:
            yield f"entry.mix[{operation!r}] is {weight}; use 0 or more"
    if sum(topology.entry.mix.values()) <= 0:
        yield "entry.mix has no weight above 0"


def _service(topology: Topology, name: str) -> Iterator[str]:
    service = topology.services[name]
    if not 1 <= service.replicas <= MAX_REPLICAS:
        yield f"{name}.replicas is {service.replicas}; use 1 to {MAX_REPLICAS}"
    if service.pool.slots < 1:
        yield f"{name}.pool.slots is {service.pool.slots}; use 1 or more"
    # The sidecar's route, and so its span name, is the path alone.
    paths = Counter(method_and_path(operation)[1] for operation in service.operations)
    for path in (path for path, count in paths.items() if count > 1):
        yield f"{name} has {paths[path]} operations on path {path!r}; give each its own path"
    for operation in service.operations:
        yield from (f"{name} {operation!r}: {text}" for text in _operation(topology, name, operation))


def _operation(topology: Topology, service: str, operation: str) -> Iterator[str]:
    method, path = method_and_path(operation)
    if method not in METHODS or not path.startswith("/"):
        yield "write an operation as 'GET /path' or 'POST /path'"
    for step in topology.steps_of(service, operation):
        yield from _step(topology, step)


def _step(topology: Topology, step: Step) -> Iterator[str]:
    if len(step.said()) != 1:
        yield f"a step says {step.said() or 'nothing'}; say exactly one of {list(step.__struct_fields__)}"
    for call in (step.call, step.send):
        if call is not None:
            yield from _call(topology, call)
    if step.work is not None and (step.work.median_seconds <= 0 or step.work.sigma < 0):
        yield f"work {step.work.median_seconds} s, sigma {step.work.sigma}: use a median above 0 and sigma 0 or more"
    if step.cache is not None and not 0 <= step.cache.hit_ratio <= 1:
        yield f"cache.hit_ratio is {step.cache.hit_ratio}; use 0 to 1"
    if step.redis is not None and not topology.redis:
        yield "uses Redis; say `redis: true` at the top of the topology"
    if step.long_poll is not None and not 0 < step.long_poll.least_seconds <= step.long_poll.most_seconds:
        yield "long_poll needs 0 < least_seconds <= most_seconds"


def _call(topology: Topology, call: Call) -> Iterator[str]:
    target = topology.services.get(call.to)
    if target is None:
        yield f"calls {call.to!r}, which is not among the services"
    elif call.operation not in target.operations:
        yield f"calls {call.to} {call.operation!r}, which it does not have (it has {sorted(target.operations)})"
    if not 0 <= call.probability <= 1:
        yield f"calls {call.to} with probability {call.probability}; use 0 to 1"
    if call.timeout_seconds <= 0 or call.retries < 0:
        yield f"calls {call.to}: timeout_seconds must be above 0 and retries 0 or more"


def _cycles(topology: Topology) -> Iterator[str]:
    done: set[tuple[str, str]] = set()

    def visit(at: tuple[str, str], path: list[tuple[str, str]]) -> Iterator[str]:
        if at in path:
            loop = [*path[path.index(at) :], at]
            yield "calls form a loop: " + " -> ".join(f"{service} {operation}" for service, operation in loop)
            return
        if at in done:
            return
        for step in topology.steps_of(*at):
            call = step.call or step.send
            if call is not None:
                yield from visit((call.to, call.operation), [*path, at])
        done.add(at)

    for service, spec in topology.services.items():
        for operation in spec.operations:
            yield from visit((service, operation), [])
