"""Trying again where the next call was mostly well."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.tuning.queue_data import LOOP, model

from tracetune.domain.advice import Advice, Knob
from tracetune.tuning.advice.tries import left_after, retries_of, room_for_tries, tries
from tracetune.tuning.queues.second_tries import SecondTry

SEEN = SecondTry("web", "search", 500, failed=0.3, hung=0.0, recovered=0.7, per_try_seconds=0.41, calm_calls=2000)


def _advice(seen: SecondTry, told: set[tuple[str, str]] | None = None, busy: float = 0.2) -> list[Advice]:
    station = replace(model().stations[LOOP], service_name="search", busy_share=busy)
    return list(tries([seen], [station], told or set()))


def test_a_call_is_retried_with_a_limit_for_each_try() -> None:
    (found,) = _advice(SEEN)

    assert (found.target_service, found.peer, found.knob, found.target) == ("web", "search", Knob.RETRIES, 2.0)
    assert dict(found.details) == {"perTryTimeout": 0.41, "timeout": 1.3}
    assert found.reasons[0] == "Retry calls from web to search twice, each try for at most 410 ms"
    assert found.effect.startswith("2.7 % of the calls still fail in place of 30 %")


def test_one_retry_is_enough_where_it_leaves_less_than_one_in_a_hundred() -> None:
    rare = replace(SEEN, failed=0.05, recovered=0.95)

    assert retries_of(rare) == 1
    assert left_after(rare, 1) == pytest.approx(0.0025)


@pytest.mark.parametrize("change", [{"recovered": 0.4}, {"failed": 0.01}, {"failed": 0.07, "recovered": 0.6}])
def test_an_outage_a_lost_call_and_a_pause_are_not_retried(change: dict[str, float]) -> None:
    assert not _advice(replace(SEEN, **change))  # type: ignore[arg-type]


def test_a_callee_that_the_tries_would_fill_gets_none() -> None:
    assert not _advice(SEEN, busy=0.6)


def test_calls_that_are_repeated_already_have_their_own_advice() -> None:
    assert not _advice(SEEN, told={("web", "search")})


def test_timeouts_leave_room_for_all_tries() -> None:
    assert room_for_tries(_advice(SEEN)) == {("web", "search"): 1.3}
