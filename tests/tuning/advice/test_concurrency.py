"""Where an adaptive limit of concurrency starts."""

from __future__ import annotations

import math

from tests.tuning.queue_data import LOOP, model

from tracetune.domain.advice import Advice, Knob
from tracetune.tuning.advice.concurrency import LEAST_BUFFER, MOST_BUFFER, concurrency
from tracetune.tuning.advice.scaling import plan_for


def _found(rate: float) -> dict[str, Advice]:
    target = plan_for(model(), rate, "seen", 24.0)
    return {each.target_service: each for each in concurrency(model(), target, 24.0)}


def test_the_limit_lies_above_what_was_healthy_and_above_the_slots() -> None:
    found, station = _found(80.0)[f"s{LOOP}"], model().stations[LOOP]

    assert found.knob is Knob.CONCURRENCY_LIMIT
    assert found.lower == math.ceil(station.slots)
    assert found.target is not None
    assert found.target >= station.peak_in_flight
    assert found.target >= station.slots + math.sqrt(station.slots)
    assert dict(found.details)["min_concurrency"] == found.lower


def test_only_services_whose_queue_is_known_get_one() -> None:
    known = {each.service_name for each in model().stations if each.status == "identified"}

    assert set(_found(80.0)) <= known
    assert _found(80.0)


def test_the_buffer_lets_the_queue_of_the_planned_load_through() -> None:
    for each in _found(80.0).values():
        assert LEAST_BUFFER <= dict(each.details)["buffer"] <= MOST_BUFFER


def test_without_a_plan_there_is_nothing_to_start_from() -> None:
    assert not list(concurrency(model(), None, 24.0))
