"""A history lived again."""

from __future__ import annotations

import numpy as np
from tests.tuning.queue_data import model

from tracetune.tuning.whatifs.allocate import floor_seconds
from tracetune.tuning.whatifs.replay import play


def test_the_advice_loses_less_than_the_present_setting_and_the_oracle_bounds_it() -> None:
    day = np.concatenate((np.full(20, 60.0), np.full(20, 130.0), np.full(20, 60.0)))
    expected = np.concatenate((day[5:], day[:5])) * 1.05
    objective = {0: 2.0 * float(floor_seconds(model(), 80.0)[0])}

    found = {each.way: each for each in play(model(), day, expected, objective)}

    assert found["oracle"].minutes_lost == 0
    assert found["advice"].minutes_lost <= found["HPA 80 %"].minutes_lost
    assert found["advice"].minutes_lost < found["present"].minutes_lost
    assert found["oracle"].replica_hours <= found["advice"].replica_hours
    assert found["advice"].minutes_lost <= found["KEDA, in flight"].minutes_lost
    assert found["scale all"].replica_hours > found["oracle"].replica_hours
    assert found["present"].changes == 0
    assert found["advice"].changes <= 4


def test_requests_that_wait_count_for_keda_and_not_for_cpu() -> None:
    steady = np.full(30, 130.0)  # more than the present replicas of s3 carry

    found = {each.way: each for each in play(model(), steady, np.full(30, np.nan), {0: 1.0})}

    assert found["KEDA, in flight"].replica_hours >= found["HPA 80 %"].replica_hours
    assert found["KEDA, in flight"].changes > 0


def test_without_a_known_queue_nothing_is_played() -> None:
    assert play(model(), np.zeros(0), np.zeros(0), {0: 1.0}) == ()
