"""What a topology file may say: services, operations, call graphs, work, replicas and pools."""

from __future__ import annotations

from typing import Literal

import msgspec


class Work(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One piece of work, drawn from a lognormal distribution.

    `wait` sleeps inside the pool, so that queueing is real while the CPU is idle; `cpu` burns
    that many seconds of one core's time on an idle machine, and longer on a busy one.
    """

    median_seconds: float
    sigma: float = 0.4
    kind: Literal["wait", "cpu"] = "wait"


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request to another service, sent through the caller's own sidecar.

    `probability` makes it conditional. `retries` counts attempts after the first; an attempt
    fails on a 5xx answer or after `timeout_seconds`.
    """

    to: str
    operation: str
    probability: float = 1.0
    timeout_seconds: float = 5.0
    retries: int = 0


class Cache(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Steps that are skipped when the cache hits, which it does with `hit_ratio`."""

    hit_ratio: float
    miss: list[Step]


class RedisCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One command to the shared Redis; keys are drawn from `keys` different ones."""

    command: Literal["GET", "SET", "HGETALL", "LPUSH", "ZADD"]
    keys: int = 1000


class LongPoll(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Waiting by design: holds the request, not the pool, for a time between the bounds."""

    least_seconds: float
    most_seconds: float


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Exactly one thing an operation does; `parallel` steps start together, `send` is not awaited."""

    work: Work | None = None
    call: Call | None = None
    parallel: list[Step] | None = None
    send: Call | None = None
    cache: Cache | None = None
    redis: RedisCommand | None = None
    long_poll: LongPoll | None = None

    def said(self) -> list[str]:
        """The names of the fields that are set: one, in a sound topology."""
        return [name for name in self.__struct_fields__ if getattr(self, name) is not None]


class Pool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much one replica does at once: `slots` held during each piece of work, or for the whole request.

    `shared` slots are those of all replicas together, as the connections of one database are or a
    lock: more replicas do not help.
    """

    slots: int
    held: Literal["work", "request"] = "work"
    shared: bool = False


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service; those with the same `process` label share one operating-system process."""

    operations: dict[str, list[Step]]
    pool: Pool = Pool(slots=16)
    replicas: int = 1
    version: str = "1.0.0"
    process: str = "services"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where load comes in, and how requests are divided between its operations."""

    service: str
    mix: dict[str, float]


class Topology(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole system under test."""

    name: str
    description: str
    entry: Entry
    services: dict[str, Service]
    sidecars: Literal["per_replica", "shared"] = "per_replica"
    redis: bool = False

    def steps_of(self, service: str, operation: str) -> list[Step]:
        """Every step of an operation, nested ones included."""
        return flatten(self.services[service].operations[operation])


def flatten(steps: list[Step]) -> list[Step]:
    """The steps and all steps nested in them, in file order."""
    flat: list[Step] = []
    for step in steps:
        flat.append(step)
        flat.extend(flatten(step.parallel or []))
        flat.extend(flatten(step.cache.miss if step.cache else []))
    return flat


def method_and_path(operation: str) -> tuple[str, str]:
    """Split `GET /cart` into its method and its path."""
    method, _, path = operation.partition(" ")
    return method, path


def span_name(service: str, operation: str) -> str:
    """The name Istio gives the sidecar's spans of an operation that has a route of its own."""
    return f"{service}.default.svc.cluster.local:9080{method_and_path(operation)[1]}"
