"""Advice comes with its minute where it is quick, and later where it is not; it never holds a minute up."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tracetune.domain.advice import Capacity
from tracetune.live.advisor import Advisor, Tuned


def _tuned(name: str) -> Tuned:
    return (Capacity(name, 1.0, 1.0, 1.0, 1.0, 1, 1.0),), ()


def _names(tuned: Tuned) -> list[str]:
    return [each.service_name for each in tuned[0]]


@pytest.fixture
def advisor() -> Iterator[Advisor]:
    made = Advisor(patience_seconds=60.0)
    yield made
    made.stop()


def test_quick_advice_is_on_the_minute_itself(advisor: Advisor) -> None:
    assert _names(advisor.refresh(lambda: _tuned("first"), ())) == ["first"]


def test_slow_advice_comes_with_a_later_minute_and_nobody_waits() -> None:
    now = [1000.0]
    slow = Advisor(patience_seconds=0.0, clock=lambda: now[0])
    go_on = threading.Event()

    def tune() -> Tuned:
        go_on.wait()
        now[0] += 100.0  # it took long, so that nothing is begun after it
        return _tuned("slow")

    first = slow.refresh(tune, ())
    second = slow.refresh(tune, ())
    go_on.set()
    slow.stop()

    assert (first, second) == (((), ()), ((), ()))
    assert _names(slow.refresh(tune, ())) == ["slow"]


def test_advice_rests_after_long_work_unless_there_is_news(advisor: Advisor) -> None:
    advisor.refresh(lambda: _tuned("first"), ())
    advisor._took = 1e6

    rested = advisor.refresh(lambda: _tuned("second"), ())
    news = advisor.refresh(lambda: _tuned("third"), ("INC-1",))

    assert (_names(rested), _names(news)) == (["first"], ["third"])


def test_work_that_fails_leaves_the_advice_of_before(advisor: Advisor) -> None:
    advisor.refresh(lambda: _tuned("first"), ())

    def broken() -> Tuned:
        raise RuntimeError("a fault of ours")

    assert _names(advisor.refresh(broken, ("INC-1",))) == ["first"]


def test_rest_is_as_long_as_the_work_took_and_not_as_long_as_nobody_looked() -> None:
    """Advice that outlasts the patience is collected a minute later; that minute is no work."""
    now = [1000.0]
    advisor = Advisor(patience_seconds=60.0, clock=lambda: now[0])

    def tune(name: str, seconds: float) -> Tuned:
        now[0] += seconds
        return _tuned(name)

    advisor.refresh(lambda: tune("first", 2.0), ())
    now[0] += 17.0
    early = advisor.refresh(lambda: tune("second", 2.0), ())
    now[0] += 60.0
    next_minute = advisor.refresh(lambda: tune("third", 2.0), ())
    now[0] -= 3600.0
    clock_went_back = advisor.refresh(lambda: tune("fourth", 2.0), ())
    advisor.stop()

    assert [_names(each) for each in (early, next_minute, clock_went_back)] == [["first"], ["third"], ["fourth"]]
