"""Minutes close once each, whatever the clock does."""

from __future__ import annotations

from tests.live.parts import FIRST_MINUTE, Clock

from tracetune.live.ticker import Ticker


def started() -> tuple[Ticker, Clock, list[int]]:
    clock, closed = Clock(), list[int]()
    return Ticker(clock, 10.0, lambda minute: closed.append(minute - FIRST_MINUTE)), clock, closed


def test_minute_closes_when_its_grace_is_over_and_only_once() -> None:
    ticker, clock, closed = started()

    clock.now += 59.0  # 9 seconds after the end of the first minute
    ticker.look()
    before = list(closed)
    clock.now += 1.5
    ticker.look()
    ticker.look()

    assert before == []
    assert closed == [0]


def test_wait_ends_with_the_next_grace() -> None:
    ticker, clock, _ = started()

    clock.now += 55.0

    assert ticker.look() == 5.0


def test_clock_that_goes_forward_closes_the_newest_minute_and_is_told() -> None:
    ticker, clock, closed = started()

    clock.now += 3600.0
    ticker.look()

    assert closed == [59]
    assert "forward over" in ticker.problem


def test_clock_that_goes_back_by_an_hour_goes_on_closing_and_is_told() -> None:
    ticker, clock, closed = started()
    clock.now += 61.0
    ticker.look()
    clock.now -= 3600.0
    ticker.look()
    told = ticker.problem

    clock.now += 60.0
    ticker.look()

    assert "went back by 3600 seconds" in told
    assert closed == [0, -59]
    assert ticker.problem == ""
