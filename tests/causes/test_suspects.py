"""Who may have made an entry operation slower."""

from __future__ import annotations

import pytest
from tests.causes.minutes_data import CHECKOUT, Scene, after, incident, minutes, on

from tracetune.causes.compare import decompose
from tracetune.causes.evidence import Suspect
from tracetune.causes.suspects import suspects
from tracetune.domain.causes import CauseKind


def _suspects(scene: Scene) -> list[Suspect]:
    case = on(minutes(scene, 95), incident(CHECKOUT, onset=80))
    found = decompose(case)
    entry = next(each for each in found if each.entry == CHECKOUT)
    return sorted(suspects(case, entry, found), key=lambda each: -each.weight)


def test_slow_service_is_the_only_suspect_with_its_own_time_in_numbers() -> None:
    found = _suspects(after(80, Charge={"own_seconds": 0.24}))

    assert [(each.service_name, each.span_name, each.kind) for each in found] == [
        ("payments", "Charge", CauseKind.OWN_TIME)
    ]
    assert "is 242 ms a request, usually 60 ms (±1.8 ms): 100 % of the rise" in found[0].evidence[0]


def test_two_slow_services_are_both_suspects_by_their_share() -> None:
    found = _suspects(after(80, Charge={"own_seconds": 0.16}, GetCart={"own_seconds": 0.08}))

    assert [each.service_name for each in found] == ["payments", "cart"]
    assert found[0].weight == pytest.approx(2 * found[1].weight, rel=0.1)


def test_time_between_services_is_not_the_clients_own() -> None:
    found = _suspects(after(80, Charge={"gap_seconds": 0.1}))

    assert [(each.service_name, each.kind) for each in found] == [("payments", CauseKind.GAP)]
    assert found[0].between == "the connection between frontend and payments"


def test_calls_that_are_retried_point_at_the_service_that_fails() -> None:
    failing = {"per_request": 3.0, "error_ratio": 0.6}
    found = _suspects(after(80, **{"Charge": failing, "POST /charge": {"per_request": 3.0}}))

    assert {(each.service_name, each.kind) for each in found} == {("payments", CauseKind.ERRORS)}
    assert "frontend sends 2.9 calls to payments where one was usual" in found[0].evidence


def test_calls_that_multiply_without_errors_point_at_the_caller() -> None:
    found = _suspects(after(80, GetCart={"per_request": 6.0}))

    assert [(each.service_name, each.kind) for each in found] == [("frontend", CauseKind.OWN_TIME)]
    assert "each call of cart takes about as long as usual" in found[0].against
