"""How many replicas a service needs for the load to come, from the concurrency at which it was still quick."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Capacity, Knob
from tracetune.domain.anomalies import Incident
from tracetune.tuning.advice.demand import Demand, peak
from tracetune.tuning.advice.knee import LEAST_MINUTES, Knee, knee
from tracetune.tuning.advice.margins import confidence, widened

BEYOND = 1.05
"""A replica may get this much more than it ever had before the answer is called unproven."""

TOLD = 1.5
"""A load that varied less than this says nothing about what happens at another load."""

IDLE = 0.05
"""A replica that has a request no more than this share of the time needs no company, even if it takes one at a time."""


def replicas(demand: Demand, capacity: Capacity, surge: Incident | None = None) -> Advice:
    """Advice on the replicas of one service, from its healthy minutes; ready for another such surge, if there was one.

    Work in flight is calls a second times own seconds a call. Needed is the work in flight of the load to come over that
    which one replica carried while its own time was still flat; own seconds cancel, which leaves the calls a second.
    Where own time never rose, the most that a replica ever carried takes that place, and the answer says that the limit
    is not known.
    """
    current = demand.current_replicas
    if current is None:
        return _cannot_say(
            demand.service_name,
            f"{demand.service_name}: its spans do not name their instance, so its replicas cannot be counted",
            "set the resource attribute k8s.pod.name (or service.instance.id) on its spans",
        )
    found = knee(demand)
    if found is None:
        seen = int((demand.calls > 0).sum())
        return _cannot_say(
            demand.service_name,
            f"{demand.service_name}: {seen} minutes with calls and without an incident are too few",
            f"{LEAST_MINUTES} minutes with calls and without an incident",
        )
    load, source = load_to_come(demand, capacity, surge)
    advice = (_with_knee if found.rises else _without_limit)(demand, found, current, load, source)
    carried = found.flat_calls_per_second if found.rises else BEYOND * found.top_calls_per_second
    return replace(advice, soon=_carrying(capacity.soon_calls_per_second, carried))


def _carrying(load: float, each: float) -> float | None:
    """Replicas for a load, if each carries so much; None where the load is not known."""
    return max(1.0, math.ceil(load / each - 1e-9)) if math.isfinite(load) and each > 0 else None


def load_to_come(demand: Demand, capacity: Capacity, surge: Incident | None) -> tuple[float, str]:
    """Calls a second to be ready for, and how it is known: the forecast, but never less than healthy minutes had."""
    found = [(peak(demand.calls) / 60, "the busiest minutes seen")]
    if not math.isnan(capacity.forecast_calls_per_second):
        found.append((capacity.forecast_calls_per_second, "forecast, 90th percentile"))
    if surge is not None:
        during = (demand.minutes >= surge.onset) & (demand.minutes < (surge.end or math.inf))
        if during.any():
            found.append(
                (float(np.median(demand.calls[during])) / 60, f"as in the surge of {words.clock(surge.onset)}")
            )
    return max(found, key=lambda each: each[0])


def _with_knee(demand: Demand, found: Knee, current: float, load: float, source: str) -> Advice:
    exact = load / found.flat_calls_per_second
    needed = max(1.0, math.ceil(exact - 1e-9))
    upper = max(needed, math.ceil(widened(exact, demand.hours) - 1e-9))
    lower = max(1.0, min(needed, math.ceil(load / found.top_calls_per_second - 1e-9)))
    waits = (
        f"own time of a call rises from {words.duration(found.base_own_seconds)} to "
        f"{words.duration(found.top_own_seconds)} with load; it is flat up to "
        f"{words.rate(found.flat_calls_per_second)} a replica, {found.flat_in_flight:.2g} in flight"
    )
    to_come = _to_come(load, source, current)
    target = needed if needed >= current else min(current, upper)  # down only with the margin left over
    said = _said(demand.service_name, current, target)
    action = Action.KEEP if target == current else Action.SET
    return _advice(demand, action, (current, min(lower, target), target, max(upper, target)), (said, waits, to_come))


def _without_limit(demand: Demand, found: Knee, current: float, load: float, source: str) -> Advice:
    needed = max(1.0, math.ceil(load / (BEYOND * found.top_calls_per_second) - 1e-9))
    shown = f"no queueing seen: each replica carries at least {words.rate(found.top_calls_per_second)}"
    to_come = _to_come(load, source, current)
    narrow = (
        (f"load varied only {found.load_range:.1f}×, so nothing shows how the service does at another load",)
        if found.load_range < TOLD
        else ()
    )
    if needed <= current:
        said = _said(demand.service_name, current, current)
        return _advice(demand, Action.KEEP, (current, needed, current, current), (said, shown, to_come, *narrow))
    upper = max(needed, math.ceil(widened(load / found.top_calls_per_second, demand.hours) - 1e-9))
    busy = load / current * _request_seconds(demand)
    if busy <= IDLE:
        said = _said(demand.service_name, current, current)
        idle = (
            f"a replica would have a request {words.share(busy)} of the time: even one at a time would hardly ever wait"
        )
        return _advice(demand, Action.KEEP, (current, current, current, upper), (said, idle, to_come, *narrow))
    said = _said(demand.service_name, current, needed)
    beyond = (
        f"the load to come is {words.rate(load)} ({source}), {words.times(load / current / found.top_calls_per_second)} the most "
        f"that a replica was seen to carry ({words.rate(found.top_calls_per_second)}, without queueing); it may carry more"
    )
    return _advice(demand, Action.SET, (current, current, needed, upper), (said, beyond, *narrow))


def _request_seconds(demand: Demand) -> float:
    """Mean time of a request, waits for callees included: the longest that a slot can be held."""
    return float(demand.in_flight.sum() * 60 / demand.calls.sum())


def _to_come(load: float, source: str, current: float) -> str:
    return f"the load to come is {words.rate(load)} ({source}): {words.rate(load / current)} a replica now"


def _said(service: str, current: float, target: float) -> str:
    if target == current:
        return f"Keep {words.number_of(round(current), 'replica')} of {service}"
    return f"Set {service} to {words.number_of(round(target), 'replica')}, now {current:.0f}"


def _advice(
    demand: Demand, action: Action, values: tuple[float, float, float, float], reasons: tuple[str, ...]
) -> Advice:
    current, lower, target, upper = values
    certain = confidence(demand.hours, is_direct=action is Action.KEEP)
    return Advice(
        demand.service_name,
        "",
        Knob.REPLICAS,
        action,
        "replicas",
        current,
        float(lower),
        float(target),
        float(upper),
        certain,
        reasons,
    )


def _cannot_say(service: str, why: str, unlock: str) -> Advice:
    certain = confidence(0.0, is_direct=False)
    return Advice(
        service,
        "",
        Knob.REPLICAS,
        Action.CANNOT_SAY,
        "replicas",
        None,
        None,
        None,
        None,
        certain,
        (why,),
        unlock,
    )
