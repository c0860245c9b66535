"""Connection pools from measured concurrency."""

from __future__ import annotations

import numpy as np
import pytest
from tests.causes.minutes_data import START, minutes, pods_of, shop

from tracetune.domain.advice import Advice, Confidence
from tracetune.tuning.advice.demand import demands
from tracetune.tuning.advice.links import connections
from tracetune.tuning.advice.pools import pools


def _pools(*, charge_seconds: float, instances: int, count: int = 40, healthy: int = 40) -> dict[str, Advice]:
    batch = minutes(
        lambda _: shop(checkout=300, browse=10, change={"Charge": {"own_seconds": charge_seconds}}),
        count,
        pods=lambda _: {"frontend": pods_of(instances)},
    )
    observed = np.arange(START, START + count)
    good = np.arange(count) < healthy
    found = pools(connections(batch.links, observed, good), demands(batch, observed), good)
    return {each.peer: each for each in found}


def test_limit_is_the_highest_concurrency_of_one_instance_with_a_fifth_on_top() -> None:
    found = _pools(charge_seconds=2.0, instances=2)["payments"]

    # five calls a second of two seconds are ten open requests, five of each of two instances, in the busiest minute six
    assert found.target == pytest.approx(1.2 * (6 + 3.09 * 6**0.5), abs=2.0)
    assert found.lower is not None
    assert found.target is not None
    assert found.upper is not None
    assert found.lower <= found.target <= found.upper
    assert found.confidence is Confidence.LOW


def test_more_instances_of_the_caller_need_fewer_connections_each() -> None:
    two, five = (_pools(charge_seconds=2.0, instances=count)["payments"].target for count in (2, 5))

    assert two is not None
    assert five is not None
    assert five < two


def test_connection_that_is_hardly_used_gets_no_limit() -> None:
    assert _pools(charge_seconds=0.06, instances=2) == {}


def test_caller_of_unknown_instances_or_few_minutes_gets_no_limit() -> None:
    assert "bank" not in _pools(charge_seconds=2.0, instances=2)
    assert _pools(charge_seconds=2.0, instances=2, healthy=20) == {}
