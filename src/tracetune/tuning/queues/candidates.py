"""The models of a queue that are tried on a service, and how well the work that each leaves agrees with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tracetune.domain.whatif import Discipline
from tracetune.tuning.queues.invariance import CHANCE, SIGNIFICANT, Split, by_quantiles, by_threshold, distances
from tracetune.tuning.queues.inversion import fcfs_begins, sharing_work
from tracetune.tuning.queues.jobs import Jobs, per_call
from tracetune.tuning.queues.observed import Floats, Ints

IMPOSSIBLE_SHARE = 0.004
"""A model is impossible if more jobs than this would have begun after they had acted; some always do, by rounding."""

_SHARING_FINE = 8
_CONTENTION = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.18, 0.25, 0.35, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model, tried.

    Attributes:
        distance: how far work depends on the load it met under this model, less what chance gives; 0 is perfect.
        raw: the same of own time as it was seen, less what chance gives once in a thousand, on the same splits.
        waits_share: of the calls that had to wait.
    """

    discipline: Discipline
    slots: float
    distance: float
    raw: float
    waits_share: float


@dataclass(frozen=True, slots=True)
class Service:
    """All jobs of one service, instance by instance, with what of them does not depend on the model.

    ``own`` (call,) is the own time in pieces that may queue, ``whole`` all of it.
    """

    jobs: tuple[Jobs, ...]
    operation: Ints
    own: Floats
    whole: Floats
    flying: Ints
    working: Ints
    splits: tuple[Split, Split]
    tolerance_seconds: float

    @classmethod
    def of(cls, jobs: Sequence[Jobs], operation: Ints) -> Service:
        """From the jobs of each instance; ``operation`` (call,) in the same order."""
        own = np.concatenate([each.own for each in jobs])
        whole = own + np.concatenate([each.glue for each in jobs])
        flying = np.concatenate([each.flying for each in jobs])
        working = np.concatenate([each.working for each in jobs])
        splits = (by_quantiles(flying, operation), by_quantiles(working, operation))
        tolerance = max(3e-4, 0.02 * float(np.median(own)))
        return cls(tuple(jobs), operation, own, whole, flying, working, splits, tolerance)

    @property
    def most_flying(self) -> int:
        """The most calls in flight in one instance, the arriving one included."""
        return int(self.flying.max(initial=0)) + 1


def candidates(service: Service) -> tuple[list[Candidate], int]:
    """Every model that is possible, and the least slots that are (the proven concurrency)."""
    found: list[Candidate] = []
    least = []
    for discipline, attempt in ((Discipline.HOLD, _hold), (Discipline.SELF, _self)):
        smallest = _least_slots(service, attempt)
        least.append(smallest)
        for slots in range(smallest, min(smallest + 3, service.most_flying + 2)):
            work, _, waits = attempt(service, slots)
            found.append(_judged(service, discipline, slots, work, waits))
    for cores in _sharing_cores(service.most_flying):
        work = _sharing(service, cores)
        waits = float(np.mean(service.own - work > service.tolerance_seconds))
        found.append(_judged(service, Discipline.SHARING, cores, work, waits))
    for growth in _CONTENTION:
        work = service.whole / (1 + growth * service.flying)
        found.append(_judged(service, Discipline.CONTENTION, growth, work, 0.0))
    return [each for each in found if not math.isnan(each.distance) and not math.isnan(each.raw)], least[1]


def _judged(service: Service, discipline: Discipline, slots: float, work: Floats, waits_share: float) -> Candidate:
    holds = discipline in {Discipline.HOLD, Discipline.CONTENTION}
    threshold = (
        max(1, int(np.quantile(service.flying, 0.9)))
        if discipline is Discipline.CONTENTION
        else max(1, math.floor(slots + 1e-9))
    )
    full = by_threshold(service.flying if holds else service.working, threshold)
    splits = [*service.splits, full]
    distance = _worst(distances(work, service.operation, splits, CHANCE))
    seen = service.whole if holds else service.own
    raw = _worst(distances(seen, service.operation, splits, SIGNIFICANT))
    return Candidate(discipline, float(slots), distance, raw, waits_share)


def _worst(values: list[float]) -> float:
    return max((value for value in values if not math.isnan(value)), default=math.nan)


def _hold(service: Service, slots: int) -> tuple[Floats, float, float]:
    """Own work of each call, the share of calls for which this is impossible, and the share that waited."""
    works, impossible, waited = [], 0, 0
    for jobs in service.jobs:
        begins = fcfs_begins(jobs.arrived, jobs.ended, slots)
        impossible += int(np.count_nonzero(begins > jobs.acted + service.tolerance_seconds))
        waited += int(np.count_nonzero(begins > jobs.arrived + service.tolerance_seconds))
        works.append(jobs.own + jobs.glue - (begins - jobs.arrived))
    return np.concatenate(works), impossible / len(service.own), waited / len(service.own)


def _self(service: Service, slots: int) -> tuple[Floats, float, float]:
    works, impossible, waited, pieces = [], 0, 0, 0
    for jobs in service.jobs:
        begins = fcfs_begins(jobs.begins, jobs.ends, slots)
        impossible += int(np.count_nonzero(begins > jobs.ends + service.tolerance_seconds))
        waited += int(np.count_nonzero(begins > jobs.begins + service.tolerance_seconds))
        pieces += len(begins)
        works.append(per_call(jobs, jobs.ends - begins))
    return np.concatenate(works), impossible / max(pieces, 1), waited / max(pieces, 1)


def _sharing(service: Service, cores: float) -> Floats:
    return np.concatenate(
        [per_call(jobs, sharing_work(jobs.begins, jobs.ends, jobs.leaving, cores)) for jobs in service.jobs]
    )


def _least_slots(service: Service, attempt: Callable[[Service, int], tuple[Floats, float, float]]) -> int:
    """The fewest slots that are possible, by bisection: more slots are never less possible."""

    def impossible(slots: int) -> float:
        return attempt(service, slots)[1]

    most = service.most_flying
    low, high = 0, 1
    while high < most and impossible(high) > IMPOSSIBLE_SHARE:
        low, high = high, 2 * high
    high = min(high, most)
    while high - low > 1:
        middle = (low + high) // 2
        if impossible(middle) > IMPOSSIBLE_SHARE:
            low = middle
        else:
            high = middle
    return max(high, 1)


def _sharing_cores(most: int) -> list[float]:
    fine = np.arange(1, min(most, _SHARING_FINE) + 0.01, 0.5)
    coarse = np.geomspace(1, max(2, most), 10)
    return sorted({round(float(cores), 2) for cores in (*fine, *coarse)})
