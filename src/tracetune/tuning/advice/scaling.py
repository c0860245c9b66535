"""Advice on replicas from the queues that were found: how many, why, and where more would not help."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Knob
from tracetune.domain.whatif import Station, Status
from tracetune.tuning.advice.margins import confidence, margin
from tracetune.tuning.queues.model import Model
from tracetune.tuning.whatifs.allocate import BUSIEST, Plan, allocate, can_plan, floor_seconds

OVER_FLOOR = 2.0
"""Without objectives of their own, endpoints are to keep p99 within this many times what it is when nothing waits."""


_LEAST_TRACES = 100
"""Endpoints with fewer traces have no tail to plan for."""


@dataclass(frozen=True, slots=True)
class Target:
    """The load to be ready for, and the plan for it.

    Attributes:
        rate: traces a second.
        source: how that is known.
        plan: the fewest replicas for it.
        roomy: the same for the load with its margin on top: nothing is scaled down below it.
        objectives: seconds of p99, by endpoint.
        hours: of history behind it.
        soon: the same for the load of the next minutes, which autoscalers follow; None where that is not known.
    """

    rate: float
    source: str
    plan: Plan
    roomy: Plan
    objectives: Mapping[int, float]
    hours: float
    soon: Plan | None = None


def plan_for(
    model: Model,
    rate: float,
    source: str,
    hours: float,
    objectives: Mapping[int, float] | None = None,
    *,
    soon_rate: float = math.nan,
) -> Target:
    """Plan for a load, and for the one of the next minutes.

    Without ``objectives``, p99 of each endpoint is to stay within twice what it is when nothing waits.
    """
    limits = dict(objectives) if objectives else default_objectives(model)
    return Target(
        rate,
        source,
        allocate(model, rate, limits),
        allocate(model, rate * (1 + margin(hours)), limits),
        limits,
        hours,
        allocate(model, soon_rate, limits) if soon_rate > 0 else None,
    )


def default_objectives(model: Model) -> dict[int, float]:
    """Seconds of p99, by endpoint, that is to be kept where nobody said what is."""
    floor = floor_seconds(model, model.load.reference)
    return {
        place: OVER_FLOOR * float(seconds)
        for place, seconds in enumerate(floor)
        if math.isfinite(seconds) and model.traces_of_endpoint[place] >= _LEAST_TRACES
    }


def scale(model: Model, target: Target | None, service_name: str, hours: float = 0.0) -> Advice | None:
    """Advice on one service; None where its queue is not known, and minutes have to tell.

    Without a target only what no load changes is said: more replicas do not help where they share what they wait for.
    ``hours`` of history are behind that.
    """
    station = next((each for each in model.stations if each.service_name == service_name), None)
    if station is None or station.replicas == 0:
        return None
    if station.status is Status.SHARED:
        return _vain(station, target.hours if target is not None else hours)
    if target is None or not can_plan(station):
        return None
    if not target.plan.meets:
        return replace(_unreachable(model, station, target), soon=_soon(service_name, target))
    return replace(_planned(model, station, target), soon=_soon(service_name, target))


def _soon(name: str, target: Target) -> float | None:
    """What carries the load of the next minutes; where no number keeps the objectives, as few as still have no endless queue."""
    plan = target.soon
    if plan is None:
        return None
    return float(
        plan.replicas[name] if plan.meets else math.ceil(plan.use[name] * plan.replicas[name] / BUSIEST - 1e-9)
    )


def _planned(model: Model, station: Station, target: Target) -> Advice:
    name, current = station.service_name, station.replicas
    needed, roomy = target.plan.replicas[name], max(target.plan.replicas[name], target.roomy.replicas[name])
    wanted = needed if needed >= current else min(current, roomy)  # down only with the margin left over
    now = target.plan.use[name] * needed / current
    then = target.plan.use[name] * needed / wanted
    first = _said(name, current, wanted)
    load = f"the load to come is {words.rate(target.rate)} ({target.source}), which keeps {words.share(now)} of its slots busy"
    reasons = [first, load, f"{name}: {station.reason}"]
    if wanted != current:
        reasons.append(f"with {wanted} it is {words.share(then)}; it is full at {words.rate(_full(station, wanted))}")
    miss = dict(target.plan.runners_up).get(name)
    if miss:
        reasons.append(
            f"one replica less than needed would take the slowest endpoint to {words.times(miss)} its objective"
        )
    gain = target.plan.gains.get(name)
    effect = (
        f"one more would shorten p99 of the slowest endpoint by {words.duration(gain)}" if gain and gain > 0 else ""
    )
    least = max(1, math.ceil(target.plan.use[name] * needed / 0.9 - 1e-9))
    action = Action.KEEP if wanted == current else Action.SET
    return Advice(
        name,
        "",
        Knob.REPLICAS,
        action,
        "replicas",
        float(current),
        float(min(least, wanted)),
        float(wanted),
        float(max(roomy, wanted)),
        confidence(target.hours, is_direct=wanted >= current),
        tuple(reasons),
        effect=effect,
        risk="" if action is Action.KEEP else _risk(model, wanted < current),
    )


def _said(name: str, current: int, wanted: int) -> str:
    if wanted == current:
        return f"Keep {words.number_of(current, 'replica')} of {name}"
    if wanted < current:
        return f"Set {name} to {words.number_of(wanted, 'replica')}, now {current}: {current - wanted} can safely go"
    return f"Set {name} to {words.number_of(wanted, 'replica')}, now {current}"


def _full(station: Station, replicas: int) -> float:
    return station.saturation_calls_per_second * replicas / station.replicas


def _risk(model: Model, is_down: bool) -> str:
    if is_down:
        return "a burst above the load to come would queue; watch the tail for a day, and set it back if it rises"
    external = [station.service_name for station in model.stations if station.status is Status.EXTERNAL]
    return f"more callers for {', '.join(external)}, whose limit no span shows" if external else ""


def _vain(station: Station, hours: float) -> Advice:
    said = f"More replicas of {station.service_name} will not help, because the wait is in something that they share"
    return _kept(station, hours, (said, station.reason))


def _unreachable(model: Model, station: Station, target: Target) -> Advice:
    floor = floor_seconds(model, target.rate)
    over = {place: floor[place] / limit for place, limit in target.objectives.items() if np.isfinite(floor[place])}
    worst = max(over, key=over.__getitem__)
    work = [
        (calls * each.work_seconds, each.service_name)
        for each, calls, used in zip(model.stations, model.calls_per_trace, model.touches[worst], strict=True)
        if used
    ]
    where = max(work)[1]
    said = (
        f"More replicas of {station.service_name} will not help, because the wait is in {where}: p99 of "
        f"{model.endpoints[worst][1]} is {words.duration(float(floor[worst]))} even when nothing queues"
    )
    return _kept(station, target.hours, (said,))


def _kept(station: Station, hours: float, reasons: tuple[str, ...]) -> Advice:
    current = float(station.replicas)
    return Advice(
        station.service_name,
        "",
        Knob.REPLICAS,
        Action.KEEP,
        "replicas",
        current,
        current,
        current,
        current,
        confidence(hours, is_direct=True),
        reasons,
    )
