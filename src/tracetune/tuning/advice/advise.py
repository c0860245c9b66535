"""All advice on one system, the most useful first."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Capacity, Confidence, Knob
from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import Incident
from tracetune.domain.causes import CauseRanking
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.usage import PodUsage
from tracetune.tuning.advice.blame import rollbacks, surges, without_vain_replicas
from tracetune.tuning.advice.budgets import budgets
from tracetune.tuning.advice.concurrency import concurrency
from tracetune.tuning.advice.demand import Demand, demands, healthy
from tracetune.tuning.advice.instrumentation import instrumentation
from tracetune.tuning.advice.links import Connection, connections
from tracetune.tuning.advice.objectives import objectives_of
from tracetune.tuning.advice.order import ordered
from tracetune.tuning.advice.outliers import outliers
from tracetune.tuning.advice.placement import placement, with_node
from tracetune.tuning.advice.pools import pools
from tracetune.tuning.advice.proven import within_proven
from tracetune.tuning.advice.replicas import load_to_come, replicas
from tracetune.tuning.advice.resources import resources, with_cpu
from tracetune.tuning.advice.retries import retries
from tracetune.tuning.advice.sampling import sampling
from tracetune.tuning.advice.scaling import Target, plan_for, scale
from tracetune.tuning.advice.stretch import stretch
from tracetune.tuning.advice.timeouts import timeouts
from tracetune.tuning.advice.tries import room_for_tries, tries
from tracetune.tuning.queues.elsewhere import with_elsewhere
from tracetune.tuning.queues.model import Model
from tracetune.tuning.whatifs.allocate import can_plan

LEAST_MINUTES = 30
"""With fewer healthy minutes no limit of a connection is set: the tail and the surges were not seen."""


def advise(  # noqa: PLR0913, PLR0917 - the results of every stage before it
    minutes: MinuteBatch,
    learned: Learned,
    graph: ServiceGraph,
    incidents: Sequence[Incident],
    rankings: Mapping[str, CauseRanking],
    capacities: Sequence[Capacity],
    model: Model | None = None,
    objectives: Mapping[str, float] | None = None,
    usage: Mapping[str, Sequence[PodUsage]] | None = None,
) -> tuple[Advice, ...]:
    """What to set, what to keep and what cannot be said, for every service and connection; the most useful first.

    The first reason of each is a whole sentence that can stand alone.

    Args:
        minutes: the tables; everything is measured in minutes of no fault.
        learned: the series of the same minutes: which of them were observed at all.
        graph: who calls whom.
        incidents: all incidents. Minutes of a fault are left out of every estimate; minutes of mere load are not.
        rankings: the causes by incident id.
        capacities: of the same minutes; they bring the forecast load.
        model: of the queues, where whole calls are known; it plans the replicas of the services that it identified.
        objectives: seconds of p99 by endpoint, as "GET /checkout"; the others keep the default.
        usage: the pods of each service, where somebody told what they use of CPU and memory.

    Raises:
        InvalidInput: an objective of an endpoint that no trace begins with.
    """
    observed = learned.series.start_minute + np.flatnonzero(learned.series.observed)
    good = healthy(observed, incidents, rankings)
    whole = demands(minutes, observed)
    calm = {name: demand.at(good) for name, demand in whole.items()}
    ways = connections(minutes.links, observed, good)
    seen = int(np.count_nonzero(good))
    surged = surges(incidents, rankings)
    loads = {
        each.service_name: load_to_come(calm[each.service_name], each, surged.get(each.service_name))
        for each in capacities
        if each.service_name in calm
    }
    soon = {each.service_name: each.soon_calls_per_second for each in capacities}
    target = _target(model, loads, surged, seen / 60, objectives or {}, soon) if model is not None else None
    used = usage or {}
    for_services = [
        _corrected(
            (scale(model, target, each.service_name, seen / 60) if model is not None else None)
            or replicas(calm[each.service_name], each, surged.get(each.service_name)),
            model,
            loads,
            used,
        )
        for each in capacities
        if each.service_name in calm
    ]
    limits = tuple(
        _limits(ways, whole, good, model, target) if seen >= LEAST_MINUTES else _too_short(seen, ways, model)
    )
    found = [
        *rollbacks(minutes, rankings),
        *(without_vain_replicas(advice, graph, incidents, rankings) for advice in for_services),
        *(placement(model.noisy) if model is not None else ()),
        *resources(used),
        *outliers(minutes, whole),
        *limits,
        *(concurrency(model, target, seen / 60) if model is not None else ()),
        *(sampling(minutes, len(observed)) if seen >= LEAST_MINUTES else ()),
        *instrumentation(whole.values()),
    ]
    in_trouble = {name for incident in incidents for name in incident.services}
    weight = {each.service_name: each.busy_mean for each in capacities}
    return ordered(found, in_trouble, weight)


def _corrected(
    advice: Advice, model: Model | None, loads: Mapping[str, tuple[float, str]], used: Mapping[str, Sequence[PodUsage]]
) -> Advice:
    """Advice on replicas by what else is known: the model's other findings, and what pods use of CPU."""
    if model is None:
        return with_cpu(advice, used, ())
    proven = within_proven(advice, model.stations, loads)
    placed = with_node(with_elsewhere(proven, model.elsewhere, model.stations), model.noisy)
    return with_cpu(placed, used, model.stations)


