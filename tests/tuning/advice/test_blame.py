"""What incidents say about tuning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.causes.minutes_data import CHARGE, CHECKOUT, START, Pods, incident, minutes, pods_of, shop

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.causes import Cause, CauseKind, CauseRanking, Contribution
from tracetune.domain.graph import ServiceGraph
from tracetune.tuning.advice.blame import rollbacks, surges, without_vain_replicas

BATCH = minutes(lambda _: shop(), 12)
GRAPH = ServiceGraph.from_minutes(BATCH)
INCIDENT = incident(CHARGE, CHECKOUT, onset=5)
KEEP = Advice(
    "frontend", "", Knob.REPLICAS, Action.KEEP, "replicas", 2.0, 2.0, 2.0, 2.0, Confidence.HIGH, ("keep 2", "flat")
)


def _ranking(service: str, kind: CauseKind, *, confidence: float = 0.9, release: str = "") -> CauseRanking:
    cause = Cause(service, "", kind, confidence, ("because of numbers",), ())
    parts = (Contribution("payments", 0.1, 0.3, 0.9),)
    return CauseRanking("INC-test", "it is slow", (cause,), None, math.nan, math.nan, parts, release)


def test_release_behind_an_incident_is_to_be_rolled_back() -> None:
    ranking = _ranking("payments", CauseKind.OWN_TIME, release="payments 4.18.0 at 13:42")

    found = list(rollbacks(BATCH, {"a": ranking, "b": ranking}))

    assert [(each.target_service, each.knob, each.action) for each in found] == [
        ("payments", Knob.ROLLBACK, Action.SET)
    ]
    assert found[0].reasons[0] == "Roll back payments 4.18.0, first seen at 13:42: it is slow"


def test_release_that_is_gone_already_is_to_be_kept_away_from() -> None:
    def placed(position: int) -> Mapping[str, Pods]:
        return {"payments": pods_of(2, "2" if 10 <= position < 20 else "1")}

    batch = minutes(lambda _: shop(), 40, pods=placed)
    ranking = _ranking("payments", CauseKind.OWN_TIME, release="payments 2 at 21:30")

    found = list(rollbacks(batch, {"a": ranking}))

    assert found[0].action is Action.KEEP
    assert found[0].reasons[0] == "Stay off payments 2, gone since 21:40; while it ran: it is slow"


def test_doubtful_cause_rolls_nothing_back() -> None:
    ranking = _ranking("payments", CauseKind.OWN_TIME, confidence=0.4, release="payments 4.18.0 at 13:42")

    assert list(rollbacks(BATCH, {"a": ranking})) == []


@pytest.mark.parametrize(
    ("service", "kind", "said"),
    [
        ("payments", CauseKind.OWN_TIME, "more replicas will not help in the incident: the wait is in payments"),
        ("payments", CauseKind.GAP, "more replicas will not help in the incident: the wait is on the way to payments"),
        ("payments", CauseKind.ERRORS, "more replicas will not help in the incident: the errors come from payments"),
    ],
)
def test_caller_of_the_cause_is_told_that_more_replicas_will_not_help(service: str, kind: CauseKind, said: str) -> None:
    found = without_vain_replicas(KEEP, GRAPH, [INCIDENT], {"INC-test": _ranking(service, kind)})

    assert found.reasons == ("keep 2", said, "flat")


def test_a_change_for_the_load_to_come_is_not_contradicted_but_said_to_end_no_incident() -> None:
    change = replace(KEEP, action=Action.SET, target=3.0, reasons=("Set it", "the load to come"))

    found = without_vain_replicas(change, GRAPH, [INCIDENT], {"INC-test": _ranking("payments", CauseKind.OWN_TIME)})

    assert found.reasons == (
        "Set it",
        "the load to come",
        "this is for the load to come and does not end the incident: the wait is in payments",
    )


def test_cause_itself_is_told_that_load_did_not_bring_it() -> None:
    own = replace(KEEP, target_service="payments")

    found = without_vain_replicas(own, GRAPH, [INCIDENT], {"INC-test": _ranking("payments", CauseKind.OWN_TIME)})

    assert "load did not bring it" in found.reasons[1]


@pytest.mark.parametrize(
    ("service", "ranking"),
    [
        ("frontend", _ranking("payments", CauseKind.LOAD)),
        ("frontend", _ranking("payments", CauseKind.OWN_TIME, confidence=0.3)),
        ("catalog", _ranking("payments", CauseKind.OWN_TIME)),
    ],
)
def test_load_doubt_and_services_that_do_not_wait_for_the_cause_change_nothing(
    service: str, ranking: CauseRanking
) -> None:
    advice = replace(KEEP, target_service=service)

    assert without_vain_replicas(advice, GRAPH, [INCIDENT], {"INC-test": ranking}) == advice


def test_service_where_the_wait_built_up_in_a_surge_is_found() -> None:
    later = replace(INCIDENT, id="INC-later", onset=START + 9)
    rankings = {"INC-test": _ranking("frontend", CauseKind.LOAD), "INC-later": _ranking("frontend", CauseKind.LOAD)}

    assert surges([later, INCIDENT], rankings) == {"payments": later}
    assert surges([INCIDENT], {"INC-test": _ranking("payments", CauseKind.OWN_TIME)}) == {}
