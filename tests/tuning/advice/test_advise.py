"""All advice on one system."""

from __future__ import annotations

from collections.abc import Mapping

from tests.causes.minutes_data import CHARGE, CHECKOUT, Pods, Scene, after, incident, learned, minutes, pods_of, shop

from tracetune.domain.advice import Action, Advice, Knob
from tracetune.domain.anomalies import Incident
from tracetune.domain.causes import Cause, CauseKind, CauseRanking
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch
from tracetune.tuning.advice.advise import advise
from tracetune.tuning.advice.capacity import capacities

INCIDENT = incident(CHARGE, CHECKOUT, onset=80)
RANKING = CauseRanking(
    INCIDENT.id,
    "GET /checkout is slow because of payments",
    (Cause("payments", "Charge", CauseKind.OWN_TIME, 0.95, ("its own time grew",), ()),),
    None,
    0.15,
    0.3,
    (),
    release="payments 2 at 22:32",
)


def _placed(position: int) -> Mapping[str, Pods]:
    return {"frontend": pods_of(4), "payments": pods_of(3, "2" if position >= 72 else "1"), "cart": pods_of(2, "")}


def _advise(scene: Scene, *incidents: Incident, count: int = 95) -> tuple[Advice, ...]:
    batch = minutes(scene, count, pods=_placed)
    known = learned(batch)
    rankings = {each.id: RANKING for each in incidents}
    return advise(batch, known, ServiceGraph.from_minutes(batch), incidents, rankings, capacities(batch, known))


def test_rolling_back_the_release_comes_before_everything() -> None:
    found = _advise(after(80, Charge={"own_seconds": 0.3}), INCIDENT)

    assert (found[0].knob, found[0].target_service) == (Knob.ROLLBACK, "payments")


def test_fault_asks_for_no_replicas_anywhere() -> None:
    found = _advise(after(80, Charge={"own_seconds": 0.3}), INCIDENT)

    of_replicas = [each for each in found if each.knob is Knob.REPLICAS]
    assert {each.action for each in of_replicas} == {Action.KEEP, Action.CANNOT_SAY}
    frontend = next(each for each in of_replicas if each.target_service == "frontend")
    assert frontend.reasons[1] == "more replicas will not help in the incident: the wait is in payments"


def test_services_in_the_incident_come_before_calm_ones() -> None:
    found = _advise(after(80, Charge={"own_seconds": 0.3}), INCIDENT)

    kept = [each.target_service for each in found if (each.knob, each.action) == (Knob.REPLICAS, Action.KEEP)]
    assert kept == ["frontend", "payments", "cart"]


def test_what_asks_for_nothing_is_folded_and_comes_last() -> None:
    found = _advise(after(80, Charge={"own_seconds": 0.3}), INCIDENT)

    minor = [each.is_minor for each in found]
    assert minor == sorted(minor)
    assert any(minor)
    assert all(each.action is not Action.SET for each in found if each.is_minor)


def test_who_is_told_that_more_will_not_end_the_incident_is_not_folded() -> None:
    found = _advise(after(80, Charge={"own_seconds": 0.3}), INCIDENT)

    told = [each for each in found if any("in the incident" in reason for reason in each.reasons)]
    assert told
    assert not any(each.is_minor for each in told)


def test_bounds_enclose_every_target() -> None:
    for advice in _advise(lambda _: shop(checkout=600, browse=900)):
        if advice.target is not None:
            assert advice.lower is not None
            assert advice.upper is not None
            assert advice.lower <= advice.target <= advice.upper


def test_what_cannot_be_said_tells_what_would_unlock_it() -> None:
    found = [each for each in _advise(lambda _: shop()) if each.action is Action.CANNOT_SAY]

    assert {each.target_service for each in found if each.knob is Knob.REPLICAS} == {"bank", "catalog"}
    assert all(each.unlock for each in found)


def test_short_data_advise_nothing_about_replicas() -> None:
    found = [each for each in _advise(lambda _: shop(), count=20) if each.knob is Knob.REPLICAS]

    assert {each.action for each in found} == {Action.CANNOT_SAY}


def test_no_minutes_give_no_advice() -> None:
    empty = MinuteBatch.empty()

    assert advise(empty, learned(empty), ServiceGraph((), ()), [], {}, ()) == ()


def test_short_data_set_no_limit_and_say_so_once() -> None:
    limits = {Knob.TIMEOUT, Knob.RETRIES, Knob.CONNECTION_POOL}

    found = [each for each in _advise(lambda _: shop(checkout=600, browse=900), count=20) if each.knob in limits]

    assert [each.action for each in found] == [Action.CANNOT_SAY]
    assert "30 healthy minutes" in found[0].unlock