def _target(
    model: Model,
    loads: Mapping[str, tuple[float, str]],
    surged: Collection[str],
    hours: float,
    objectives: Mapping[str, float],
    soon: Mapping[str, float],
) -> Target | None:
    """The plans for the load to come and for that of the next minutes; None where no replicas can be planned.

    Told by the services that traces begin with, and by those that a surge filled.
    """
    if not any(can_plan(station) for station in model.stations):
        return None
    tellers = {name for name, _ in model.endpoints} | set(surged)
    telling = [
        (name, calls)
        for name, calls in zip(model.services, model.calls_per_trace, strict=True)
        if name in tellers and name in loads and calls > 0
    ]
    if not telling:
        return None
    rate, source = max((loads[name][0] / calls, loads[name][1]) for name, calls in telling)
    soon_rate = max((soon[name] / calls for name, calls in telling if math.isfinite(soon[name])), default=math.nan)
    return plan_for(model, rate, source, hours, objectives_of(model, objectives), soon_rate=soon_rate)


def _limits(
    ways: Mapping[tuple[str, str], Connection],
    whole: Mapping[str, Demand],
    good: NDArray[np.bool_],
    model: Model | None,
    target: Target | None,
) -> Iterator[Advice]:
    repeated = retries(ways, whole)
    yield from repeated
    yield from budgets(repeated, whole)
    again = tuple(_tries(model, repeated))
    yield from again
    longer = stretch(model, target.rate, target.plan) if model is not None and target is not None else {}
    yield from timeouts(ways, np.count_nonzero(good) / 60, longer, room_for_tries(again))
    yield from pools(ways, whole, good)


def _tries(model: Model | None, repeated: Sequence[Advice]) -> Iterator[Advice]:
    """Retries where nobody tries again yet; calls that are repeated already have their own advice."""
    if model is not None:
        told = {(each.target_service, each.peer) for each in repeated}
        yield from tries(model.second_tries, model.stations, told)


def _too_short(seen: int, ways: Mapping[tuple[str, str], Connection], model: Model | None) -> Iterator[Advice]:
    """One answer for all connections: a few minutes show neither their tails nor their usual load, but what failed."""
    yield from _tries(model, ())
    if ways:
        said = f"{words.number_of(seen, 'healthy minute')} of traces show no timeout, retry or pool to set"
        unlock = f"{LEAST_MINUTES} healthy minutes of traces"
        names = words.number_of(len(ways), "connection")
        nothing = (None, None, None, None)
        yield Advice(names, "", Knob.TIMEOUT, Action.CANNOT_SAY, "s", *nothing, Confidence.LOW, (said,), unlock)
