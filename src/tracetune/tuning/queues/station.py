"""One service as its spans tell it: how it queues, how much of it is busy, when it is full, and how that is known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tracetune.domain import words
from tracetune.domain.whatif import Discipline, Station, Status
from tracetune.tuning.queues.balancing import balancing
from tracetune.tuning.queues.candidates import Candidate, Service
from tracetune.tuning.queues.fit import LEAST_CALLS, Fit
from tracetune.tuning.queues.inversion import fcfs_begins, sharing_work
from tracetune.tuning.queues.jobs import Jobs, per_call
from tracetune.tuning.queues.observed import Floats, Ints, Names, Observed
from tracetune.tuning.queues.sharing import Siblings

PEAK_SECONDS = 10.0
"""The highest load of an instance is that of so many seconds."""


def external(name: str, calls: Ints, took: Floats, seconds: float) -> Station:
    """A service that sends no spans: a delay, as its callers saw it."""
    return Station(
        service_name=name,
        status=Status.EXTERNAL,
        discipline=Discipline.DELAY,
        replicas=0,
        slots=math.inf,
        least_slots=0,
        peak_in_flight=0,
        calls_per_second=len(calls) / seconds,
        peak_calls_per_second=math.inf,
        work_seconds=float(took.mean()) if len(took) else 0.0,
        busy_share=math.nan,
        saturation_calls_per_second=math.nan,
        waits_share=0.0,
        balancing="",
        reason=f"{name} sends no spans; what its callers saw of it is kept as it was",
        unlock=f"spans of {name} itself, or its own metrics",
    )


def station_of(  # noqa: PLR0913, PLR0917 - everything that a station tells
    names: Names,
    service: int,
    calls: Ints,
    observed: Observed,
    jobs: Sequence[Jobs],
    view: Service,
    found: Fit,
    shared: Siblings,
    seconds: float,
    work: float,
) -> Station:
    """Everything that was found about one service. ``seconds`` is how long the sample lasts, ``work`` its total own work."""
    name = names.services[service]
    status = Status.SHARED if shared.is_shared else found.status
    best = None if shared.is_shared else found.best
    counted = not any(names.instances[number][1] == "" for number in np.unique(observed.instance[calls]))
    replicas = len(jobs) if counted else 0
    rate = len(calls) / seconds
    held = _held(best, jobs) / max(len(view.own), 1)  # slot-seconds a call
    slots = best.slots if best and best.discipline is not Discipline.CONTENTION else math.nan
    reason, unlock = _words(name, status, best, found, shared, replicas, view)
    return Station(
        service_name=name,
        status=status,
        discipline=best.discipline if best else Discipline.DELAY,
        replicas=replicas,
        slots=best.slots if best else math.inf,
        least_slots=found.least_slots,
        peak_in_flight=view.most_flying,
        calls_per_second=rate,
        peak_calls_per_second=_peak(jobs),
        work_seconds=float(work) / max(len(calls), 1),
        busy_share=rate * held / (max(replicas, 1) * slots),
        saturation_calls_per_second=max(replicas, 1) * slots / held if held > 0 else math.nan,
        waits_share=best.waits_share if best else 0.0,
        balancing=balancing(jobs),
        reason=reason,
        unlock=unlock,
    )


def _held(best: Candidate | None, jobs: Sequence[Jobs]) -> float:
    """Slot-seconds over all calls that were looked at, without waiting."""
    if best is None:
        return 0.0
    total = 0.0
    for each in jobs:
        own = float(each.own.sum())
        if best.discipline is Discipline.HOLD:
            from_begin = _held_whole(each, int(best.slots))
            total += from_begin
        elif best.discipline in {Discipline.SELF, Discipline.SHARING}:
            total += _worked(each, best)
        else:
            total += own
    return total


def _held_whole(jobs: Jobs, slots: int) -> float:
    return float((jobs.ended - fcfs_begins(jobs.arrived, jobs.ended, slots)).sum())


def _worked(jobs: Jobs, best: Candidate) -> float:
    if best.discipline is Discipline.SELF:
        return float(np.maximum(jobs.ends - fcfs_begins(jobs.begins, jobs.ends, int(best.slots)), 0).sum())
    return float(per_call(jobs, sharing_work(jobs.begins, jobs.ends, jobs.leaving, best.slots)).sum())


def _peak(jobs: Sequence[Jobs]) -> float:
    """Calls a second in the busiest ten seconds of the busiest instance."""
    most = 0.0
    for each in jobs:
        _, counts = np.unique((each.arrived / PEAK_SECONDS).astype(np.int64), return_counts=True)
        most = max(most, float(counts.max()) / PEAK_SECONDS)
    return most


def _words(  # noqa: PLR0913, PLR0917
    name: str, status: Status, best: Candidate | None, found: Fit, shared: Siblings, replicas: int, view: Service
) -> tuple[str, str]:
    """A sentence that says how the status was found, and what would allow a better answer."""
    unlock = "" if replicas else "set the resource attribute k8s.pod.name (or service.instance.id) on its spans"
    if status is Status.IDENTIFIED and best:
        what = {
            Discipline.HOLD: f"{words.number_of(round(best.slots), 'slot')} an instance, each held for the whole request",
            Discipline.SELF: f"{words.number_of(round(best.slots), 'slot')} an instance, held in own work",
            Discipline.SHARING: f"{best.slots:.2g} cores an instance, shared by all requests",
            Discipline.CONTENTION: f"own time grows by {100 * best.slots:.0f} % with every other request in flight",
        }[best.discipline]
        return (
            f"{what}: with that, own time no longer depends on load ({found.raw:.2f} before, {best.distance:.2f} after)",
            unlock,
        )
    if status is Status.SHARED:
        said = f"own time of {name} follows the load of its other instances {shared.ratio:.1f} times as much as its own"
        return (
            f"{said} (t = {shared.t:.0f}): they wait for something that they share",
            unlock or "spans of what it shares",
        )
    if status is Status.UNEXPLAINED:
        said = (
            f"own time of {name} depends on load (distance {found.raw:.2f}), but no queue of one instance explains how"
        )
        return said, unlock or "spans of what it calls without spans, or its CPU throttling"
    if status is Status.NOT_ENOUGH_DATA:
        return (
            f"{words.count(len(view.own))} calls of {name} are too few to see a queue",
            unlock or f"{LEAST_CALLS} calls of it",
        )
    said = f"no queueing seen in {name}: {found.least_slots} at work at once in one instance, and own time did not rise"
    return said, unlock or "minutes of higher load"
