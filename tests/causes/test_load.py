"""Whether there was more traffic than expected."""

from __future__ import annotations

import numpy as np
import pytest
from tests.causes.minutes_data import CHECKOUT, Entry, after, incident, minutes, on, shop

from tracetune.causes.compare import decompose
from tracetune.causes.load import is_slow_at_usual_load, load, minutes_that_served_as_much, quickest_seconds
from tracetune.domain.series import SeriesKey

KEY = SeriesKey(*CHECKOUT)


def _surge(position: int) -> list[Entry]:
    return shop(checkout=120 if position >= 80 else 60)


def test_traffic_is_compared_with_the_forecast() -> None:
    case = on(minutes(_surge, 95), incident(CHECKOUT, onset=80), expected_calls={KEY: 50.0})

    found = load(case, [KEY])

    assert found is not None
    assert found.source == "expected"
    assert found.ratio == pytest.approx(120 / 50, rel=0.1)
    assert found.upper == pytest.approx(65.0)
    assert found.is_surge


def test_forecast_that_followed_the_surge_gives_way_to_the_minutes_before() -> None:
    case = on(minutes(_surge, 95), incident(CHECKOUT, onset=80), expected_calls={KEY: 118.0})

    found = load(case, [KEY])

    assert found is not None
    assert found.source == "usual"
    assert found.is_surge


def test_everyday_movement_is_no_surge() -> None:
    case = on(minutes(lambda _: shop(), 95), incident(CHECKOUT, onset=80))

    found = load(case, [KEY])

    assert found is not None
    assert not found.is_surge


def test_operations_without_series_have_no_load() -> None:
    case = on(minutes(lambda _: shop(), 95), incident(CHECKOUT, onset=80))

    assert load(case, [SeriesKey("nobody", "nothing")]) is None


def test_traffic_that_is_new_has_no_factor() -> None:
    case = on(minutes(lambda position: shop(browse=120 if position >= 80 else 0), 95), incident(CHECKOUT, onset=80))

    found = load(case, [SeriesKey("frontend", "GET /products")])

    assert found is not None
    assert found.factor == "new"


@pytest.mark.parametrize(("slow_until", "outlasts"), [(95, False), (120, True)])
def test_slowness_that_outlasts_the_surge_is_not_explained_by_it(slow_until: int, outlasts: bool) -> None:
    def scene(position: int) -> list[Entry]:
        slow = {"Charge": {"own_seconds": 0.3}} if 80 <= position < slow_until else None
        return shop(checkout=150 if 80 <= position < 95 else 60, change=slow)

    case = on(minutes(scene, 120), incident(CHECKOUT, onset=80, end=120))
    entry = next(each for each in decompose(case) if each.entry == KEY)

    assert is_slow_at_usual_load(case, entry, [KEY], 90.0) is outlasts


def test_without_calm_minutes_nothing_is_said_about_outlasting() -> None:
    case = on(minutes(_surge, 95), incident(CHECKOUT, onset=80))
    entry = next(each for each in decompose(case) if each.entry == KEY)

    assert is_slow_at_usual_load(case, entry, [KEY], 80.0) is None


def test_minutes_that_served_as_much_in_the_usual_time_are_counted() -> None:
    def scene(position: int) -> list[Entry]:
        slow = {"Charge": {"own_seconds": 0.3}} if position >= 80 else None
        return shop(checkout=150 if position >= 80 or position < 12 else 60, change=slow)

    case = on(minutes(scene, 95), incident(CHECKOUT, onset=80))
    entry = next(each for each in decompose(case) if each.entry == KEY)

    assert minutes_that_served_as_much(case, entry, [KEY], 150.0) >= 8
    assert minutes_that_served_as_much(case, entry, [KEY], 400.0) == 0


def test_fastest_calls_move_with_the_work_but_not_with_the_waiting() -> None:
    works = on(minutes(after(80, Charge={"own_seconds": 0.18}), 95), incident(CHECKOUT, onset=80))
    waits = on(minutes(after(80, Charge={"own_seconds": 0.12, "spread": 1.0}), 95), incident(CHECKOUT, onset=80))

    usual, now = quickest_seconds(works, "payments")
    usual_before, now_waiting = quickest_seconds(waits, "payments")

    assert now == pytest.approx(3 * usual, rel=0.1)
    assert now_waiting < 1.2 * usual_before
    assert np.isnan(quickest_seconds(works, "nobody")).all()
