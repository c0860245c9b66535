"""The fewest replicas that keep every endpoint's objective at a load: start roomy, and drop one after the other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tracetune.domain.whatif import Ask, Discipline, Station, Status
from tracetune.tuning.queues.model import Model
from tracetune.tuning.queues.observed import Floats
from tracetune.tuning.queues.predict import quantiles, run
from tracetune.tuning.whatifs.whatif import asked

_ROOMY = (0.4, 0.28, 0.2)
"""Use of slots to start from; lower where the first is not enough."""

BUSIEST = 0.85
"""No service is planned busier than this: a little more load and its queue has no end."""

_CARRIED = 1.05
"""Times the most that one instance was seen to carry, for services whose limit is not known."""

_REQUESTS = 2500
_LEAST_TRACES = 50
_RUNNERS_UP = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """Replicas of every service that can be planned.

    Attributes:
        replicas: by service.
        meets: whether every objective is met with them; if not, no number of replicas meets them.
        worst: the largest p99 over its objective.
        use: by service, of its slots; only where they are known.
        runners_up: cheaper plans that were tried and miss, with how much they miss: (service with one less, worst).
        gains: by service, seconds of p99 of the worst endpoint that one more replica would bring.
    """

    replicas: Mapping[str, int]
    meets: bool
    worst: float
    use: Mapping[str, float]
    runners_up: tuple[tuple[str, float], ...]
    gains: Mapping[str, float]


def allocate(model: Model, rate: float, objectives: Mapping[int, float], margin: float = 1.0) -> Plan:
    """Plan the replicas for ``rate`` traces a second.

    Reverse greedy: from a roomy start the idlest service gives a replica up, as long as p99 times ``margin`` stays within
    the objective (seconds, by endpoint) everywhere. Fewer replicas never make it better, so a service that cannot give one
    up is done. All plans are run with the same arrivals and traces.

    Services whose limit is not known keep as many as carry the load without going beyond what one was seen to carry.
    """
    needs = _needs(model, rate)
    floors = {name: max(1, math.ceil(need / BUSIEST - 1e-9)) for name, need in needs.items()}
    fixed = _unproven(model, rate)
    for use in _ROOMY:
        chosen = {name: max(floors[name], math.ceil(need / use - 1e-9)) for name, need in needs.items()}
        worst = _worst(model, rate, {**fixed, **chosen}, objectives)
        if worst * margin <= 1:
            break
    else:
        return Plan({**fixed, **chosen}, bool(worst * margin <= 1), float(worst), _use(needs, chosen), (), {})
    tried: list[tuple[str, float]] = []
    open_ = {name for name, count in chosen.items() if count > floors[name]}
    while open_:
        name = min(open_, key=lambda each: needs[each] / chosen[each])
        fewer = {**chosen, name: chosen[name] - 1}
        found = _worst(model, rate, {**fixed, **fewer}, objectives)
        if found * margin > 1:
            open_.discard(name)
            tried.append((name, found))
            continue
        chosen, worst = fewer, found
        if chosen[name] <= floors[name]:
            open_.discard(name)
    gains = _gains(model, rate, {**fixed, **chosen}, sorted(needs, key=lambda each: -needs[each] / chosen[each])[:3])
    closest = tuple(sorted(tried, key=lambda pair: pair[1])[:_RUNNERS_UP])
    return Plan({**fixed, **chosen}, bool(worst * margin <= 1), float(worst), _use(needs, chosen), closest, gains)


def floor_seconds(model: Model, rate: float) -> Floats:
    """p99 of each endpoint if nothing ever waited, (endpoint,): no number of replicas makes it shorter."""
    free = model.best._replace(
        discipline=np.zeros_like(model.best.discipline), slots=np.full_like(model.best.slots, np.inf)
    )
    outcome = run(model, free, rate, 2 * _REQUESTS, 1, resample=False)
    return np.array([quantiles(values)[2] for values in outcome.of_endpoint])


def can_plan(station: Station) -> bool:
    """Whether the queue of this service is known well enough for its replicas to be planned."""
    known = station.status is Status.IDENTIFIED and station.discipline is not Discipline.CONTENTION
    return known and station.replicas > 0 and station.busy_share > 0


def _needs(model: Model, rate: float) -> dict[str, float]:
    """Instances' worth of busy slots that each service needs, on average."""
    found = {}
    for station, calls in zip(model.stations, model.calls_per_trace, strict=True):
        if can_plan(station):
            found[station.service_name] = (
                station.busy_share * station.replicas * rate * calls / station.calls_per_second
            )
    return found


def _unproven(model: Model, rate: float) -> dict[str, int]:
    found = {}
    for station, calls in zip(model.stations, model.calls_per_trace, strict=True):
        if can_plan(station) or station.replicas == 0:
            continue
        each = _CARRIED * station.peak_calls_per_second
        found[station.service_name] = max(1, math.ceil(rate * calls / each - 1e-9)) if each else station.replicas
    return found


def _use(needs: Mapping[str, float], chosen: Mapping[str, int]) -> dict[str, float]:
    return {name: need / chosen[name] for name, need in needs.items()}


def _worst(model: Model, rate: float, replicas: Mapping[str, int], objectives: Mapping[int, float]) -> float:
    """The largest p99 over its objective, of endpoints with enough traces to tell."""
    tails = _tails(model, rate, replicas)
    return max((tails[place] / limit for place, limit in objectives.items() if not np.isnan(tails[place])), default=0.0)


def _tails(model: Model, rate: float, replicas: Mapping[str, int]) -> Floats:
    outcome = run(model, asked(model, model.best, Ask(1.0, replicas)), rate, _REQUESTS, 1, resample=False)
    return np.array(
        [quantiles(values)[2] if len(values) >= _LEAST_TRACES else np.nan for values in outcome.of_endpoint]
    )


def _gains(model: Model, rate: float, replicas: Mapping[str, int], names: list[str]) -> dict[str, float]:
    tails = _tails(model, rate, replicas)
    if np.isnan(tails).all():
        return {}
    slowest = int(np.nanargmax(tails))
    return {
        name: float(tails[slowest] - _tails(model, rate, {**replicas, name: replicas[name] + 1})[slowest])
        for name in names
    }
