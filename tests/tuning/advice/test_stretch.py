"""How much longer tails get at the load to come."""

from __future__ import annotations

from dataclasses import replace

from tests.tuning.queue_data import model

from tracetune.tuning.advice.scaling import plan_for
from tracetune.tuning.advice.stretch import stretch


def test_a_queue_lengthens_the_tail_of_its_service_at_a_higher_load() -> None:
    target = plan_for(model(), 95.0, "forecast", 24.0, {0: 10.0})  # an objective that the present replicas keep

    found = stretch(model(), 95.0, replace(target.plan, replicas={}))

    assert found["s3"] > 1.1
    assert found["s3"] > found["s1"] >= 1.0


def test_a_lower_load_shortens_no_timeout() -> None:
    target = plan_for(model(), 20.0, "forecast", 24.0)

    assert set(stretch(model(), 20.0, target.plan).values()) == {1.0}


def test_nothing_is_said_where_no_plan_keeps_the_objectives() -> None:
    target = plan_for(model(), 80.0, "forecast", 24.0, {0: 0.001})

    assert stretch(model(), 80.0, target.plan) == {}
