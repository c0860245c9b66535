"""One bad instance of several."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.causes.minutes_data import CHARGE, Pods, after, incident, minutes, on, pods_of, shop

from tracetune.causes.instances import instances


def _one_slow(position: int) -> Mapping[str, Pods]:
    slow = 6.0 if position >= 80 else 1.0
    return {"payments": Pods((("p-0", "", 0.34, 1.0), ("p-1", "", 0.33, 1.0), ("p-2", "", 0.33, slow)))}


def test_instance_that_needs_longer_than_its_equals_stands_out() -> None:
    case = on(minutes(lambda _: shop(), 95, pods=_one_slow), incident(CHARGE, onset=80))

    found = instances(case, "payments")

    assert found.judged == 3
    assert found.bad is not None
    assert found.bad.instance == "p-2"
    assert found.bad.is_slower
    assert found.bad.own_seconds == pytest.approx(6 * found.bad.others_own_seconds, rel=0.05)


def test_instances_that_are_all_slow_are_alike() -> None:
    batch = minutes(after(80, Charge={"own_seconds": 0.3}), 95, pods=lambda _: {"payments": pods_of(3)})
    case = on(batch, incident(CHARGE, onset=80))

    found = instances(case, "payments")

    assert found.judged == 3
    assert found.bad is None


def test_unnamed_instances_and_those_of_few_calls_are_not_judged() -> None:
    few = Pods((("p-0", "", 0.999, 1.0), ("p-1", "", 0.001, 9.0)))
    case = on(minutes(lambda _: shop(), 95, pods=lambda _: {"payments": few}), incident(CHARGE, onset=80))

    assert instances(case, "payments").judged == 1
    assert instances(case, "cart").judged == 0
