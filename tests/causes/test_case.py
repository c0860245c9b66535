"""Which minutes an incident is compared with."""

from __future__ import annotations

from tests.causes.minutes_data import CHECKOUT, START, incident, learned, minutes, on, shop

from tracetune.causes.case import GUARD_MINUTES, USUAL_MINUTES, usual_and_now


def test_usual_minutes_are_the_hour_before_without_those_beside_the_onset() -> None:
    series = learned(minutes(lambda _: shop(), 120)).series

    usual, now = usual_and_now(incident(CHECKOUT, onset=100, end=110), series)

    assert len(usual) == USUAL_MINUTES
    assert usual[-1] == START + 100 - GUARD_MINUTES - 1
    assert now.tolist() == list(range(START + 100, START + 110))


def test_minutes_of_another_incident_are_not_usual() -> None:
    series = learned(minutes(lambda _: shop(), 120)).series
    other = incident(CHECKOUT, onset=60, end=80)

    usual, _ = usual_and_now(incident(CHECKOUT, onset=100), series, [other])

    assert not set(usual.tolist()) & set(range(START + 60, START + 80))
    assert len(usual) == USUAL_MINUTES


def test_traces_that_begin_with_a_fault_are_compared_with_the_minutes_after_it() -> None:
    series = learned(minutes(lambda _: shop(), 60)).series

    usual, _ = usual_and_now(incident(CHECKOUT, onset=2, end=12), series)

    assert usual[0] == START + 12 + GUARD_MINUTES


def test_minutes_that_were_not_observed_count_on_neither_side() -> None:
    series = learned(minutes(lambda position: [] if position in {50, 92} else shop(), 100)).series

    usual, now = usual_and_now(incident(CHECKOUT, onset=90), series)

    assert START + 50 not in usual
    assert START + 92 not in now


def test_incident_from_the_first_minute_to_the_last_cannot_be_compared() -> None:
    case = on(minutes(lambda _: shop(), 20), incident(CHECKOUT, onset=0))

    assert not case.is_comparable
