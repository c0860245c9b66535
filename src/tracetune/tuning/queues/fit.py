"""Which queue a service is: the model under which its work no longer depends on the load that it met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tracetune.domain.whatif import Discipline, Status
from tracetune.tuning.queues.candidates import Candidate, Service, candidates

LEAST_CALLS = 500
"""Fewer calls of a service do not show a queue; half as many calls at much and at little load are compared."""

RISES = 0.02
"""Own time whose dependence on load is not above this, beyond chance, did not rise."""

UNEXPLAINED = 0.10
"""A dependence above this with no model that removes half of it is something else than a queue of one instance."""

LEFT = 0.06
"""A model that leaves more of a dependence than this is not the right one, however much it takes away."""

NEAR = 0.012
"""Models whose distances differ by less are equally good."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The answer for one service.

    Attributes:
        alternatives: other models that fit about as well; predictions must hold for them too.
        least_slots: at work at once in one instance, proven.
        raw: how far own time depends on load.
    """

    status: Status
    best: Candidate | None
    alternatives: tuple[Candidate, ...]
    least_slots: int
    raw: float


def fit(service: Service) -> Fit:
    """The queue of a service.

    *Identified* if some model takes away more than half of the dependence of own time on load. Among models that do so
    equally well the one that also has the clearest dependence to explain is taken; contention of unknown kind only where
    nothing else fits. *No queueing seen* if own time hardly depends on load; else *unexplained*.

    Hold and self cannot be told apart, and need not be, where a service calls nobody.
    """
    if len(service.own) < LEAST_CALLS:
        return Fit(Status.NOT_ENOUGH_DATA, None, (), service.most_flying, 0.0)
    tried, least = candidates(service)
    raw = max((each.raw for each in tried), default=0.0)
    explaining = [each for each in tried if each.raw > RISES and each.distance < min(each.raw / 2 + 0.01, LEFT)]
    if not explaining:
        status = Status.UNEXPLAINED if raw > UNEXPLAINED else Status.NO_QUEUEING_SEEN
        return Fit(status, None, (), least, raw)
    near = _known_first(_near(explaining))
    best = max(near, key=_merit)
    others = tuple(each for each in near if each != best and each.waits_share > 0)
    return Fit(Status.IDENTIFIED, best, others, least, raw)


def _near(tried: list[Candidate]) -> list[Candidate]:
    smallest = min(each.distance for each in tried)
    return [each for each in tried if each.distance <= smallest + NEAR]


def _known_first(tried: list[Candidate]) -> list[Candidate]:
    known = [each for each in tried if each.discipline is not Discipline.CONTENTION]
    return known or tried


def _merit(tried: Candidate) -> tuple[float, bool, float]:
    gain = float(np.round(tried.raw - tried.distance, 2))
    return gain, tried.discipline is not Discipline.SHARING, -tried.slots
