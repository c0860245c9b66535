"""Services that more replicas would not help, because their slow calls wait elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.tuning.queue_data import LOOP, model

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.whatif import Station, Status
from tracetune.tuning.queues.elsewhere import elsewhere, with_elsewhere
from tracetune.tuning.queues.slow_calls import Excess


def _station(name: str, status: Status = Status.NO_QUEUEING_SEEN) -> Station:
    return replace(model().stations[LOOP], service_name=name, status=status, replicas=2)


PLACES = [_station("shop"), _station("cart"), _station("redis", Status.EXTERNAL)]


def _advice(action: Action) -> Advice:
    nothing = (None, None, None, None)
    return Advice("cart", "", Knob.REPLICAS, action, "replicas", *nothing, Confidence.LOW, ("as it is",), "minutes")


def test_the_place_at_the_end_is_named_with_those_on_the_way() -> None:
    found = elsewhere(
        PLACES,
        {
            0: Excess(0.3, 0.0, 0.0, {1: 0.3}, way_is_queue=False),
            1: Excess(0.3, 0.01, 0.0, {2: 0.29}, way_is_queue=False),
        },
    )

    assert found["shop"].startswith(
        "More replicas of shop will not help, because the wait is in redis (by way of cart): "
    )
    assert found["cart"].startswith("More replicas of cart will not help, because the wait is in redis: ")
    assert found["cart"].endswith("takes 300 ms longer than the usual ones, 97 % in redis")


def test_a_slow_network_is_named_by_where_it_leads() -> None:
    found = elsewhere(PLACES, {1: Excess(0.2, 0.02, 0.18, {}, way_is_queue=False)})

    assert "because the wait is on the way to cart:" in found["cart"]


def test_a_wait_before_the_span_that_may_be_for_the_service_says_nothing() -> None:
    assert not elsewhere(PLACES, {1: Excess(0.2, 0.02, 0.18, {}, way_is_queue=True)})


def test_a_service_that_is_slow_by_itself_may_be_helped() -> None:
    assert not elsewhere(PLACES, {1: Excess(0.2, 0.12, 0.0, {2: 0.08}, way_is_queue=False)})


@pytest.mark.parametrize(("itself", "told"), [(0.03, True), (0.05, False)])
def test_a_queue_that_is_known_is_shortened_by_replicas(itself: float, told: bool) -> None:
    places = [PLACES[0], _station("cart", Status.IDENTIFIED), PLACES[2]]

    found = elsewhere(places, {1: Excess(0.2, itself, 0.0, {2: 0.2 - itself}, way_is_queue=False)})

    assert bool(found) is told


def test_where_no_number_could_be_told_the_present_one_is_kept() -> None:
    found = with_elsewhere(_advice(Action.CANNOT_SAY), {"cart": "more replicas will not help"}, PLACES)

    assert (found.action, found.target, found.unlock) == (Action.KEEP, 2.0, "")
    assert found.reasons == ("more replicas will not help", "as it is")


def test_a_plan_for_more_replicas_stays_as_it_is() -> None:
    advice = _advice(Action.SET)

    assert with_elsewhere(advice, {"cart": "more replicas will not help"}, PLACES) is advice
