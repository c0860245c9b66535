"""When not to answer: each rule says why, with numbers, and what would unlock the answer."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tracetune.domain import words
from tracetune.domain.whatif import Ask, Discipline, Refusal, Refused, Station, Status
from tracetune.tuning.queues.model import Model
from tracetune.tuning.queues.observed import Floats

CAPTURED = 0.98
LEAST_TRACES = 200
"""Of an endpoint: with fewer, one in twenty is fewer than ten."""

BEYOND = 1.05
"""Times the highest load that an instance was seen to carry."""

FAR_BEYOND = 1.25
"""The same where no queue was found anywhere, and where own time grows in an unknown way."""

SATURATED = 0.9
NEGLIGIBLE = 0.15
"""A service that would use less of even its proven slots adds no wait worth a word."""

DRIFT_T = 4.0
DRIFT_SLOPE = 0.15


def refusals(model: Model, ask: Ask, rate: float, busy: Floats) -> tuple[Refused, ...]:
    """Every reason against answering, the final ones first. ``busy`` (service,) is the share of slots that would be used."""
    found = [*_about_data(model, ask), *_about_services(model, ask, rate, busy), *_about_reach(model, rate)]
    order = {name: -share for name, share in zip(model.services, busy, strict=True) if share > SATURATED}
    return tuple(sorted(found, key=lambda refused: (not refused.is_final, order.get(refused.service_name, 0.0))))


def busy_shares(model: Model, ask: Ask, rate: float) -> Floats:
    """Of the slots of each service, before anything is simulated; NaN where slots are not identified."""
    shares = []
    for station, calls in zip(model.stations, model.calls_per_trace, strict=True):
        replicas = ask.replicas.get(station.service_name, station.replicas)
        more = rate * calls / station.calls_per_second if station.calls_per_second else 0.0
        demand = ask.demand.get(station.service_name, 1.0)
        shares.append(station.busy_share * more * demand * max(station.replicas, 1) / max(replicas, 1))
    return np.array(shares)


def _about_data(model: Model, ask: Ask) -> Iterator[Refused]:
    if not len(model.traces):
        yield Refused(Refusal.NOT_ENOUGH_DATA, "", "the sample holds no whole trace", "two minutes of traces at 100 %")
        return
    if model.lost_share > 1 - CAPTURED:
        said = f"the callers of {100 * model.lost_share:.0f} % of the calls are missing, so arrivals are not all seen"
        yield Refused(Refusal.NOT_CAPTURED, "", said, "record two minutes at 100 %")
    few = [
        name
        for (_, name), traces in zip(model.endpoints, model.traces_of_endpoint, strict=True)
        if traces < LEAST_TRACES
    ]
    if len(few) == len(model.endpoints):
        said = f"no endpoint has {LEAST_TRACES} traces in the sample"
        yield Refused(Refusal.NOT_ENOUGH_DATA, "", said, "a few more minutes of traces at 100 %")
    for name in ask.replicas:
        station = _named(model, name)
        if station is not None and station.replicas == 0 and station.status is not Status.EXTERNAL:
            said = f"spans of {name} do not name their instance, so its replicas cannot be counted"
            yield Refused(Refusal.UNKNOWN_REPLICAS, name, said, station.unlock)


def _about_services(model: Model, ask: Ask, rate: float, busy: Floats) -> Iterator[Refused]:
    for station, calls, share in zip(model.stations, model.calls_per_trace, busy, strict=True):
        if station.status is Status.EXTERNAL or not calls:
            continue
        replicas = max(ask.replicas.get(station.service_name, station.replicas), 1)
        each = rate * calls / replicas  # calls a second of one instance
        reach = each / station.peak_calls_per_second if station.peak_calls_per_second else math.inf
        changed = station.service_name in ask.replicas and replicas != station.replicas
        if station.status is Status.SHARED and (changed or reach > BEYOND):
            yield Refused(Refusal.SHARED, station.service_name, station.reason, station.unlock)
        elif station.status is Status.UNEXPLAINED and (changed or reach > BEYOND):
            yield Refused(Refusal.UNEXPLAINED, station.service_name, station.reason, station.unlock)
        elif station.discipline is Discipline.CONTENTION and reach > FAR_BEYOND:
            said = (
                f"{station.service_name} would get {reach:.1f} times the load an instance was seen to carry, and how its own "
                "time grows is not known"
            )
            yield Refused(Refusal.BEYOND_SEEN, station.service_name, said, "minutes of that load")
        elif share > SATURATED:
            said = (
                f"{station.service_name} would need {100 * share:.0f} % of its slots; it is full at "
                f"{words.rate(station.saturation_calls_per_second * replicas / max(station.replicas, 1))}"
            )
            yield Refused(Refusal.SATURATED, station.service_name, said, f"more replicas of {station.service_name}")
        elif station.discipline is Discipline.DELAY and reach > BEYOND:
            yield from _unproven(station, each, reach)


def _unproven(station: Station, each: float, reach: float) -> Iterator[Refused]:
    use = each * station.work_seconds / max(station.least_slots, 1)
    if use < NEGLIGIBLE:
        return
    said = (
        f"an instance of {station.service_name} was never seen to carry more than "
        f"{words.rate(station.peak_calls_per_second)}, and would get {reach:.1f} times that"
    )
    unlock = f"a few minutes at that load, or {station.service_name} with fewer replicas"
    yield Refused(Refusal.BEYOND_SEEN, station.service_name, said, unlock, is_final=bool(use > SATURATED))


def _about_reach(model: Model, rate: float) -> Iterator[Refused]:
    if not len(model.load.minutes):
        return
    reach = rate / max(float(model.load.minutes.max()), 1e-9)
    known = any(station.status is Status.IDENTIFIED for station in model.stations)
    if reach > FAR_BEYOND and not known:
        said = f"{reach:.1f} times the highest load seen, and no queue was seen anywhere that would tell what happens there"
        yield Refused(Refusal.BEYOND_SEEN, "", said, "minutes of higher load")
    slope, t = model.drift
    if abs(t) > DRIFT_T and abs(slope) > DRIFT_SLOPE and reach > BEYOND:
        way = "too low" if slope > 0 else "too high"
        said = f"past minutes were predicted {100 * abs(slope):.0f} % {way} for each doubling of load"
        yield Refused(Refusal.BACK_TEST, "", said, "minutes of that load")


def _named(model: Model, name: str) -> Station | None:
    return next((station for station in model.stations if station.service_name == name), None)
