from __future__ import annotations

import pytest

from tracetune.proofs.pages import Page, a_week, lasting, score, together, without_pauses
from tracetune.proofs.truth import Happening


def _page(at: int, start: int, end: int, service: str = "shop") -> Page:
    return Page(at, start, end, f"{service} is slow", (service,))


def test_an_alarm_that_comes_back_at_once_is_still_the_same() -> None:
    found = without_pauses([_page(105, 100, 110), _page(145, 140, 150), _page(205, 200, 210)])

    assert [(each.at, each.start, each.end) for each in found] == [(105, 100, 150), (205, 200, 210)]


def test_alarms_that_begin_together_are_one_page_that_names_all_services() -> None:
    (page,) = together([_page(112, 107, 130, "cart"), _page(105, 100, 110)])

    assert (page.at, page.start, page.end, page.services) == (105, 100, 130, ("shop", "cart"))
    assert page.about == "shop is slow"


def test_an_alarm_half_an_hour_later_wakes_again_although_the_first_goes_on() -> None:
    assert len(together([_page(105, 100, 300), _page(135, 130, 140, "cart")])) == 2


def test_hits_misses_delays_and_false_pages_are_counted() -> None:
    happened = [
        Happening("errors", "a", 100, 120),
        Happening("errors", "b", 300, 310),
        Happening("surge", "c", 500, 520),
    ]

    found = score([_page(106, 101, 118), _page(112, 108, 118), _page(505, 500, 510)], happened)

    assert (found.delays, found.hits, found.false) == ((6, None), 1, 1)


def test_a_page_that_was_ringing_before_the_fault_is_no_hit() -> None:
    found = score([_page(50, 45, 200)], [Happening("errors", "a", 100, 120)])

    assert (found.hits, found.false) == (0, 1)


def test_minutes_in_alarm_are_counted_once_and_only_where_judged() -> None:
    assert lasting([_page(1, 90, 110), _page(2, 105, 120)], range(100, 115)) == 15


def test_a_count_is_said_for_a_week() -> None:
    assert a_week(1, 720) == pytest.approx(14)
