from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tracetune.domain.analysis import Ingested
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import SeriesKey
from tracetune.errors import InvalidInput, NotEnoughData
from tracetune.forecasting.learn import baselines
from tracetune.proofs.power import Caught, OperationPower, Power, power
from tracetune.proofs.replay import Teacher

TEACHER = Teacher(baselines(), 0, 1.0)


def _silent(_stage: str, _done: float, _total: float) -> None:
    return


@pytest.fixture(scope="module")
def found(shop: Ingested) -> Power:
    return power(shop, TEACHER, factors=(1.05, 5.0), trials=2, lasting_minutes=15, report=_silent)


def test_five_times_as_slow_is_caught_within_minutes_and_five_percent_never(found: Power) -> None:
    busiest = max(found.operations, key=lambda each: each.calls_a_minute)
    small, large = busiest.caught

    assert large.trials > 0
    assert len(large.delays) == large.trials
    assert all(2 <= delay <= 15 for delay in large.delays)
    assert small.delays == ()
    assert busiest.smallest == large


def test_easy_operations_stand_first_and_hopeless_ones_last(found: Power) -> None:
    order = [each.smallest.factor if each.smallest else np.inf for each in found.operations]

    assert order == sorted(order)


def test_a_service_is_caught_with_the_first_of_its_operations(found: Power) -> None:
    for service in found.services:
        own = [each for each in found.operations if each.key.service_name == service.key.service_name]

        assert len(service.caught[1].delays) >= max(len(each.caught[1].delays) for each in own)
        assert service.caught[1].trials >= max(each.caught[1].trials for each in own)


def test_slowdowns_begin_in_the_half_that_was_not_learned_from(found: Power) -> None:
    assert len(found.starts) == 2
    assert all(found.cut <= start < found.last - 15 for start in found.starts)


def test_equal_seeds_try_equal_minutes(shop: Ingested, found: Power) -> None:
    again = power(shop, TEACHER, factors=(5.0,), trials=2, lasting_minutes=15, report=_silent)

    assert again.starts == found.starts
    by_key = {each.key: each.caught[-1] for each in found.operations}
    assert {each.key: each.caught[0] for each in again.operations} == by_key


def test_a_size_counts_as_caught_only_with_all_larger_ones() -> None:
    sizes = (Caught(1.5, (5,), 1), Caught(2.0, (), 1), Caught(3.0, (5,), 1))

    assert OperationPower(SeriesKey("shop", "GET /"), 10.0, sizes).smallest == sizes[2]
    assert OperationPower(SeriesKey("shop", "GET /"), 10.0, sizes[:2]).smallest is None


@pytest.mark.parametrize(
    ("factors", "trials", "minutes", "said"),
    [((1.0,), 2, 15, "above 1"), ((), 2, 15, "above 1"), ((2.0,), 0, 15, "a trial"), ((2.0,), 2, 0, "a trial")],
)
def test_trials_that_make_no_sense_are_refused(
    shop: Ingested, factors: tuple[float, ...], trials: int, minutes: int, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        power(shop, TEACHER, factors=factors, trials=trials, lasting_minutes=minutes, report=_silent)


def test_too_short_a_history_says_how_much_is_needed(shop: Ingested) -> None:
    with pytest.raises(NotEnoughData) as raised:
        power(replace(shop, minutes=MinuteBatch.empty()), TEACHER, report=_silent)

    assert "at least 110 minutes" in raised.value.hint
