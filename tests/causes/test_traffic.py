"""Who calls whom more often."""

from __future__ import annotations

import pytest
from tests.causes.minutes_data import CHECKOUT, after, incident, minutes, on, shop

from tracetune.causes.compare import decompose
from tracetune.causes.traffic import error_ratios, mix_shift, more_calls


def test_caller_that_multiplies_calls_is_found_from_below() -> None:
    scene = after(80, **{"Charge": {"per_request": 3.0}, "POST /charge": {"per_request": 3.0}})
    case = on(minutes(scene, 95), incident(CHECKOUT, onset=80))

    found = more_calls(case, "bank")  # payments calls the bank once a call, as ever; frontend is behind it

    assert found is not None
    assert (found.client, found.server) == ("frontend", "payments")
    assert found.now_per_call == pytest.approx(3 * found.usual_per_call, rel=0.1)


def test_nobody_multiplies_calls_when_only_traffic_grows() -> None:
    scene = lambda position: shop(checkout=60, browse=120) if position < 80 else shop(checkout=120, browse=240)  # noqa: E731
    case = on(minutes(scene, 95), incident(CHECKOUT, onset=80))

    assert more_calls(case, "bank") is None


def test_entry_that_won_a_share_of_all_requests_is_the_shift() -> None:
    scene = lambda position: shop(checkout=60) if position < 80 else shop(checkout=200, browse=20)  # noqa: E731
    case = on(minutes(scene, 95), incident(CHECKOUT, onset=80))

    found = mix_shift(decompose(case))

    assert found is not None
    assert found.entry == CHECKOUT
    assert found.usual_share == pytest.approx(1 / 3, abs=0.02)
    assert found.now_share == pytest.approx(10 / 11, abs=0.02)


def test_steady_mix_and_no_entries_are_no_shift() -> None:
    case = on(minutes(lambda _: shop(), 95), incident(CHECKOUT, onset=80))

    assert mix_shift(decompose(case)) is None
    assert mix_shift(()) is None


def test_error_ratios_are_those_before_and_during() -> None:
    case = on(minutes(after(80, Charge={"error_ratio": 0.3}), 95), incident(CHECKOUT, onset=80))

    usual, now = error_ratios(case, "payments")

    assert usual == 0.0
    assert now == pytest.approx(0.3, abs=0.02)
