"""Advice on replicas from the queues that were found."""

from __future__ import annotations

import math
from dataclasses import replace

from tests.tuning.queue_data import LOOP, model

from tracetune.domain.advice import Action, Advice
from tracetune.domain.whatif import Status
from tracetune.tuning.advice.scaling import plan_for, scale


def _advice(load: float, service: str = "s3", hours: float = 24.0) -> Advice:
    found = scale(model(), plan_for(model(), load, "forecast, 90th percentile", hours), service)
    assert found is not None
    return found


def test_twice_the_load_asks_for_more_of_what_is_nearly_full() -> None:
    found = _advice(160.0)

    assert found.action is Action.SET
    assert found.target is not None
    assert found.target >= 2
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower <= found.target <= found.upper
    assert "Set s3 to" in found.reasons[0]
    assert "160/s (forecast, 90th percentile)" in found.reasons[1]
    assert "full at" in found.reasons[3]


def test_the_load_that_is_carried_already_is_no_reason_to_change() -> None:
    assert _advice(80.0).action is Action.KEEP


def test_bounds_widen_with_ignorance_and_nothing_is_taken_away_within_them() -> None:
    sure, unsure = _advice(120.0, hours=240.0), _advice(120.0, hours=0.5)

    assert sure.upper is not None
    assert unsure.upper is not None
    assert unsure.upper >= sure.upper
    few = scale(model(), plan_for(model(), 20.0, "seen", 24.0), "s1")
    assert few is not None
    assert few.target == 1.0
    assert "1 can safely go" in few.reasons[0]


def test_an_objective_below_the_floor_names_where_the_time_goes() -> None:
    target = plan_for(model(), 80.0, "seen", 24.0, {0: 0.02})

    found = scale(model(), target, "s1")

    assert found is not None
    assert found.action is Action.KEEP
    assert "More replicas of s1 will not help, because the wait is in" in found.reasons[0]


def test_what_instances_share_is_no_reason_for_more_of_them() -> None:
    stations = list(model().stations)
    stations[LOOP] = replace(stations[LOOP], status=Status.SHARED)
    shared = replace(model(), stations=tuple(stations))

    found = scale(shared, plan_for(shared, 80.0, "seen", 24.0), "s1")

    assert found is not None
    assert found.reasons[0] == "More replicas of s1 will not help, because the wait is in something that they share"


def test_a_queue_that_is_not_known_is_left_to_the_minutes() -> None:
    assert scale(model(), plan_for(model(), 80.0, "seen", 24.0), "s0") is None


def test_without_a_load_to_plan_for_the_shared_wait_is_told_all_the_same() -> None:
    stations = list(model().stations)
    stations[LOOP] = replace(stations[LOOP], status=Status.SHARED)
    shared = replace(model(), stations=tuple(stations))

    found = scale(shared, None, "s1", 1.0)

    assert found is not None
    assert "More replicas of s1 will not help" in found.reasons[0]
    assert scale(shared, None, "s3", 1.0) is None


def test_replicas_to_follow_carry_the_next_minutes_whatever_stays_advised() -> None:
    """The load to come keeps what is there; autoscalers may go below it now, and above it in a rush."""
    calm, rush, unknown = (
        scale(model(), plan_for(model(), 80.0, "seen", 24.0, soon_rate=rate), "s3") for rate in (10.0, 200.0, math.nan)
    )

    assert calm is not None
    assert rush is not None
    assert unknown is not None
    assert calm.target == rush.target == unknown.target
    assert (calm.soon, unknown.soon) == (1.0, None)
    assert rush.soon is not None
    assert rush.target is not None
    assert rush.soon > rush.target


def test_where_no_number_keeps_the_objective_autoscalers_keep_the_queue_from_growing() -> None:
    found = scale(model(), plan_for(model(), 80.0, "seen", 24.0, {0: 0.02}, soon_rate=200.0), "s3")

    assert found is not None
    assert found.action is Action.KEEP
    assert found.soon is not None
    station = next(each for each in model().stations if each.service_name == "s3")
    assert found.soon == math.ceil(station.busy_share * station.replicas * 200.0 / 80.0 / 0.85) or found.soon >= 2
