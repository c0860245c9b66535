"""From a sample of calls to the model of the system: structure, queues, work without waiting, balancing and load."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.calls import CallSample
from tracetune.domain.whatif import Bounded, Discipline, Latency, Station, Status
from tracetune.tuning.queues.arrivals import load_of
from tracetune.tuning.queues.backtest import back_test
from tracetune.tuning.queues.candidates import Service
from tracetune.tuning.queues.elsewhere import elsewhere
from tracetune.tuning.queues.fit import Fit, fit
from tracetune.tuning.queues.jobs import find_glue, jobs_of
from tracetune.tuning.queues.model import Model, as_numbers, with_slots
from tracetune.tuning.queues.neighbours import noisy_nodes
from tracetune.tuning.queues.observed import Bools, Floats, Ints, Names, Observed, observe
from tracetune.tuning.queues.predict import EVALUATED_SECONDS, LEAST_REQUESTS, MOST_REQUESTS, latency, run
from tracetune.tuning.queues.sharing import NONE, siblings
from tracetune.tuning.queues.slow_calls import excesses
from tracetune.tuning.queues.station import external, station_of
from tracetune.tuning.queues.structure import Structure, find_structure
from tracetune.tuning.queues.templates import Stations, Templates
from tracetune.tuning.queues.work import take_out_waits

_MOST_VARIANTS = 4
_NOW_SEEDS = 4
_UNKNOWN = Latency(*[Bounded(math.nan, math.nan, math.nan)] * 3)


@dataclass(frozen=True, slots=True)
class _Found:
    """One service as it was found."""

    station: Station
    fit: Fit
    is_job: Bools | None  # (segment,), of the service's own; None where nothing may queue


def estimate(sample: CallSample) -> Model:
    """The model of the system whose calls these are; a pure function of the sample.

    The calls of the sample should be those of healthy minutes: a fault would be taken for a queue.
    """
    observed, names = observe(sample)
    structure, observed = find_structure(observed)
    work = structure.end - structure.start
    is_job = np.ones(len(work), np.bool_)
    seconds = _seconds(observed, names)
    found = []
    for service in range(len(names.services)):
        one = _service(service, observed, names, structure, work, is_job, seconds)
        found.append(one)
    stations = tuple(each.station for each in found)
    best = as_numbers(stations)
    templates = _templates(observed, structure, work, is_job)
    traces = _whole(observed)
    roots = observed.trace_offset[:-1][traces]
    endpoint, endpoints = _endpoints(observed.operation[roots], names)
    minute = ((observed.arrived[roots] * 1e9).astype(np.int64) + names.start_unix_nano) // NANOS_PER_MINUTE
    load = load_of(observed.arrived[roots], minute)
    owner = np.repeat(np.arange(len(observed.trace_offset) - 1), np.diff(observed.trace_offset))
    touches, calls_per_trace = _touches(observed, owner, traces, endpoint, len(endpoints), len(stations))
    model = Model(
        templates=templates,
        traces=traces,
        endpoint=endpoint,
        endpoints=endpoints,
        stations=stations,
        best=best,
        variants=_variants(best, found),
        pessimistic=_pessimistic(best, stations),
        touches=touches,
        load=load,
        calls_per_trace=calls_per_trace,
        lost_share=names.lost_parents / max(len(observed.parent), 1),
        widening=np.ones(3),
        drift=(0.0, 0.0),
        traces_of_endpoint=np.bincount(endpoint, minlength=len(endpoints)),
        now=(),
        elsewhere=elsewhere(stations, excesses(observed, structure, names)),
        noisy=noisy_nodes(observed, names, structure),
    )
    widening, drift = back_test(model, observed.arrived[roots], observed.ended[roots] - observed.arrived[roots], minute)
    model = replace(model, widening=widening, drift=drift)
    return replace(model, now=_now(model))


def _now(model: Model) -> tuple[Latency, ...]:
    if not model.load.reference:  # a handful of traces that began at once: there is no rate to run them at
        return tuple(_UNKNOWN for _ in model.endpoints)
    requests = int(np.clip(model.load.reference * EVALUATED_SECONDS, LEAST_REQUESTS, MOST_REQUESTS))
    runs = [run(model, model.best, model.load.reference, requests, seed) for seed in range(_NOW_SEEDS)]
    places = range(len(model.endpoints))
    found = [latency(model, [each.of_endpoint[place] for each in runs]) for place in places]
    return tuple(each or _UNKNOWN for each in found)


def _seconds(observed: Observed, names: Names) -> float:
    """For how long the sample lasts: its runs of successive minutes, from the first begin of a trace to the last."""
    begun = np.sort(observed.arrived[observed.parent < 0])
    minute = ((begun * 1e9).astype(np.int64) + names.start_unix_nano) // NANOS_PER_MINUTE
    total = 0.0
    for part in np.split(begun, np.flatnonzero(np.diff(minute) > 1) + 1):
        total += float(part[-1] - part[0]) * len(part) / max(len(part) - 1, 1) if len(part) else 0.0
    return max(total, 1.0)


def _service(  # noqa: PLR0913, PLR0917 - work and is_job are filled for the service's segments
    service: int,
    observed: Observed,
    names: Names,
    structure: Structure,
    work: Floats,
    is_job: Bools,
    seconds: float,
) -> _Found:
    calls = np.flatnonzero(observed.service == service)
    served = calls[observed.is_served[calls]]
    if not len(served):
        took = observed.ended[calls] - observed.arrived[calls]
        return _Found(external(names.services[service], calls, took, seconds), _NOTHING, None)
    parts = _instances(served, observed)
    everything = np.ones(len(structure.start), np.bool_)
    glue = find_glue([jobs_of(part, observed, structure, everything) for part in parts], observed, structure)
    jobs = [jobs_of(part, observed, structure, ~glue) for part in parts]
    operation = np.concatenate([observed.operation[each.calls] for each in jobs])
    view = Service.of(jobs, operation)
    found = fit(view)
    shared = siblings(jobs, operation) if found.raw > 0 else NONE
    own_pieces = _segments(served, structure)
    is_job[own_pieces] = ~glue[own_pieces]
    if found.best is not None and not shared.is_shared:
        whole = (
            jobs
            if len(view.own) == len(served)
            else [jobs_of(part, observed, structure, ~glue, len(part)) for part in parts]
        )
        take_out_waits(work, whole, structure, found.best.discipline, found.best.slots)
    station = station_of(names, service, served, observed, jobs, view, found, shared, seconds, work[own_pieces].sum())
    return _Found(station, found, is_job)


_NOTHING = Fit(Status.EXTERNAL, None, (), 1, 0.0)


def _instances(calls: Ints, observed: Observed) -> list[Ints]:
    order = calls[np.argsort(observed.instance[calls], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(observed.instance[order])) + 1)


def _segments(calls: Ints, structure: Structure) -> Ints:
    first, last = structure.segment_offset[calls], structure.segment_offset[calls + 1]
    count = last - first
    result: Ints = np.repeat(first, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return result


def _variants(best: Stations, found: Sequence[_Found]) -> tuple[Stations, ...]:
    """The other models that fit about as well, one service at a time, and other balancing of all of them."""
    variants = [
        with_slots(best, service, other.discipline, other.slots)
        for service, each in enumerate(found)
        for other in each.fit.alternatives[:1]
        if each.station.status is Status.IDENTIFIED
    ]
    return (*variants[:_MOST_VARIANTS], best._replace(balancing=np.zeros_like(best.balancing)))


def _pessimistic(best: Stations, stations: Sequence[Station]) -> Stations:
    """With as few slots as were proven, where none were identified."""
    result = best
    for service, station in enumerate(stations):
        if station.discipline is Discipline.DELAY and station.status is not Status.EXTERNAL:
            result = with_slots(result, service, Discipline.SELF, float(max(station.least_slots, 1)))
    return result


def _templates(observed: Observed, structure: Structure, work: Floats, is_job: Bools) -> Templates:
    there = (observed.returned - observed.sent) - (observed.ended - observed.arrived)
    sent_on = 2 * np.maximum(observed.arrived - observed.sent, 0.0)  # of messages only the way there is waited for
    return Templates(
        trace_offset=observed.trace_offset,
        parent=observed.parent,
        service=observed.service,
        transit=np.where(structure.bit >= 0, np.maximum(there, 0.0), sent_on),
        lag=structure.lag,
        bit=structure.bit,
        segment_offset=structure.segment_offset,
        needs=structure.needs,
        work=work,
        is_job=is_job,
        launch_offset=structure.launch_offset,
        launched=structure.launched,
    )


def _whole(observed: Observed) -> Ints:
    """Traces that have one root, and in which no caller is missing."""
    begins = np.add.reduceat((observed.parent < 0).astype(np.int64), observed.trace_offset[:-1])
    roots = observed.is_root[observed.trace_offset[:-1]]
    result: NDArray[np.int64] = np.flatnonzero((begins == 1) & roots)
    return result


def _endpoints(operation: Ints, names: Names) -> tuple[Ints, tuple[tuple[str, str], ...]]:
    used, code, counts = np.unique(operation, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(used), np.int64)
    rank[order] = np.arange(len(used))
    return rank[code], tuple(names.operations[used[place]] for place in order)


def _touches(
    observed: Observed, owner: Ints, traces: Ints, endpoint: Ints, endpoints: int, services: int
) -> tuple[NDArray[np.bool_], Floats]:
    place = np.full(len(observed.trace_offset) - 1, -1, np.int64)
    place[traces] = endpoint
    of_call = place[owner]
    known = of_call >= 0
    touches = np.zeros((endpoints, services), np.bool_)
    touches[of_call[known], observed.service[known]] = True
    calls = np.bincount(observed.service[known], minlength=services) / max(len(traces), 1)
    return touches, calls.astype(np.float64)
