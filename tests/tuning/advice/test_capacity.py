"""How each service used its replicas."""

from __future__ import annotations

import math

import pytest
from tests.causes.minutes_data import BROWSE, CHECKOUT, learned, minutes, pods_of, shop

from tracetune.domain.advice import Capacity
from tracetune.domain.series import SeriesKey
from tracetune.tuning.advice.capacity import capacities

BATCH = minutes(lambda _: shop(), 40, pods=lambda _: {"payments": pods_of(3)})


def _of(found: tuple[Capacity, ...], service: str) -> Capacity:
    return next(each for each in found if each.service_name == service)


def test_busiest_service_stands_first_and_every_service_is_there() -> None:
    found = capacities(BATCH, learned(BATCH))

    assert [each.service_name for each in found][:2] == ["frontend", "payments"]
    assert {each.service_name for each in found} == {"frontend", "payments", "cart", "bank", "catalog"}


def test_load_and_concurrency_are_measured() -> None:
    found = _of(capacities(BATCH, learned(BATCH)), "payments")

    assert found.replicas == 3.0
    assert found.calls_per_second == pytest.approx(1.2, abs=0.1)  # the busy end of 60 a minute
    assert found.busy_mean == pytest.approx(0.1, rel=0.1)
    assert found.busy_peak > found.busy_mean
    assert found.concurrency_peak >= 1


def test_forecast_load_is_the_ninetieth_percentile_summed_over_operations() -> None:
    known = learned(BATCH, expected_calls={SeriesKey(*CHECKOUT): 60.0, SeriesKey(*BROWSE): 120.0})

    found = capacities(BATCH, known)

    assert _of(found, "frontend").forecast_calls_per_second == pytest.approx(1.15 * 180 / 60)
    assert math.isnan(_of(found, "payments").forecast_calls_per_second)


def test_forecast_of_a_small_part_of_the_calls_is_none() -> None:
    found = capacities(BATCH, learned(BATCH, expected_calls={SeriesKey(*CHECKOUT): 60.0}))

    assert math.isnan(_of(found, "frontend").forecast_calls_per_second)


def test_without_forecast_the_load_to_come_is_unknown_and_replicas_of_unnamed_instances_too() -> None:
    found = _of(capacities(BATCH, learned(BATCH)), "cart")

    assert math.isnan(found.forecast_calls_per_second)
    assert found.replicas is None
