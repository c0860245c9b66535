"""What would happen at another load, with other replicas or other work: observed traces run again, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tracetune.domain import words
from tracetune.domain.whatif import Ask, EndpointOutlook, Refused, ServiceOutlook, WhatIf
from tracetune.errors import NotFound
from tracetune.tuning.queues.model import Model
from tracetune.tuning.queues.observed import Floats
from tracetune.tuning.queues.predict import (
    EVALUATED_SECONDS,
    LEAST_REQUESTS,
    MOST_REQUESTS,
    SEEDS,
    Outcome,
    latency,
    run,
)
from tracetune.tuning.queues.templates import Stations
from tracetune.tuning.whatifs.refuse import SATURATED, busy_shares, refusals

SCREENED_REQUESTS, SCREENED_SEEDS = 1000, 3

DEMAND_ERROR = 0.03
"""Own work in another hour differs by about this share from that of the sample: machines are not always equally quick. What it
does to latency grows as slots fill up, as no factor on the interval could. Learnt on development points of the sweep."""

_DEMAND_SEEDS = 2


def whatif(
    model: Model,
    load: float = 1.0,
    replicas: Mapping[str, int] | None = None,
    demand: Mapping[str, float] | None = None,
    *,
    seconds: float = EVALUATED_SECONDS,
) -> WhatIf:
    """Latency, use and saturation at ``load`` times the sample's, with other replicas and times the own work of services.

    The value is of all runs of the best model together. The interval is the worst and the best of eight of them, each with
    traces drawn anew in blocks, of the other models that fit about as well, of random balancing, of burstier arrivals and,
    where a service goes beyond what was seen, of as few slots as were proven; widened by what back-tests showed to be
    missing. Where it must not be said, no number is given but the reason.

    Raises:
        NotFound: a service that the traces do not know.
    """
    ask = Ask(load, dict(replicas or {}), dict(demand or {}))
    check_names(model, ask)
    rate = load * model.load.reference
    shares = busy_shares(model, ask, rate)
    refused = refusals(model, ask, rate, shares)
    if any(each.is_final for each in refused):
        return answer(model, ask, rate, shares, refused, (), is_screened=False)
    outcomes = [run(model, *each) for each in _runs(model, ask, rate, refused, seconds)]
    simulated = _simulated_shares(model, ask, outcomes[:SEEDS])
    shares = np.where(np.isnan(simulated), shares, simulated)
    if (shares > SATURATED).any():
        refused = refusals(model, ask, rate, shares)
    return answer(model, ask, rate, shares, refused, outcomes, is_screened=False)


def screen(
    model: Model,
    load: float = 1.0,
    replicas: Mapping[str, int] | None = None,
    demand: Mapping[str, float] | None = None,
) -> WhatIf:
    """The same from a few short runs of the best model, for sliders: within 200 ms, and less sure.

    Raises:
        NotFound: a service that the traces do not know.
    """
    ask = Ask(load, dict(replicas or {}), dict(demand or {}))
    check_names(model, ask)
    rate = load * model.load.reference
    shares = busy_shares(model, ask, rate)
    refused = refusals(model, ask, rate, shares)
    if any(each.is_final for each in refused):
        return answer(model, ask, rate, shares, refused, (), is_screened=True)
    stations = asked(model, model.best, ask)
    outcomes = [run(model, stations, rate, SCREENED_REQUESTS, seed) for seed in range(SCREENED_SEEDS)]
    return answer(model, ask, rate, shares, refused, outcomes, is_screened=True)


def check_names(model: Model, ask: Ask) -> None:
    """Raises NotFound for a service that the traces do not know."""
    for name in (*ask.replicas, *ask.demand):
        if name not in model.services:
            raise NotFound(
                f"no service {name!r} in these traces", hint=f"there are: {', '.join(sorted(model.services))}"
            )


def asked(model: Model, stations: Stations, ask: Ask) -> Stations:
    """The stations with the replicas and the work that are asked for."""
    replicas, scale = stations.replicas.copy(), stations.scale.copy()
    for place, name in enumerate(model.services):
        replicas[place] = max(1, ask.replicas.get(name, int(replicas[place])))
        scale[place] = ask.demand.get(name, 1.0)
    return stations._replace(replicas=replicas, scale=scale)


def _runs(
    model: Model, ask: Ask, rate: float, refused: Sequence[Refused], seconds: float
) -> Iterator[tuple[Stations, float, int, int]]:
    """Stations, load, requests and seed of every run; the first ``SEEDS`` are of the best model."""
    requests = int(np.clip(rate * seconds, LEAST_REQUESTS, MOST_REQUESTS))
    best = asked(model, model.best, ask)
    for seed in range(SEEDS):
        yield best, rate, requests, seed
    for number in range(2 * _DEMAND_SEEDS):
        share = 1 + (DEMAND_ERROR if number % 2 else -DEMAND_ERROR)
        yield best._replace(scale=best.scale * share), rate, requests, 2 * SEEDS + number
    others = [*model.variants, *([model.pessimistic] if refused else [])]
    for number, stations in enumerate(others):
        yield asked(model, stations, ask), rate, requests, SEEDS + number


def _simulated_shares(model: Model, ask: Ask, outcomes: Sequence[Outcome]) -> Floats:
    held = np.mean([outcome.busy for outcome in outcomes], axis=0)
    slots = np.array([station.slots for station in model.stations])
    replicas = asked(model, model.best, ask).replicas
    known = np.array([not np.isnan(station.busy_share) for station in model.stations])
    shares: Floats = np.where(known, held / (slots * replicas), np.nan)
    return shares


def answer(  # noqa: PLR0913 - all that an answer tells
    model: Model,
    ask: Ask,
    rate: float,
    shares: Floats,
    refused: tuple[Refused, ...],
    outcomes: Sequence[Outcome],
    *,
    is_screened: bool,
) -> WhatIf:
    """The outcomes of all runs as one answer; without latencies where it was refused."""
    spoken = bool(outcomes) and not any(each.is_final for each in refused)
    endpoints = tuple(
        EndpointOutlook(
            *names,
            calls_per_second=float(rate * model.traces_of_endpoint[place] / max(model.traces_of_endpoint.sum(), 1)),
            now=model.now[place],
            latency=latency(model, [each.of_endpoint[place] for each in outcomes]) if spoken else None,
        )
        for place, names in enumerate(model.endpoints)
    )
    services = []
    for place, station in enumerate(model.stations):
        replicas = ask.replicas.get(station.service_name, station.replicas)
        services.append(
            ServiceOutlook(
                station.service_name,
                replicas,
                rate * float(model.calls_per_trace[place]),
                latency(model, [each.of_service[place] for each in outcomes]) if spoken else None,
                float(shares[place]),
                station.saturation_calls_per_second
                * replicas
                / max(station.replicas, 1)
                / ask.demand.get(station.service_name, 1.0),
            )
        )
    overall = latency(model, [np.concatenate(each.of_endpoint) for each in outcomes]) if spoken else None
    found = WhatIf(ask, rate, is_screened, endpoints, tuple(services), refused, "", overall)
    return replace(found, sentence=_sentence(found))


def _sentence(found: WhatIf) -> str:
    ask = found.ask
    changes = [f"{ask.load:g} times the load ({words.rate(found.calls_per_second)})"]
    changes += [f"{words.number_of(count, 'replica')} of {name}" for name, count in sorted(ask.replicas.items())]
    changes += [f"{share:g} times the work of {name}" for name, share in sorted(ask.demand.items())]
    with_ = f"At {changes[0]}" + (f" with {' and '.join(changes[1:])}" if changes[1:] else "")
    final = [refused for refused in found.refusals if refused.is_final]
    if final:
        return f"{with_}: cannot say, because {final[0].said}; {final[0].unlock} would tell."
    worst = max(found.endpoints, key=lambda each: each.latency.p99.value if each.latency else 0.0)
    if worst.latency is None:
        return f"{with_}: nothing to say."
    p99 = worst.latency.p99
    said = (
        f"p99 of {worst.span_name} {words.duration(p99.value)} "
        f"({words.duration(p99.lower)} to {words.duration(p99.upper)}), now {words.duration(worst.now.p99.value)}"
    )
    used = [each for each in found.services if not np.isnan(each.busy_share)]
    if used:
        busiest = max(used, key=lambda each: each.busy_share)
        said += f"; busiest is {busiest.service_name} at {100 * busiest.busy_share:.0f} % of its slots"
    return f"{with_}: {said}."
