"""Time lost between client and server."""

from __future__ import annotations

import pytest
from tests.causes.minutes_data import CHECKOUT, Entry, after, incident, minutes, on, shop

from tracetune.causes.compare import decompose
from tracetune.causes.gaps import gap_changes, seconds_a_trace


def test_slow_network_is_found_between_its_two_services_only() -> None:
    case = on(minutes(after(80, Charge={"gap_seconds": 0.05}), 95), incident(CHECKOUT, onset=80))

    found = gap_changes(case)

    assert [(gap.client, gap.server) for gap in found] == [("frontend", "payments")]
    assert found[0].rise == pytest.approx(0.0495, rel=0.01)
    assert not found[0].is_silent


def test_gap_lengthens_the_path_of_its_entry_by_its_rise() -> None:
    case = on(minutes(after(80, Charge={"gap_seconds": 0.05}), 95), incident(CHECKOUT, onset=80))
    entry = next(each for each in decompose(case) if each.entry == CHECKOUT)
    other = next(each for each in decompose(case) if each.entry != CHECKOUT)

    seconds = seconds_a_trace(gap_changes(case)[0], entry)

    assert seconds == pytest.approx(entry.rise, rel=0.05)
    assert seconds_a_trace(gap_changes(case)[0], other) == 0.0


def test_callee_without_spans_is_judged_by_what_its_caller_waits() -> None:
    def scene(position: int) -> list[Entry]:
        return shop(change={"POST /charge": {"unpaired": True, "own_seconds": 0.2 if position >= 80 else 0.04}})

    case = on(minutes(scene, 95), incident(CHECKOUT, onset=80))
    entry = next(each for each in decompose(case) if each.entry == CHECKOUT)

    found = gap_changes(case)

    assert [(gap.client, gap.server, gap.is_silent) for gap in found] == [("payments", "bank", True)]
    assert seconds_a_trace(found[0], entry) == pytest.approx(0.16, rel=0.05)


def test_slow_callee_widens_no_gap() -> None:
    case = on(minutes(after(80, Charge={"own_seconds": 0.3}), 95), incident(CHECKOUT, onset=80))

    assert gap_changes(case) == ()


def test_few_calls_show_no_gap() -> None:
    scene = lambda position: shop(checkout=60 if position < 80 else 1, change={"Charge": {"gap_seconds": 0.05}})  # noqa: E731
    case = on(minutes(scene, 85), incident(CHECKOUT, onset=80))

    assert gap_changes(case) == ()
