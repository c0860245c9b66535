"""Where errors come from."""

from __future__ import annotations

import pytest
from tests.causes.minutes_data import BANK, CHECKOUT, Entry, after, incident, minutes, on, shop

from tracetune.causes.failures import failures, worst_entry
from tracetune.domain.anomalies import AnomalyKind

ERRORS = AnomalyKind.ERRORS


def test_deepest_service_whose_own_errors_rose_is_the_origin_and_its_callers_pass_them_on() -> None:
    failing = {"error_ratio": 0.2}
    scene = after(80, **{"POST /charge": failing, "Charge": failing, "GET /checkout": failing})
    case = on(minutes(scene, 95), incident(CHECKOUT, BANK, onset=80, kind=ERRORS))

    found = failures(case)

    assert [failure.service_name for failure in found] == ["bank"]
    assert found[0].span_name == "POST /charge"
    assert found[0].now_ratio == pytest.approx(0.2, abs=0.02)
    assert found[0].passed_on == ("payments",)
    assert found[0].share == 1.0


def test_service_that_adds_errors_of_its_own_shares_the_blame() -> None:
    scene = after(80, **{"POST /charge": {"error_ratio": 0.1}, "Charge": {"error_ratio": 0.4}})
    case = on(minutes(scene, 95), incident(CHECKOUT, onset=80, kind=ERRORS))

    found = {failure.service_name: failure.share for failure in failures(case)}

    assert found["payments"] == pytest.approx(0.75, abs=0.03)
    assert found["bank"] == pytest.approx(0.25, abs=0.03)


def test_callee_that_reports_no_error_of_calls_that_fail_was_not_reached() -> None:
    def scene(position: int) -> list[Entry]:
        bank = {"unpaired": True, "error_ratio": 0.5 if position >= 80 else 0.0}
        return shop(change={"POST /charge": bank, "Charge": {"error_ratio": 0.5 if position >= 80 else 0.0}})

    case = on(minutes(scene, 95), incident(CHECKOUT, onset=80, kind=ERRORS))

    found = failures(case)

    assert [(failure.service_name, failure.is_unreachable) for failure in found] == [("bank", True)]
    assert found[0].passed_on == ("payments",)


def test_errors_as_usual_have_no_origin() -> None:
    always = {"Charge": {"error_ratio": 0.1}, "GET /checkout": {"error_ratio": 0.1}}
    case = on(minutes(lambda _: shop(change=always), 95), incident(CHECKOUT, onset=80, kind=ERRORS))

    assert failures(case) == ()
    assert worst_entry(case) is None


def test_worst_entry_is_what_users_call_and_see_failing() -> None:
    scene = after(80, **{"Charge": {"error_ratio": 0.9}, "GET /checkout": {"error_ratio": 0.2}})
    case = on(minutes(scene, 95), incident(CHECKOUT, onset=80, kind=ERRORS))

    assert worst_entry(case) == CHECKOUT
