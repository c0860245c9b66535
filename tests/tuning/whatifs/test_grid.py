"""What-ifs worked out beforehand, from queues whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from tests.tuning.queue_data import model

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.whatif import Grid
from tracetune.tuning.whatifs import grid as grids
from tracetune.tuning.whatifs.grid import LOADS, grid
from tracetune.tuning.whatifs.whatif import whatif


@cache
def _full() -> Grid:
    return grid(model(), [_advice("s3", 2)])


def _advice(service: str, target: float | None, knob: Knob = Knob.REPLICAS) -> Advice:
    return Advice(service, "", knob, Action.SET, "", 1, None, target, None, Confidence.HIGH, ("it is full",))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is simulated at length: where only the choice matters."""
    monkeypatch.setattr(grids, "MOST_CALLS", 0)


def _at(found: Grid, load: float, count: int) -> int:
    return found.loads.index(load) * len(found.replicas) + found.replicas.index(count)


def test_present_and_advised_replicas_and_one_more_or_fewer_are_asked_at_every_load() -> None:
    found = _full()

    assert (found.service_name, found.present, found.advised) == ("s3", 1, 2)
    assert (found.replicas, found.loads) == ((1, 2, 3), LOADS)
    assert [each.ask.load for each in found.answers] == [load for load in LOADS for _ in range(3)]


def test_each_answer_is_close_to_the_longer_simulation_that_asking_would_give() -> None:
    found = _full()

    for load, count in ((0.75, 1), (1.25, 2)):
        here, longer = found.answers[_at(found, load, count)].overall, whatif(model(), load, {"s3": count}).overall
        assert here is not None
        assert longer is not None
        assert here.p95.lower <= here.p95.value <= here.p95.upper
        assert here.p95.value == pytest.approx(longer.p95.value, rel=0.1)


def test_high_loads_are_refused_and_the_advised_replicas_halve_the_use_of_slots() -> None:
    found = _full()

    assert [found.answers[_at(found, load, 1)].is_answered for load in (0.5, 1.0, 2.0, 2.5)] == [
        True,
        True,
        False,
        False,
    ]
    one, two = (found.answers[_at(found, 1.0, count)].services[3].busy_share for count in (1, 2))
    assert two == pytest.approx(one / 2, rel=0.1)


@pytest.mark.parametrize("advice", [[], [_advice("nobody", 5)]])
@pytest.mark.usefixtures("quick")
def test_without_advice_on_a_known_service_the_busiest_is_varied(advice: list[Advice]) -> None:
    found = grid(model(), advice)

    assert (found.service_name, found.present, found.advised) == ("s3", 1, 0)


@pytest.mark.usefixtures("quick")
def test_a_timeout_is_no_number_of_replicas() -> None:
    found = grid(model(), [_advice("s1", 0.4, Knob.TIMEOUT)])

    assert (found.service_name, found.advised) == ("s1", 0)


@pytest.mark.usefixtures("quick")
def test_where_simulation_would_take_too_long_the_answers_are_fewer_and_screened() -> None:
    found = grid(model(), [_advice("s3", 2)])

    assert found.replicas == (1, 2)
    assert all(each.is_screened for each in found.answers)


def test_where_nothing_can_be_answered_there_is_the_reason_alone() -> None:
    sampled = replace(model(), lost_share=0.9)

    found = grid(sampled, [_advice("s3", 2)])

    assert found.answers == ()
    assert "90 %" in found.reason
