"""How callers choose among the instances of a service: in turn, at random, or the one with fewer requests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracetune.tuning.queues.inversion import in_flight
from tracetune.tuning.queues.jobs import Jobs

LEAST_CHOICES = 200
_REPEATS_IN_TURN = 0.4
"""Times 1 / instances: the same instance follows itself less often than this only if instances take turns."""

RANDOM, ROUND_ROBIN, LEAST_REQUEST = "random", "round robin", "least request"


def balancing(jobs: Sequence[Jobs]) -> str:
    """The policy, from which instance each call went to while how many were in flight in each; "" with one instance.

    In turn, if an instance hardly ever follows itself; the less busy, if the chosen ones had fewer in flight than the mean
    of all, by more than chance (5 standard errors) and by more than a fifth of a standard deviation; else at random.
    """
    if len(jobs) < 2:
        return ""
    arrived = np.concatenate([each.arrived for each in jobs])
    chosen = np.repeat(np.arange(len(jobs)), [len(each.arrived) for each in jobs])
    order = np.argsort(arrived, kind="stable")
    arrived, chosen = arrived[order], chosen[order]
    if len(chosen) < LEAST_CHOICES:
        return RANDOM
    if np.mean(chosen[1:] == chosen[:-1]) < _REPEATS_IN_TURN / len(jobs):
        return ROUND_ROBIN
    flying = np.stack([in_flight(each.arrived, each.ended_sorted, arrived) for each in jobs])  # (instance, call)
    spread = flying.std(axis=0)
    differs = spread > 0
    if differs.sum() < LEAST_CHOICES:
        return RANDOM
    less = (flying[chosen, np.arange(len(chosen))] - flying.mean(axis=0))[differs]
    z = less.sum() / np.sqrt((spread[differs] ** 2).sum())
    return LEAST_REQUEST if z < -5 and less.sum() / spread[differs].sum() < -0.2 else RANDOM
