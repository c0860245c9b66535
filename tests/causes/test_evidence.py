"""Sentences for and against a suspect, and what they weigh."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.causes.minutes_data import (
    BANK,
    CHARGE,
    CHECKOUT,
    Call,
    Entry,
    Pods,
    after,
    incident,
    minutes,
    on,
    pods_of,
    shop,
)

from tracetune.causes import evidence
from tracetune.causes.compare import decompose
from tracetune.causes.evidence import Finding, Suspect, weighed
from tracetune.domain.causes import CauseKind
from tracetune.domain.series import SeriesKey


def test_weight_is_the_product_of_all_factors_and_every_sentence_is_kept() -> None:
    suspect = Suspect("payments", "", CauseKind.OWN_TIME, 0.8, (), ())

    found = weighed(suspect, [Finding(2.0, evidence="for"), Finding(0.5, against="against"), Finding(1.0)])

    assert found.weight == pytest.approx(0.8)
    assert (found.evidence, found.against) == (("for",), ("against",))


def test_first_to_depart_is_likelier_and_the_last_less_so() -> None:
    what = incident(CHARGE, CHECKOUT, onset=80, delays={"frontend": 3})
    case = on(minutes(lambda _: shop(), 90), what)

    first, last = (evidence.order_of_onset(case, name) for name in ("payments", "frontend"))

    assert first.factor > 1 > last.factor
    assert first.evidence == "it was the first to depart, at 22:40; the others followed 3 min later"
    assert last.against == "payments departed 3 min before it"


def test_service_that_never_departed_is_told_so() -> None:
    case = on(minutes(lambda _: shop(), 90), incident(CHARGE, onset=80))

    assert evidence.order_of_onset(case, "bank").against == "bank itself never left its expected range"
    assert evidence.order_of_onset(case, "payments") == Finding(1.0)


def _canary(new_factor: float) -> Mapping[str, Pods]:
    return {"payments": Pods((("p-0", "1", 0.5, 1.0), ("p-1", "2", 0.5, new_factor)))}


@pytest.mark.parametrize(("new_factor", "blames"), [(4.0, True), (1.0, False)])
def test_old_version_beside_the_new_decides_about_a_release(new_factor: float, blames: bool) -> None:
    placed = lambda position: _canary(new_factor) if position >= 75 else {"payments": pods_of(2, "1")}  # noqa: E731
    case = on(minutes(lambda _: shop(), 100, pods=placed), incident(CHARGE, onset=80))

    finding, release = evidence.release_before(case, "payments")

    assert (release is not None) is blames
    assert (finding.factor > 1) is blames
    assert "started 5 min after release 2 of payments" in finding.evidence + finding.against


def test_release_in_the_minute_of_the_onset_is_not_said_to_be_zero_minutes_before() -> None:
    placed = lambda position: _canary(4.0) if position >= 80 else {"payments": pods_of(2, "1")}  # noqa: E731
    case = on(minutes(lambda _: shop(), 100, pods=placed), incident(CHARGE, onset=80))

    finding, _ = evidence.release_before(case, "payments")

    assert "started in the same minute as release 2 of payments" in finding.evidence + finding.against


def test_without_a_release_it_says_for_how_long_versions_were_seen() -> None:
    case = on(minutes(lambda _: shop(), 95, pods=lambda _: {"payments": pods_of(2)}), incident(CHARGE, onset=80))

    assert evidence.release_before(case, "payments")[0].against == "no new version of payments in the 80 min before"
    assert "cannot be ruled out" in evidence.release_before(case, "cart")[0].against


def test_slower_instance_is_no_evidence_about_errors() -> None:
    slow = {"payments": Pods((("p-0", "", 0.5, 1.0), ("p-1", "", 0.5, 5.0)))}
    case = on(minutes(lambda _: shop(), 95, pods=lambda _: slow), incident(CHARGE, onset=80))

    about_time, bad = evidence.one_of_several(case, "payments")
    about_errors, _ = evidence.one_of_several(case, "payments", about_errors=True)

    assert bad is not None
    assert about_time.evidence.startswith("one instance stands out: p-1 has ")
    assert about_errors.evidence == ""


def test_unchanged_request_rate_is_told_with_its_numbers() -> None:
    key = SeriesKey(*CHECKOUT)
    case = on(minutes(lambda _: shop(checkout=2460), 12), incident(CHECKOUT, onset=9), expected_calls={key: 2400.0})

    finding, _ = evidence.request_rate(case, key)

    assert finding.against.startswith("request rate unchanged: 41/s against 40/s expected")


def test_rate_that_rose_or_fell_is_told_as_such() -> None:
    key = SeriesKey(*CHECKOUT)
    case = on(minutes(lambda _: shop(), 20), incident(CHECKOUT, onset=15), expected_calls={key: 20.0})
    fallen = on(minutes(lambda _: shop(), 20), incident(CHECKOUT, onset=15), expected_calls={key: 200.0})

    assert evidence.request_rate(case, key)[0].evidence.startswith("request rate 3")
    assert evidence.request_rate(fallen, SeriesKey("nobody", ""))[0] == Finding(1.0)


def test_other_callers_of_a_slow_service_speak_for_it() -> None:
    both = {"own_seconds": 0.2}
    shared = lambda position: [  # noqa: E731
        *shop(change={"Charge": both} if position >= 80 else None),
        *_orders(both if position >= 80 else {}),
    ]
    case = on(minutes(shared, 95), incident(CHARGE, onset=80))
    found = decompose(case)
    checkout = next(each for each in found if each.entry == CHECKOUT)

    finding = evidence.other_entries(checkout, found, "payments")

    assert finding.evidence == "POST /orders needs longer in it as well"
    assert evidence.other_entries(checkout, found, "cart") == Finding(1.0)


def _orders(change: Mapping[str, float]) -> list[Entry]:
    own = change.get("own_seconds", 0.06)
    return [Entry(60.0, (Call("orders", "POST /orders", 0.01), Call("payments", "Charge", own, caller="orders")))]


def test_waiting_and_working_are_told_apart_by_the_fastest_calls() -> None:
    case = on(minutes(after(80, Charge={"own_seconds": 0.2}), 95), incident(CHARGE, BANK, onset=80))

    works, same = (evidence.waiting_or_working(case, name) for name in ("payments", "bank"))

    assert "even the fastest twentieth of its calls takes longer" in works.evidence
    assert "as quick as usual" in same.against
