"""What would happen at another load or with other replicas: predictions with bounds, and refusals with reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """What the spans of a service say about how it queues."""

    IDENTIFIED = "identified"  # its own time, freed from one kind of queue, no longer depends on the load it met
    NO_QUEUEING_SEEN = "no_queueing_seen"  # its own time did not depend on load: its limit was not met
    UNEXPLAINED = "unexplained"  # its own time depends on load, but no queue in one of its instances explains how
    NOT_ENOUGH_DATA = "not_enough_data"
    SHARED = (
        "shared"  # its own time follows the load of its siblings as much as its own: it waits for something they share
    )
    EXTERNAL = "external"  # it sends no spans; its callers' view of it is replayed as it was


class Discipline(StrEnum):
    """How requests get the slots of an instance."""

    HOLD = "hold"  # first come, first served; a slot is held for the whole request (a thread a request)
    SELF = "self"  # first come, first served; a slot is held in own work only (an event loop with a bounded pool)
    SHARING = "sharing"  # all at once, each the slower the more there are (processor sharing of c cores)
    CONTENTION = "contention"  # own time grows with what is in flight, of unknown kind
    DELAY = "delay"  # nothing waits; also where no queue was identified


@dataclass(frozen=True, slots=True)
class Station:
    """How one service works, as its spans say.

    Attributes:
        replicas: instances seen.
        slots: requests one instance works on at once (a real number for SHARING; the growth of own time per request in
            flight for CONTENTION); infinite for DELAY.
        least_slots: as many were seen at work at once in one instance: the limit is not lower.
        peak_in_flight: the most requests in flight in one instance.
        calls_per_second: over the sample, all instances.
        peak_calls_per_second: of the busiest ten seconds, per instance.
        work_seconds: mean own time of a call without waiting.
        busy_share: of the slots, over the sample, 0 to 1; NaN where slots are not identified.
        saturation_calls_per_second: at which all slots are busy, all instances; NaN where not identified.
        waits_share: of the calls that had to wait.
        balancing: ``random``, ``round robin`` or ``least request``; "" with one instance.
        reason: a sentence with numbers that says how the status was found.
        unlock: what would allow a better answer, else "".
    """

    service_name: str
    status: Status
    discipline: Discipline
    replicas: int
    slots: float
    least_slots: int
    peak_in_flight: int
    calls_per_second: float
    peak_calls_per_second: float
    work_seconds: float
    busy_share: float
    saturation_calls_per_second: float
    waits_share: float
    balancing: str
    reason: str
    unlock: str = ""


@dataclass(frozen=True, slots=True)
class Bounded:
    """A prediction and the interval that holds the truth nine times in ten."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds at three quantiles."""

    p50: Bounded
    p95: Bounded
    p99: Bounded


@dataclass(frozen=True, slots=True)
class EndpointOutlook:
    """One endpoint, by the service and operation that traces begin with.

    Attributes:
        now: what the same model says about the load and replicas that were seen.
        latency: as asked for; None where no number can be given (see the refusals).
    """

    service_name: str
    span_name: str
    calls_per_second: float
    now: Latency
    latency: Latency | None


@dataclass(frozen=True, slots=True)
class ServiceOutlook:
    """One service as asked for: its calls' latency, what of its slots is busy, and the load that would fill them."""

    service_name: str
    replicas: int
    calls_per_second: float
    latency: Latency | None
    busy_share: float  # NaN where its slots are not identified
    saturation_calls_per_second: float  # with the replicas asked for; NaN as above


class Refusal(StrEnum):
    """Why a number is not given, or is given as bounds only."""

    NOT_CAPTURED = "not_captured"
    NOT_ENOUGH_DATA = "not_enough_data"
    UNEXPLAINED = "unexplained"
    SHARED = "shared"
    BEYOND_SEEN = "beyond_seen"
    BACK_TEST = "back_test"
    SATURATED = "saturated"
    UNKNOWN_REPLICAS = "unknown_replicas"


@dataclass(frozen=True, slots=True)
class Refused:
    """One reason: whose, a sentence with numbers, and what would unlock the answer."""

    reason: Refusal
    service_name: str  # "" where it is about all of them
    said: str
    unlock: str
    is_final: bool = True  # no number at all; else the numbers' bounds were widened to hold both extremes


@dataclass(frozen=True, slots=True)
class Ask:
    """What to change.

    Attributes:
        load: times the load of the sample's busiest minute.
        replicas: of services, where they are to differ from what was seen.
        demand: times the own work of a service: 0.5 for twice as quick.
    """

    load: float = 1.0
    replicas: Mapping[str, int] = field(default_factory=dict)
    demand: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The answer to one Ask.

    Attributes:
        calls_per_second: traces begun a second, as asked for.
        is_screened: true for the closed form (quick, wider); false for the simulation.
        refusals: all that was refused or widened, the most serious first; empty if nothing was.
        sentence: the answer in one sentence.
        overall: latency of all traces together; None where no number can be given.
    """

    ask: Ask
    calls_per_second: float
    is_screened: bool
    endpoints: tuple[EndpointOutlook, ...]
    services: tuple[ServiceOutlook, ...]
    refusals: tuple[Refused, ...]
    sentence: str
    overall: Latency | None = None

    @property
    def is_answered(self) -> bool:
        """Whether latencies are given."""
        return not any(refused.is_final for refused in self.refusals)


@dataclass(frozen=True, slots=True)
class Grid:
    """Answers worked out beforehand: each load with each number of replicas of one service.

    Attributes:
        service_name: whose replicas vary; "" where nobody's may.
        present, advised: its replicas as they are and as they are advised to be; 0 where not known.
        loads, replicas: what was asked, ascending; ``(0,)`` replicas where nobody's vary.
        answers: of the first load with every number of replicas, then of the next; empty where nothing can be said.
        reason: why there are none, a clause; else "".
    """

    service_name: str
    present: int
    advised: int
    loads: tuple[float, ...]
    replicas: tuple[int, ...]
    answers: tuple[WhatIf, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Played:
    """What one way of choosing replicas would have come to over a history.

    Attributes:
        way: ``advice``, ``HPA 80 %``, ``KEDA, in flight``, ``scale all``, ``present`` or ``oracle``.
        minutes_lost: in which p99 of some endpoint was over its objective.
        replica_hours: of the services whose queues are known.
        changes: how often replicas were changed.
    """

    way: str
    minutes_lost: int
    replica_hours: float
    changes: int
