"""The fewest replicas that keep the objectives."""

from __future__ import annotations

import numpy as np
import pytest
from tests.tuning.queue_data import app, model

from tracetune.tuning.whatifs.allocate import allocate, can_plan, floor_seconds


def _truth_p99(rate: float, replicas: dict[int, int]) -> float:
    run = app().run(np.full(80, rate), 33, replicas)
    root = run.parent < 0
    return float(np.quantile((run.ended - run.arrived)[root], 0.99)) / 1e9


def test_the_plan_meets_the_objective_in_truth_and_one_replica_less_does_not() -> None:
    objective = 1.5 * float(floor_seconds(model(), 160.0)[0])

    plan = allocate(model(), 160.0, {0: objective})

    replicas = {int(name[1:]): count for name, count in plan.replicas.items()}
    assert plan.meets
    assert _truth_p99(160.0, replicas) < 1.08 * objective
    total = sum(plan.replicas.values())
    assert total <= 10
    assert all(0 < use <= 0.85 for use in plan.use.values())
    assert all(worst > 1 for _, worst in plan.runners_up)


def test_what_no_number_of_replicas_reaches_is_said() -> None:
    plan = allocate(model(), 80.0, {0: 0.5 * float(floor_seconds(model(), 80.0)[0])})

    assert not plan.meets
    assert plan.worst > 1


def test_a_wider_margin_never_needs_fewer_replicas() -> None:
    objective = 2.0 * float(floor_seconds(model(), 120.0)[0])

    tight, wide = (allocate(model(), 120.0, {0: objective}, margin) for margin in (1.0, 1.2))

    assert sum(wide.replicas.values()) >= sum(tight.replicas.values())


def test_only_identified_queues_are_planned_by_their_slots() -> None:
    assert [can_plan(station) for station in model().stations] == [False, True, True, True]
    assert allocate(model(), 80.0, {0: 10.0}).replicas["s0"] == 1


def test_the_floor_is_the_tail_without_any_waiting() -> None:
    alone = app().run(np.full(2000, 1.0), 3)
    root = alone.parent < 0

    assert floor_seconds(model(), 80.0)[0] == pytest.approx(
        float(np.quantile((alone.ended - alone.arrived)[root], 0.99)) / 1e9, rel=0.08
    )
