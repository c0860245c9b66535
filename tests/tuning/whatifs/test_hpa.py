"""The autoscaler decides as Kubernetes does."""

from __future__ import annotations

from tracetune.tuning.whatifs.hpa import SYNC_SECONDS, Autoscaler, Behaviour


def test_desired_is_the_ceiling_of_replicas_times_the_ratio() -> None:
    assert Autoscaler(Behaviour(target=0.5)).step(0, 3, 0.7) == 5  # 3 * 1.4 = 4.2


def test_within_the_tolerance_nothing_changes() -> None:
    autoscaler = Autoscaler(Behaviour(target=0.8))

    assert autoscaler.step(0, 10, 0.8 * 1.09) == 10
    assert autoscaler.step(SYNC_SECONDS, 10, 0.8 * 1.11) == 12


def test_one_step_doubles_or_adds_four_pods_whichever_is_more() -> None:
    assert Autoscaler(Behaviour()).step(0, 1, 80.0) == 5
    assert Autoscaler(Behaviour()).step(0, 10, 80.0) == 20


def test_down_waits_until_the_highest_recommendation_is_five_minutes_old() -> None:
    autoscaler = Autoscaler(Behaviour())
    replicas = autoscaler.step(0, 4, 0.8)

    seen = []
    for step in range(1, 25):
        replicas = autoscaler.step(step * SYNC_SECONDS, replicas, 0.8 * 2 / replicas)
        seen.append(replicas)

    assert seen[:19] == [4] * 19
    assert seen[19:] == [2] * 5


def test_limits_hold() -> None:
    assert Autoscaler(Behaviour(most=3)).step(0, 2, 8.0) == 3
    assert Autoscaler(Behaviour(least=2, down_window_seconds=0.1)).step(0, 3, 0.01) == 2
