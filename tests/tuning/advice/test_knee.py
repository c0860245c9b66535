"""How much one replica has carried, and whether its own time rose."""

from __future__ import annotations

import numpy as np
import pytest
from tests.causes.minutes_data import START

from tracetune.tuning.advice.demand import Demand
from tracetune.tuning.advice.knee import TOLERATED, knee


def demand(slots_capacity: float, *, top: float, replicas: float = 2.0, count: int = 240, seed: int = 3) -> Demand:
    """A service whose load goes up and down; own time 30 ms / (1 - load / capacity), both in calls/s a replica."""
    rng = np.random.default_rng(seed)
    load = top * (0.55 + 0.45 * np.sin(np.arange(count) / 20))
    calls = rng.poisson(60 * load * replicas).astype(np.float64)
    busy = np.minimum(calls / 60 / replicas / slots_capacity, 0.95)
    own_seconds = 0.030 / (1 - busy) * rng.normal(1.0, 0.02, count)
    own = calls * own_seconds / 60
    observed = np.arange(START, START + count)
    return Demand("payments", observed, calls, 1.5 * own, own, np.full(count, replicas), 4, names_versions=True)


def test_own_time_that_rises_with_load_has_its_knee_where_half_is_added() -> None:
    found = knee(demand(33.0, top=28.0))

    assert found is not None
    assert found.rises
    base_load = 33.0 * (1 - 0.030 / found.base_own_seconds)
    assert found.flat_calls_per_second == pytest.approx(33.0 - (33.0 - base_load) / TOLERATED, rel=0.1)
    assert found.top_own_seconds > TOLERATED * found.base_own_seconds


def test_work_in_flight_at_the_knee_is_load_times_own_time() -> None:
    found = knee(demand(33.0, top=28.0))

    assert found is not None
    assert found.flat_in_flight == pytest.approx(found.flat_calls_per_second * TOLERATED * found.base_own_seconds)


def test_own_time_that_stays_flat_shows_the_most_that_was_carried() -> None:
    found = knee(demand(10_000.0, top=20.0))

    assert found is not None
    assert not found.rises
    assert found.flat_calls_per_second == found.top_calls_per_second == pytest.approx(20.0, rel=0.05)
    assert found.load_range > 3


def test_few_minutes_or_unknown_replicas_show_nothing() -> None:
    few = demand(33.0, top=28.0, count=29)
    unknown = demand(33.0, top=28.0, replicas=2.0)
    unknown.replicas[:] = np.nan

    assert knee(few) is None
    assert knee(unknown) is None


def test_noise_alone_is_no_rise() -> None:
    rises = []
    for seed in range(10):
        found = knee(demand(1e6, top=2.0, seed=seed))
        rises.append(found is not None and found.rises)

    assert not any(rises)
