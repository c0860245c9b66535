"""Load, spans, a running server, its external metric, autoscalers on an emulated API, replicas, and load again."""

from __future__ import annotations

import pytest

from closed_loop import plant
from closed_loop.loop import day, live, objective_seconds

pytest.importorskip("kmock", reason="not installed: make .venv/.full")

BASE = 10.0


def test_plant_slows_down_with_load_and_gets_well_by_replicas() -> None:
    calm, loaded, scaled = (
        plant.run(1, rate, dict.fromkeys(plant.SCALED, count), 1) for rate, count in ((BASE, 4), (45.0, 1), (45.0, 12))
    )

    assert calm.p99_seconds < objective_seconds(BASE)
    assert loaded.p99_seconds > 3 * scaled.p99_seconds
    assert loaded.busy["checkout"] > 0.95 > scaled.busy["checkout"]
    assert len(calm.spans) > 60 * BASE * 3


def test_day_ends_as_calm_as_it_began() -> None:
    loads = day(10.0, 30.0, 8, 3, 2)

    assert (loads[0], max(loads), loads[-1]) == (10.0, 30.0, 10.0)


@pytest.mark.slow  # an hour, lived through three times, as benchmarks/bench_closed_loop.py --short does: minutes of CPU
def test_autoscalers_that_follow_the_advice_lose_fewer_minutes_than_others_and_cost_no_fifth_more() -> None:
    loads = day(BASE, 25.0, 35, 5, 6)
    none, cpu, advice = (live(way, loads, objective_seconds(BASE)) for way in ("none", "CPU", "advice"))

    assert none.changes == 0
    assert advice.changes > 0
    assert advice.minutes_lost < none.minutes_lost
    assert advice.minutes_lost <= cpu.minutes_lost
    assert advice.replica_hours < 1.2 * cpu.replica_hours
