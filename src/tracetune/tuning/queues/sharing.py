"""Where a load effect lives: in the instance itself, or in something that instances or services share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracetune.tuning.queues.inversion import in_flight
from tracetune.tuning.queues.jobs import Jobs
from tracetune.tuning.queues.observed import Floats, Ints

SHARED_RATIO = 0.5
SHARED_T = 5.0

BLOCK_SECONDS = 10.0
"""Loads and own times are compared within blocks of so long: what is slow for minutes, whatever the reason, also raises
the requests in flight of every instance, and would look like something shared."""


@dataclass(frozen=True, slots=True)
class Siblings:
    """The effect of the siblings' load on own time, over that of an instance's own load, and its t value."""

    ratio: float
    t: float

    @property
    def is_shared(self) -> bool:
        """Whether own time follows the siblings' load about as much as its own: more replicas will not help."""
        return self.t > SHARED_T and not 0 <= self.ratio <= SHARED_RATIO


NONE = Siblings(0.0, 0.0)


def siblings(jobs: Sequence[Jobs], operation: Ints) -> Siblings:
    """Regress log own time on the own instance's and on the other instances' requests in flight, both standardised.

    An honest queue per instance is not moved by its siblings' load. A database behind all of them is moved by the sum.
    All are taken less their means in blocks of ten seconds. ``operation`` is (call,) in the order of the jobs. With one
    instance there is nothing to compare.
    """
    if len(jobs) < 2:
        return NONE
    block = (np.concatenate([each.arrived for each in jobs]) / BLOCK_SECONDS).astype(np.int64)
    own = _less_means(np.concatenate([each.flying for each in jobs]).astype(np.float64), block)
    others = _less_means(np.concatenate([_others(each, jobs) for each in jobs]).astype(np.float64), block)
    seen = _centred(np.concatenate([each.own + each.glue for each in jobs]), operation)
    coefficients, t = _regress(_less_means(seen, block), [own, others])
    ratio = coefficients[1] / coefficients[0] if coefficients[0] else np.inf
    return Siblings(float(ratio), float(t[1]))


def covarying(
    jobs: Sequence[Jobs], operation: Ints, loads: Sequence[tuple[str, Floats, Floats]]
) -> list[tuple[str, float]]:
    """Other services whose requests in flight go along with this one's own time, the strongest first, with t values.

    ``loads`` names each other service with when its calls arrived and ended, both sorted by themselves.
    """
    arrived = np.concatenate([each.arrived for each in jobs])
    own = np.concatenate([each.flying for each in jobs])
    response = _centred(np.concatenate([each.own + each.glue for each in jobs]), operation)
    found = []
    for name, come, gone in loads:
        _, t = _regress(response, [own, in_flight(come, gone, arrived)])
        if t[1] > SHARED_T:
            found.append((name, float(t[1])))
    return sorted(found, key=lambda pair: -pair[1])


def _others(jobs: Jobs, all_jobs: Sequence[Jobs]) -> Ints:
    total = np.zeros(len(jobs.arrived), np.int64)
    for other in all_jobs:
        if other is not jobs:
            total += in_flight(other.arrived, other.ended_sorted, jobs.arrived)
    return total


def _centred(own: Floats, operation: Ints) -> Floats:
    """Log own time less the mean of its operation."""
    return _less_means(np.log(own + 1e-6), operation)


def _less_means(value: Floats, by: Ints) -> Floats:
    """Values less the mean of their group."""
    _, group = np.unique(by, return_inverse=True)
    means = np.bincount(group, value) / np.bincount(group)
    left: NDArray[np.float64] = value - means[group]
    return left


def _regress(response: Floats, loads: Sequence[Floats] | Sequence[Ints]) -> tuple[Floats, Floats]:
    """Coefficients of standardised loads by least squares, and their t values; 0 where a load does not vary."""
    matrix = np.stack([(load - load.mean()) / (load.std() or 1.0) for load in loads], axis=1)
    gram = matrix.T @ matrix + 1e-9 * np.eye(len(loads))
    coefficients = np.linalg.solve(gram, matrix.T @ response)
    residual = response - matrix @ coefficients
    errors = np.sqrt(residual.var() * np.diag(np.linalg.inv(gram)))
    return coefficients, coefficients / np.maximum(errors, 1e-12)
