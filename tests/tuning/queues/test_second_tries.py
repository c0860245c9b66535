"""What a second try would have met."""

from __future__ import annotations

import numpy as np
import pytest
from tests.tuning.queue_data import GATEWAY, LOOP, network, requests, sample

from tracetune.testing.networks import calls_of
from tracetune.tuning.queues.observed import Bools, Floats, Names, Observed, observe
from tracetune.tuning.queues.second_tries import SecondTry, second_tries


def _seen() -> tuple[Observed, Names]:
    return observe(sample())


def _calls(observed: Observed, names: Names) -> Bools:
    mine: Bools = observed.service == names.services.index(f"s{LOOP}")
    return mine


def _found(observed: Observed, names: Names, is_error: Bools) -> SecondTry | None:
    found = second_tries(observed._replace(is_error=is_error), names)
    return next((each for each in found if (each.client, each.server) == (f"s{GATEWAY}", f"s{LOOP}")), None)


def test_failures_that_come_one_by_one_are_mostly_met_by_a_good_call() -> None:
    observed, names = _seen()
    by_chance = np.random.default_rng(1).random(len(observed.sent)) < 0.2

    found = _found(observed, names, _calls(observed, names) & by_chance)

    assert found is not None
    assert found.failed == pytest.approx(0.2, abs=0.03)
    assert found.recovered == pytest.approx(0.8, abs=0.05)
    assert found.hung == pytest.approx(0.0, abs=0.02)


def test_an_outage_is_met_by_the_next_failure() -> None:
    observed, names = _seen()
    out = (observed.sent > 20) & (observed.sent < 35)

    found = _found(observed, names, _calls(observed, names) & out)

    assert found is not None
    assert found.recovered < 0.05


def test_calls_that_hang_count_as_failed_from_twice_the_tail_on() -> None:
    observed, names = observe(calls_of(requests(40.0, 180), network()))
    by_chance = (np.random.default_rng(2).random(len(observed.sent)) < 0.1) & (observed.sent > 125)
    mine = _calls(observed, names) & by_chance
    longer: Floats = np.where(mine, 5.0, 0.0)
    slow = observed._replace(ended=observed.ended + longer, returned=observed.returned + longer)

    found = _found(slow, names, np.zeros(len(mine), np.bool_))

    assert found is not None
    assert found.hung == 1.0
    assert found.recovered > 0.85
    assert 0.25 <= found.per_try_seconds < 5.0


def test_a_failure_of_a_callee_is_none_of_its_caller() -> None:
    observed, names = _seen()
    bad = _calls(observed, names) & (np.random.default_rng(1).random(len(observed.sent)) < 0.3)
    bad[observed.parent[bad]] = True  # the gateway fails with it

    found = second_tries(observed._replace(is_error=bad), names)

    assert {each.server for each in found} == {f"s{LOOP}"}


def test_a_healthy_application_has_nothing_to_try_again() -> None:
    assert second_tries(*_seen()) == ()
