"""Sums over minute tables."""

from __future__ import annotations

import numpy as np
import pytest
from tests.causes.minutes_data import START, minutes, shop

from tracetune.causes.sums import only, per_minute, spread, totals, within
from tracetune.domain.minutes import column


def test_totals_are_those_of_the_chosen_minutes_by_label() -> None:
    batch = minutes(lambda _: shop(), 10)

    found = totals(within(batch.operations, np.arange(START, START + 4)), ("service_name",), ("calls",))

    rows = batch.operations.filter(column(batch.operations, "minute") < START + 4).to_pylist()
    assert found["cart",][0] == sum(row["calls"] for row in rows if row["service_name"] == "cart")
    assert set(found) == {("frontend",), ("cart",), ("payments",), ("bank",), ("catalog",)}


def test_totals_of_no_rows_are_empty() -> None:
    batch = minutes(lambda _: shop(), 3)

    found = totals(within(batch.links, np.array([1])), ("client", "server"), ("calls", "errors"))

    assert found == {}


def test_minute_without_rows_is_zero_in_its_place() -> None:
    batch = minutes(lambda position: shop() if position != 1 else [], 3)

    found = per_minute(only(batch.operations, service_name="cart"), np.arange(START, START + 3), "calls")

    assert found[1] == 0
    assert found[0] > 0 < found[2]


def test_label_that_does_not_occur_selects_nothing() -> None:
    batch = minutes(lambda _: shop(), 2)

    found = only(batch.paths, entry_service="nobody")

    assert len(found) == 0


def test_spread_is_the_standard_deviation_of_normal_values_and_ignores_a_freak() -> None:
    values = np.random.default_rng(1).normal(10.0, 2.0, 2_000)
    values[0] = 1e6

    found = spread(values, least=0.1)

    assert found == pytest.approx(2.0, rel=0.1)


def test_spread_of_equal_or_missing_values_is_the_least() -> None:
    assert spread(np.full(5, 3.0), least=0.25) == 0.25
    assert spread(np.full(5, np.nan), least=0.25) == 0.25
