"""Retries that traces show."""

from __future__ import annotations

import numpy as np
import pytest
from tests.causes.minutes_data import START, Scene, minutes, pods_of, shop

from tracetune.domain.advice import Action, Advice, Knob
from tracetune.tuning.advice.demand import demands
from tracetune.tuning.advice.links import connections
from tracetune.tuning.advice.retries import retries


def _retries(scene: Scene, count: int = 40) -> tuple[Advice, ...]:
    batch = minutes(scene, count, pods=lambda _: {"frontend": pods_of(2)})
    observed = np.arange(START, START + count)
    return retries(connections(batch.links, observed, np.ones(count, np.bool_)), demands(batch, observed))


def _failing(per_request: float, error_ratio: float) -> Scene:
    change = {"Charge": {"per_request": per_request, "error_ratio": error_ratio}}
    return lambda position: shop(change=change if position >= 30 else None)


def test_retries_that_mostly_fail_are_advised_away() -> None:
    found = _retries(_failing(3.0, 0.7))

    assert [(each.target_service, each.peer, each.knob) for each in found] == [("frontend", "payments", Knob.RETRIES)]
    assert (found[0].current, found[0].target) == (2.0, 0.0)
    assert found[0].reasons[0].startswith("retry calls from frontend to payments never: retries multiplied them by ")


def test_first_retry_is_kept_where_most_calls_succeed() -> None:
    found = _retries(_failing(2.5, 0.2))

    assert (found[0].action, found[0].current, found[0].target) == (Action.SET, 2.0, 1.0)


def test_single_retry_that_helps_is_kept() -> None:
    found = _retries(_failing(1.5, 0.3))

    assert (found[0].action, found[0].target) == (Action.KEEP, 1.0)


@pytest.mark.parametrize(("per_request", "error_ratio"), [(1.0, 0.7), (3.0, 0.0)])
def test_failures_without_more_calls_or_more_calls_without_failures_are_no_retries(
    per_request: float, error_ratio: float
) -> None:
    assert _retries(_failing(per_request, error_ratio)) == ()
