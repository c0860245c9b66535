"""Taking an entry operation apart, usually against now."""

from __future__ import annotations

import numpy as np
import pytest
from tests.causes.minutes_data import BANK, BROWSE, CART, CHARGE, CHECKOUT, after, incident, minutes, on, shop

from tracetune.causes.compare import Decomposition, decompose, minute_means, service_spread
from tracetune.domain.series import SeriesKey


def _of(decompositions: tuple[Decomposition, ...], key: tuple[str, str]) -> Decomposition:
    return next(each for each in decompositions if each.entry == key)


def test_parts_and_contributions_sum_to_the_rise_of_the_mean() -> None:
    case = on(minutes(after(80, Charge={"own_seconds": 0.2}), 95), incident(CHECKOUT, onset=80))

    found = _of(decompose(case), CHECKOUT)

    assert found.is_slower
    assert sum(part.rise for part in found.parts) == pytest.approx(found.rise, abs=1e-12)
    rises = [each.now_seconds - each.usual_seconds for each in found.contributions()]
    assert sum(rises) == pytest.approx(found.rise, abs=1e-12)
    assert sum(each.share_of_rise for each in found.contributions()) == pytest.approx(1.0)
    assert found.contributions()[0].service_name == "payments"


def test_means_are_those_of_the_critical_path_a_trace() -> None:
    case = on(minutes(lambda _: shop(), 95), incident(CHECKOUT, onset=80))

    found = _of(decompose(case), CHECKOUT)

    # 20 + 30 + 60 + 40 ms of own time and three gaps of 0.5 ms
    assert found.usual_seconds == pytest.approx(0.1515, rel=0.02)
    assert not found.is_slower
    assert all(each.share_of_rise == 0.0 for each in found.contributions())


def test_change_of_what_users_ask_for_makes_no_entry_slower() -> None:
    scene = lambda position: shop(checkout=60, browse=120) if position < 80 else shop(checkout=200, browse=10)  # noqa: E731
    case = on(minutes(scene, 95), incident(CART, onset=80))

    found = decompose(case)

    assert {each.entry for each in found} == {CHECKOUT, BROWSE}
    assert not any(each.is_slower for each in found)


def test_more_calls_a_request_are_told_from_slower_calls() -> None:
    more = on(minutes(after(80, GetCart={"per_request": 4.0}), 95), incident(CHECKOUT, onset=80))
    slower = on(minutes(after(80, GetCart={"own_seconds": 0.12}), 95), incident(CHECKOUT, onset=80))

    by_count, by_time = (_of(decompose(case), CHECKOUT).part(SeriesKey(*CART)) for case in (more, slower))

    assert by_count is not None
    assert by_time is not None
    assert by_count.rise_by_count == pytest.approx(by_count.rise, rel=0.1)
    assert abs(by_time.rise_by_count) < 0.1 * by_time.rise


def test_entry_that_was_never_seen_before_is_not_compared() -> None:
    scene = lambda position: shop(browse=0 if position < 80 else 120)  # noqa: E731
    case = on(minutes(scene, 95), incident(CHECKOUT, onset=80))

    assert [each.entry for each in decompose(case)] == [CHECKOUT]


def test_usual_movement_of_a_service_is_that_of_its_minutes() -> None:
    case = on(minutes(lambda _: shop(), 95), incident(CHECKOUT, onset=80))

    found = service_spread(case, SeriesKey(*CHECKOUT), "payments")

    assert found == pytest.approx(0.06 * 0.03, rel=0.2)  # 2 % by the builder, 3 % is the least


def test_mean_of_a_minute_without_traces_is_not_a_number() -> None:
    case = on(
        minutes(lambda position: shop(checkout=0 if position == 70 else 60), 95), incident(CHARGE, BANK, onset=80)
    )

    found = minute_means(case, SeriesKey(*CHECKOUT), case.usual)

    assert np.isnan(found).sum() == 1
