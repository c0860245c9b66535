"""A small application whose queues are known, run once: a gateway, a bounded loop, threads that wait, and shared cores."""

from __future__ import annotations

from functools import cache

import numpy as np

from tracetune.domain.calls import CallSample
from tracetune.testing.networks import RandomApp, calls_of
from tracetune.testing.queues import IN_TURN, LESS_BUSY_OF_TWO, OWN_WORK, SHARED, WHOLE_REQUEST, Network, Requests
from tracetune.tuning.queues.estimate import estimate
from tracetune.tuning.queues.model import Model

GATEWAY, LOOP, THREADS, CORES = range(4)


def network() -> Network:
    """s0 calls s1 and s2 side by side, then s3; s2 calls s3 while it holds its thread."""
    return Network(
        service=np.array([GATEWAY, LOOP, THREADS, CORES]),
        work_nano=np.array([1e6, 20e6, 10e6, 12e6]),
        work_sigma=np.array([0.3, 0.5, 0.5, 0.6]),
        group_of_operation=np.array([0, 2, 2, 3, 3]),
        call_of_group=np.array([0, 2, 3, 4]),
        callee=np.array([LOOP, THREADS, CORES, CORES]),
        probability=np.array([1.0, 1.0, 0.7, 0.5]),
        detached=np.zeros(4, np.bool_),
        travel_nano=np.full(4, 0.3e6),
        instance_of_service=np.array([0, 1, 3, 4, 5]),
        slots=np.array([64, 2, 2, 4, 2]),
        slow_from_nano=np.zeros(4, np.int64),
        slow_until_nano=np.zeros(4, np.int64),
        slow_factor=np.ones(4),
        discipline=np.array([OWN_WORK, OWN_WORK, WHOLE_REQUEST, SHARED]),
        balancing=np.array([IN_TURN, LESS_BUSY_OF_TWO, IN_TURN, IN_TURN]),
    )


def app() -> RandomApp:
    """The application at 100 traces a second: s1 uses 57 % of its slots, s2 about 75 %, s3 about 84 %."""
    return RandomApp(network(), np.ones(1), 100.0, np.zeros(4))


@cache
def requests(rate: float = 80.0, seconds: int = 60, seed: int = 5) -> Requests:
    """What happened at a constant load."""
    return app().run(np.full(seconds, rate), seed)


@cache
def sample(rate: float = 80.0) -> CallSample:
    """Its calls."""
    return calls_of(requests(rate), network())


@cache
def model() -> Model:
    """The model that its calls give."""
    return estimate(sample())
