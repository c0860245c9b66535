"""Made-up incidents with a known truth: what happens to an application, when, for how long and how strongly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class IncidentKind(StrEnum):
    """What goes wrong, or only looks as if it did."""

    STEP = "step"  # one service is slower at once
    LEAK = "leak"  # one service grows slower and slower
    DEPENDENCY = "dependency"  # a service at the bottom is slower, and those above it wait
    ERRORS = "errors"  # one service fails part of its calls
    SURGE = "surge"  # all of the application gets more calls
    DROP = "drop"  # all of the application gets fewer calls


SLOW = frozenset({IncidentKind.STEP, IncidentKind.LEAK, IncidentKind.DEPENDENCY})

_KINDS = (IncidentKind.STEP, IncidentKind.LEAK, IncidentKind.ERRORS, IncidentKind.DEPENDENCY)
_SHARES = (0.35, 0.2, 0.25, 0.2)
_LOADS = (IncidentKind.SURGE, IncidentKind.DROP)
_MINUTES = {
    IncidentKind.STEP: (5, 40),
    IncidentKind.LEAK: (60, 240),
    IncidentKind.ERRORS: (3, 20),
    IncidentKind.DEPENDENCY: (5, 40),
    IncidentKind.SURGE: (10, 60),
    IncidentKind.DROP: (5, 30),
}
_SIZES = {
    IncidentKind.STEP: (1.5, 4.0),
    IncidentKind.LEAK: (1.5, 3.5),
    IncidentKind.ERRORS: (0.05, 0.5),
    IncidentKind.DEPENDENCY: (2.0, 5.0),
    IncidentKind.SURGE: (1.7, 2.6),
    IncidentKind.DROP: (0.0, 0.3),
}
_LOADS_PER_SERVICE = 1.5
_REST_MINUTES = 60
_EDGE_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Incident:
    """One event of one application.

    Attributes:
        service: position in the application; -1 where all of it is concerned.
        start: position of the first minute.
        minutes: how long it lasts.
        size: factor on service time (reached at the end of a leak) or on calls; share of failed calls for errors.
    """

    kind: IncidentKind
    app: int
    service: int
    start: int
    minutes: int
    size: float

    @property
    def slice(self) -> slice:
        """Its minutes."""
        return slice(self.start, self.start + self.minutes)

    def shape(self) -> Array:
        """(minute,), the factor or share in each of its minutes."""
        if self.kind is IncidentKind.LEAK:
            return np.linspace(1.0, self.size, self.minutes)
        return np.full(self.minutes, self.size)


def draw_incidents(
    rng: np.random.Generator, app: int, layers: Sequence[int], period: range, per_service_day: float
) -> list[Incident]:
    """Incidents of one application at this rate, and half as many again of its load; an hour of rest follows each."""
    days = len(period) / 1440.0
    deepest = [service for service, layer in enumerate(layers) if layer == max(layers)]
    drawn = []
    for service in range(len(layers)):
        for _ in range(rng.poisson(per_service_day * days)):
            kind = _KINDS[int(rng.choice(len(_KINDS), p=_SHARES))]
            where = int(rng.choice(deepest)) if kind is IncidentKind.DEPENDENCY else service
            drawn.append(_draw(rng, kind, app, where, period))
    loads = rng.poisson(_LOADS_PER_SERVICE * per_service_day * days)
    drawn += [_draw(rng, _LOADS[int(rng.integers(2))], app, -1, period) for _ in range(loads)]
    kept: list[Incident] = []
    for each in sorted(drawn, key=lambda incident: incident.start):
        if not kept or each.start > kept[-1].start + kept[-1].minutes + _REST_MINUTES:
            kept.append(each)
    return kept


def _draw(rng: np.random.Generator, kind: IncidentKind, app: int, service: int, period: range) -> Incident:
    minutes = int(rng.integers(*_MINUTES[kind]))
    start = int(rng.integers(period.start + _EDGE_MINUTES, period.stop - minutes - _EDGE_MINUTES // 2))
    return Incident(kind, app, service, start, minutes, float(rng.uniform(*_SIZES[kind])))
