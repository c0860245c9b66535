"""The model of a system that its spans give: traces to run again, and the stations that they meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.whatif import Discipline, Latency, Station
from tracetune.tuning.queues.arrivals import Load
from tracetune.tuning.queues.balancing import LEAST_REQUEST, RANDOM, ROUND_ROBIN
from tracetune.tuning.queues.neighbours import NoisyNode
from tracetune.tuning.queues.observed import Floats, Ints
from tracetune.tuning.queues.second_tries import SecondTry
from tracetune.tuning.queues.templates import Stations, Templates

QUANTILES = (0.5, 0.95, 0.99)

_DISCIPLINES = {name: number for number, name in enumerate(("delay", "hold", "self", "sharing", "contention"))}
_BALANCING = {RANDOM: 0, ROUND_ROBIN: 1, LEAST_REQUEST: 2, "": 2}  # a single instance says nothing: the meshes' default


@dataclass(frozen=True, eq=False)
class Model:
    """All that predictions need.

    Attributes:
        templates: the traces.
        traces: (usable trace,), numbers of those that are whole.
        endpoint: (usable trace,), position in ``endpoints``.
        endpoints: service and operation that traces begin with, the most frequent first.
        stations: every service.
        best: as numbers, as identified.
        variants: other models of the same services that fit about as well.
        pessimistic: with as few slots as were proven where none were identified.
        touches: (endpoint, service), whether traces of the endpoint call the service.
        load: of the sample.
        calls_per_trace: (service,).
        lost_share: of calls, those whose caller is missing.
        widening: (quantile,), factor on intervals, from back-tests.
        drift: slope of log(observed / predicted) on load and its t value, over the sample's blocks; at the 95th percentile.
        traces_of_endpoint: (endpoint,), how many traces there are.
        now: by endpoint, what the model says about the load and the replicas that were seen.
        elsewhere: by service, why more replicas of it would not help; only where its slow calls wait elsewhere.
        second_tries: what the next calls met where calls failed, over all minutes, those of faults too.
        noisy: nodes that are slow for several services at once.
    """

    templates: Templates
    traces: Ints
    endpoint: Ints
    endpoints: tuple[tuple[str, str], ...]
    stations: tuple[Station, ...]
    best: Stations
    variants: tuple[Stations, ...]
    pessimistic: Stations
    touches: NDArray[np.bool_]
    load: Load
    calls_per_trace: Floats
    lost_share: float
    widening: Floats
    drift: tuple[float, float]
    traces_of_endpoint: Ints
    now: tuple[Latency, ...]
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    second_tries: tuple[SecondTry, ...] = ()
    noisy: tuple[NoisyNode, ...] = ()

    @property
    def services(self) -> tuple[str, ...]:
        """The names of all services."""
        return tuple(station.service_name for station in self.stations)


def as_numbers(stations: tuple[Station, ...]) -> Stations:
    """Stations for the simulation, (service,) each."""
    return Stations(
        discipline=np.array([_DISCIPLINES[station.discipline] for station in stations], np.int64),
        slots=np.array([station.slots for station in stations], np.float64),
        replicas=np.array([max(1, station.replicas) for station in stations], np.int64),
        balancing=np.array([_BALANCING[station.balancing] for station in stations], np.int64),
        scale=np.ones(len(stations)),
    )


def with_slots(stations: Stations, service: int, discipline: Discipline, slots: float) -> Stations:
    """The same with another model of one service."""
    disciplines, numbers = stations.discipline.copy(), stations.slots.copy()
    disciplines[service], numbers[service] = _DISCIPLINES[discipline], slots
    return stations._replace(discipline=disciplines, slots=numbers)
