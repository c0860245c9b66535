"""Whole explanations of incidents whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.causes.minutes_data import (
    BANK,
    BROWSE,
    CART,
    CHARGE,
    CHECKOUT,
    START,
    Entry,
    Pods,
    Scene,
    after,
    incident,
    learned,
    minutes,
    pods_of,
    shop,
)

from tracetune.causes.ranking import CAP_FOR_FEW, rank
from tracetune.domain.anomalies import AnomalyKind, Incident
from tracetune.domain.causes import CauseKind, CauseRanking
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import SeriesKey

EXPECTED = {SeriesKey(*CHECKOUT): 60.0, SeriesKey(*BROWSE): 120.0}


def _rank(scene: Scene, what: Incident, *, count: int = 95, expected: Any = None, **more: Any) -> CauseRanking:
    batch = minutes(scene, count, **more)
    return rank(what, batch, learned(batch, expected_calls=expected), ServiceGraph.from_minutes(batch))


def test_slow_callee_is_named_first_and_its_callers_are_not() -> None:
    found = _rank(
        after(80, Charge={"own_seconds": 0.24}),
        incident(CHARGE, CHECKOUT, onset=80, delays={"frontend": 2}),
        expected=EXPECTED,
    )

    assert found.headline == "GET /checkout is slow because of payments"
    assert (found.causes[0].service_name, found.causes[0].kind) == ("payments", CauseKind.OWN_TIME)
    assert found.causes[0].confidence > 0.9
    assert found.entry == CHECKOUT
    assert found.now_seconds - found.usual_seconds == pytest.approx(0.18, rel=0.05)
    assert any(sentence.startswith("request rate unchanged") for sentence in found.causes[0].against)


def test_confidences_sum_to_at_most_one_and_fall() -> None:
    found = _rank(
        after(80, Charge={"own_seconds": 0.16}, GetCart={"own_seconds": 0.12}), incident(CHECKOUT, CHARGE, onset=80)
    )

    confidences = [cause.confidence for cause in found.causes]
    assert confidences == sorted(confidences, reverse=True)
    assert len(confidences) == 2
    assert sum(confidences) <= 1.0


def test_slow_network_is_named_by_both_its_ends() -> None:
    found = _rank(after(80, Charge={"gap_seconds": 0.1}), incident(CHECKOUT, onset=80))

    assert found.headline == "GET /checkout is slow because of the connection between frontend and payments"
    assert found.causes[0].kind is CauseKind.GAP


def test_surge_is_explained_by_load_and_no_code_is_blamed() -> None:
    def scene(position: int) -> list[Entry]:
        queues = {"Charge": {"own_seconds": 0.18, "spread": 1.0}} if position >= 80 else None
        return shop(checkout=126 if position >= 80 else 60, change=queues)

    found = _rank(scene, incident(CHECKOUT, CHARGE, onset=80, kind=AnomalyKind.LOAD), expected=EXPECTED)

    assert found.headline == "Traffic to frontend rose 2.1×; latency follows the load"
    assert found.causes[0].kind is CauseKind.LOAD
    assert found.causes[0].confidence > 3 * found.causes[1].confidence


def test_surge_that_slows_nothing_is_told_as_such() -> None:
    found = _rank(
        lambda position: shop(checkout=130 if position >= 80 else 60),
        incident(CHECKOUT, onset=80, kind=AnomalyKind.SURGE),
        expected=EXPECTED,
    )

    assert found.headline == "Traffic to frontend rose 2.2×; no operation became slower"


def test_errors_are_traced_to_where_they_begin() -> None:
    failing = {"error_ratio": 0.2}
    found = _rank(
        after(80, **{"POST /charge": failing, "Charge": failing, "GET /checkout": failing}),
        incident(CHECKOUT, CHARGE, BANK, onset=80, kind=AnomalyKind.ERRORS),
    )

    assert found.headline == "GET /checkout fails because of bank"
    assert found.causes[0].kind is CauseKind.ERRORS


def test_change_of_what_users_ask_for_blames_nobody() -> None:
    found = _rank(
        lambda position: shop() if position < 80 else shop(checkout=160, browse=20),
        incident(CHECKOUT, CART, onset=80),
    )

    assert found.headline == "What users ask for changed; no operation is slower by itself"
    assert [cause.kind for cause in found.causes] == [CauseKind.UNKNOWN]
    assert found.causes[0].confidence == 0.0
    assert "GET /checkout is 8" in found.causes[0].evidence[0]


def test_release_shortly_before_is_named() -> None:
    placed = lambda position: {"payments": pods_of(3, "4.18.0" if position >= 72 else "4.17.2")}  # noqa: E731

    found = _rank(after(80, Charge={"own_seconds": 0.2}), incident(CHARGE, CHECKOUT, onset=80), pods=placed)

    assert found.release == "payments 4.18.0 at 22:32"
    assert "started 8 min after release 4.18.0 of payments" in found.causes[0].evidence


def test_bad_instance_of_several_is_named() -> None:
    def placed(position: int) -> Mapping[str, Pods]:
        slow = 8.0 if position >= 80 else 1.0
        return {"payments": Pods((("p-0", "", 0.25, 1.0), ("p-1", "", 0.5, 1.0), ("p-2", "", 0.25, slow)))}

    found = _rank(lambda _: shop(), incident(CHARGE, CHECKOUT, onset=80), pods=placed)

    assert found.causes[0].service_name == "payments"
    assert any("one instance stands out: p-2 has" in sentence for sentence in found.causes[0].evidence)


def test_retries_are_blamed_on_the_service_that_fails() -> None:
    failing = {"per_request": 3.0, "error_ratio": 0.6}
    found = _rank(
        after(80, **{"Charge": failing, "POST /charge": {"per_request": 3.0}}), incident(CHECKOUT, CHARGE, onset=80)
    )

    assert found.headline == "GET /checkout is slow because of payments"
    assert found.causes[0].kind is CauseKind.ERRORS


def test_few_traces_cap_the_confidence() -> None:
    found = _rank(
        lambda position: shop(checkout=8, change={"Charge": {"own_seconds": 0.3}} if position >= 80 else None),
        incident(CHECKOUT, CHARGE, onset=80),
        count=82,
    )

    assert found.causes[0].service_name == "payments"
    assert found.causes[0].confidence == CAP_FOR_FEW


def test_too_few_minutes_before_are_told_honestly() -> None:
    found = _rank(after(3, Charge={"own_seconds": 0.2}), incident(CHECKOUT, onset=3), count=20)

    assert found.headline == "GET /checkout is slower than expected; the traces do not say why"
    assert found.causes[0].kind is CauseKind.UNKNOWN
    assert "5 are needed" in found.causes[0].evidence[0]
    assert found.contributions == ()
    assert math.isnan(found.usual_seconds)


def test_no_minutes_at_all_are_told_honestly() -> None:
    found = rank(incident(CHECKOUT, onset=3), MinuteBatch.empty(), learned(MinuteBatch.empty()), ServiceGraph((), ()))

    assert found.causes[0].kind is CauseKind.UNKNOWN


def test_drop_says_what_fell_and_where_to_look() -> None:
    found = _rank(
        lambda position: shop(checkout=6 if position >= 80 else 60),
        incident(CHECKOUT, onset=80, kind=AnomalyKind.DROP),
        expected=EXPECTED,
    )

    assert found.headline == "GET /checkout gets fewer calls than expected; the traces do not say why"
    assert found.causes[0].evidence[0].startswith("calls fell to ")


def test_minutes_of_other_incidents_are_not_usual() -> None:
    scene = lambda position: shop(change={"Charge": {"own_seconds": 0.2}} if position >= 50 else None)  # noqa: E731
    batch = minutes(scene, 95)
    what = incident(CHARGE, CHECKOUT, onset=80)
    other = replace(what, id="INC-other", onset=START + 50, end=START + 80)

    found = rank(what, batch, learned(batch), ServiceGraph.from_minutes(batch), [what, other])

    assert found.usual_seconds == pytest.approx(0.1515, rel=0.03)


def test_rise_of_which_no_part_stands_out_is_unknown_and_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracetune.causes.ranking.suspects", lambda *_: ())

    found = _rank(
        after(80, Charge={"own_seconds": 0.24}),
        incident(CHARGE, CHECKOUT, onset=80, delays={"frontend": 2}),
        expected=EXPECTED,
    )

    (cause,) = found.causes
    assert cause.kind is CauseKind.UNKNOWN
    assert "spread over parts" in cause.evidence[0]
    assert found.now_seconds > found.usual_seconds
