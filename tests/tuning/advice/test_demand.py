"""What each service did in each minute."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.causes.minutes_data import CHARGE, CHECKOUT, START, after, incident, minutes, pods_of, shop

from tracetune.domain.causes import Cause, CauseKind, CauseRanking
from tracetune.domain.minutes import MinuteBatch
from tracetune.tuning.advice.demand import demands, healthy

OBSERVED = np.arange(START, START + 40)


def _placed(batch_minutes: int = 40) -> MinuteBatch:
    return minutes(lambda _: shop(), batch_minutes, pods=lambda _: {"payments": pods_of(3), "bank": pods_of(2, "")})


def test_requests_in_flight_are_busy_time_a_second() -> None:
    found = demands(_placed(), OBSERVED)["payments"]

    # one call a second of 60 ms of its own, 40 ms in the bank, and the gap between them
    assert found.in_flight.mean() == pytest.approx(0.1005, rel=0.05)
    assert found.own_in_flight.mean() == pytest.approx(0.06, rel=0.05)
    assert np.nanmean(found.own_seconds()) == pytest.approx(0.06, rel=0.02)


def test_replicas_are_the_instances_that_were_seen() -> None:
    found = demands(_placed(), OBSERVED)

    assert (found["payments"].current_replicas, found["bank"].median_replicas) == (3.0, 2.0)
    assert found["payments"].names_versions
    assert not found["bank"].names_versions


def test_replicas_of_spans_without_instances_are_unknown() -> None:
    found = demands(_placed(), OBSERVED)["cart"]

    assert found.median_replicas is None
    assert found.current_replicas is None


def test_minute_without_calls_is_zero_and_has_no_own_time() -> None:
    batch = minutes(lambda position: shop(checkout=0 if position == 5 else 60), 40)

    found = demands(batch, OBSERVED)["cart"]

    assert found.calls[5] == 0
    assert np.isnan(found.own_seconds()[5])


def test_some_minutes_of_a_service_keep_their_order() -> None:
    found = demands(_placed(), OBSERVED)["payments"]

    some = found.at(OBSERVED >= START + 30)

    assert some.minutes.tolist() == list(range(START + 30, START + 40))
    assert some.hours == pytest.approx(10 / 60)


def test_minutes_of_a_fault_are_left_out_and_those_of_load_are_not() -> None:
    fault, load = incident(CHARGE, onset=10, end=15), replace(incident(CHECKOUT, onset=20, end=25), id="INC-load")
    ranking = CauseRanking(
        "INC-load", "", (Cause("frontend", "", CauseKind.LOAD, 0.8, (), ()),), None, np.nan, np.nan, ()
    )

    keep = healthy(OBSERVED, [fault, load], {"INC-load": ranking})

    assert (~keep).nonzero()[0].tolist() == [10, 11, 12, 13, 14]


def test_fault_that_goes_on_is_left_out_to_the_end() -> None:
    keep = healthy(OBSERVED, [incident(CHARGE, onset=35)], {})

    assert keep.sum() == 35


def test_changed_own_time_is_seen_in_its_minutes() -> None:
    batch = minutes(after(20, Charge={"own_seconds": 0.12}), 40)

    found = demands(batch, OBSERVED)["payments"].own_seconds()

    assert found[20:].mean() == pytest.approx(2 * found[:20].mean(), rel=0.03)
