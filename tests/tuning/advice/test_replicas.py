"""How many replicas a service needs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.causes.minutes_data import CHECKOUT, START, incident

from tracetune.domain.advice import Action, Advice, Capacity, Confidence, Knob
from tracetune.tuning.advice.demand import Demand
from tracetune.tuning.advice.replicas import replicas


def _demand(capacity: float, *, top: float, count: int = 240, instances: float = 2.0) -> Demand:
    load = top * (0.55 + 0.45 * np.sin(np.arange(count) / 20))  # calls/s a replica
    calls = np.round(60 * load * instances)
    own = calls / 60 * 0.030 / (1 - np.minimum(load / capacity, 0.95))
    observed = np.arange(START, START + count)
    return Demand("payments", observed, calls, own, own, np.full(count, instances), 4, names_versions=True)


def _capacity(forecast: float = math.nan) -> Capacity:
    return Capacity("payments", 2.0, 1.0, 1.0, 2.0, 4, forecast)


def _numbers(advice: Advice) -> tuple[float, float, float, float]:
    assert advice.current is not None
    assert advice.lower is not None
    assert advice.target is not None
    assert advice.upper is not None
    return advice.current, advice.lower, advice.target, advice.upper


def test_knee_and_forecast_give_the_replicas_within_their_bounds() -> None:
    found = replicas(_demand(30.0, top=25.0), _capacity(forecast=120.0))

    current, lower, target, upper = _numbers(found)
    assert found.action is Action.SET
    assert current == 2.0
    assert lower <= target <= upper
    # own time is half above 32 ms near 11/s a replica: 120/s need 10 to 12; carried as busy as ever it is 5
    assert 10 <= target <= 12
    assert lower == pytest.approx(5.0, abs=1.0)
    assert found.reasons[0] == f"Set payments to {target:.0f} replicas, now 2"


def test_flat_own_time_and_enough_proven_capacity_keep_the_replicas() -> None:
    found = replicas(_demand(1e6, top=20.0), _capacity(forecast=30.0))

    assert found.action is Action.KEEP
    assert _numbers(found)[2] == 2.0
    assert found.reasons[0] == "Keep 2 replicas of payments"
    assert found.reasons[1].startswith("no queueing seen: each replica carries at least 20/s")


def test_more_than_was_ever_carried_is_asked_for_but_called_unproven() -> None:
    found = replicas(_demand(1e6, top=20.0), _capacity(forecast=100.0))

    current, lower, target, _ = _numbers(found)
    assert found.action is Action.SET
    assert (lower, target) == (current, 5.0)  # 100 / (1.05 x 20), rounded up
    assert found.reasons[1] == (
        "the load to come is 100/s (forecast, 90th percentile), 2.5× the most that a replica was seen to carry (20/s, without "
        "queueing); it may carry more"
    )


def test_more_than_was_ever_carried_asks_for_none_where_a_replica_is_nearly_always_idle() -> None:
    found = replicas(_demand(1e6, top=0.5), _capacity(forecast=3.0))  # 30 ms a request: 4.5 % of the time at 1.5/s

    assert found.action is Action.KEEP
    assert _numbers(found)[2] == 2.0
    assert found.reasons[1] == (
        "a replica would have a request 4.5 % of the time: even one at a time would hardly ever wait"
    )
    assert replicas(_demand(1e6, top=0.5), _capacity(forecast=4.0)).action is Action.SET


def test_load_that_hardly_varied_is_told_as_a_limit_of_the_answer() -> None:
    steady = _demand(1e6, top=20.0)
    steady.calls[:] = 1200 + 10 * (np.arange(240) % 3)

    found = replicas(steady, _capacity())

    assert any("load varied only 1.0×" in reason for reason in found.reasons)


def test_unknown_replicas_cannot_be_advised_and_the_missing_attribute_is_named() -> None:
    nameless = _demand(30.0, top=20.0)
    nameless.replicas[:] = np.nan

    found = replicas(nameless, _capacity())

    assert (found.knob, found.action) == (Knob.REPLICAS, Action.CANNOT_SAY)
    assert "k8s.pod.name" in found.unlock
    assert found.target is None


def test_less_than_half_an_hour_cannot_be_judged() -> None:
    found = replicas(_demand(30.0, top=20.0, count=29), _capacity())

    assert found.action is Action.CANNOT_SAY
    assert found.unlock == "30 minutes with calls and without an incident"
    assert "29 minutes" in found.reasons[0]


def test_surge_is_the_load_to_be_ready_for() -> None:
    surging = _demand(1e6, top=20.0, count=400)
    surging.calls[200:210] = 60 * 200.0

    found = replicas(surging, _capacity(), incident(CHECKOUT, onset=200, end=210))

    assert any("as in the surge of 00:40" in reason for reason in found.reasons)
    assert any("200/s" in reason for reason in found.reasons)


def test_confidence_grows_with_history() -> None:
    short = replicas(_demand(1e6, top=20.0, count=60), _capacity())
    long = replicas(_demand(1e6, top=20.0, count=1500), _capacity())

    assert (short.confidence, long.confidence) == (Confidence.LOW, Confidence.HIGH)


def test_replicas_to_follow_are_those_that_carry_the_next_minutes() -> None:
    busy = replicas(_demand(30.0, top=25.0), replace(_capacity(forecast=120.0), soon_calls_per_second=30.0))
    flat = replicas(_demand(1e6, top=20.0), replace(_capacity(forecast=30.0), soon_calls_per_second=100.0))

    assert busy.soon is not None
    assert busy.target is not None
    assert 2.0 <= busy.soon < busy.target
    assert flat.soon == 5.0  # each was seen to carry 20/s
    assert replicas(_demand(1e6, top=20.0), _capacity()).soon is None
