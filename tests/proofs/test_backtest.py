from __future__ import annotations

from dataclasses import replace

import pytest

from tracetune.domain.analysis import Ingested
from tracetune.domain.minutes import MinuteBatch
from tracetune.errors import InvalidInput, NotEnoughData
from tracetune.forecasting.learn import baselines
from tracetune.proofs.backtest import Backtest, backtest
from tracetune.proofs.replay import Teacher
from tracetune.proofs.static import parse
from tracetune.proofs.truth import Happening
from tracetune.testing.build import DAY_START_UNIX_NANO

START = DAY_START_UNIX_NANO // 60_000_000_000
SLOW = Happening("release_regression", "payments", START + 150, START + 185)


def _silent(_stage: str, _done: float, _total: float) -> None:
    return


def _tested(shop: Ingested, *rules: str, happened: tuple[Happening, ...] | None = (SLOW,)) -> Backtest:
    teacher = Teacher(baselines(), 0, 1.0)
    return backtest(shop, teacher, rules=[parse(rule) for rule in rules], happened=happened, report=_silent)


def test_the_slow_release_is_one_page_soon_after_its_start_and_nothing_else_pages(shop: Ingested) -> None:
    found = _tested(shop)

    assert found.tracetune.score is not None
    ((delay,), false) = (found.tracetune.score.delays, found.tracetune.score.false)
    assert delay is not None
    assert 2 <= delay <= 20
    assert false == 0
    assert "payments" in found.tracetune.pages[0].services


def test_a_threshold_that_is_too_low_rings_for_nothing_and_one_too_high_misses(shop: Ingested) -> None:
    low, high = (_tested(shop, f"frontend POST /checkout p95>{limit}").static for limit in ("20ms", "60s"))

    assert low.score is not None
    assert high.score is not None
    assert (low.score.hits, low.score.false) == (0, 1)
    assert low.alarm_minutes == 100
    assert (high.score.hits, high.pages, high.alarm_minutes) == (0, (), 0)


def test_without_rules_they_are_looked_for_on_what_users_call_and_silent_in_the_first_half(shop: Ingested) -> None:
    found = _tested(shop)

    assert found.found
    assert {rule.service for rule in found.rules} == {"istio-ingressgateway"}
    assert all(page.at >= found.cut for page in found.static.pages)


def test_without_the_truth_there_is_agreement_and_no_score(shop: Ingested) -> None:
    found = _tested(shop, "payments p95>250ms for 3m", happened=None)

    assert found.tracetune.score is None
    assert found.both == ((0, 0),)


def test_truth_outside_the_judged_half_does_not_count(shop: Ingested) -> None:
    found = _tested(shop, happened=(Happening("errors", "cart", START + 10, START + 20), SLOW))

    assert found.happened == (SLOW,)
    assert (found.cut - found.first, found.last - found.cut) == (100, 100)


def test_a_rule_for_a_service_that_is_not_there_is_refused_before_anything_is_learned(shop: Ingested) -> None:
    with pytest.raises(InvalidInput, match="no service 'billing'"):
        _tested(shop, "billing p95>1s")


def test_too_short_a_history_says_how_much_is_needed(shop: Ingested) -> None:
    with pytest.raises(NotEnoughData) as raised:
        _tested(replace(shop, minutes=MinuteBatch.empty()))

    assert "60 minutes" in raised.value.hint
