"""Retry budgets."""

from __future__ import annotations

import numpy as np

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.tuning.advice.budgets import budgets
from tracetune.tuning.advice.demand import Demand


def _retries(client: str, server: str = "payments") -> Advice:
    return Advice(client, server, Knob.RETRIES, Action.SET, "retries", 3.0, 0.0, 1.0, 1.0, Confidence.MEDIUM, ("why",))


def _demand(calls: list[float]) -> Demand:
    values = np.array(calls, np.float64)
    ones = np.ones(len(calls))
    return Demand("payments", np.arange(len(calls)), values, values / 60, values / 60, ones, 3, names_versions=True)


def test_callee_that_carried_more_once_may_get_that_much_in_retries() -> None:
    (advice,) = budgets([_retries("cart"), _retries("checkout")], {"payments": _demand([100.0] * 99 + [112.0])})

    assert (advice.knob, advice.target_service, advice.target) == (Knob.RETRY_BUDGET, "payments", 12.0)
    assert advice.details == (("percent", 12.0), ("minRetryConcurrency", 3.0))
    assert "retries of cart, checkout multiplied its calls while it failed" in advice.reasons


def test_budget_stays_between_what_hides_a_lost_call_and_what_envoy_allows() -> None:
    (least,) = budgets([_retries("cart")], {"payments": _demand([100.0] * 100)})
    (most,) = budgets([_retries("cart")], {"payments": _demand([100.0] * 99 + [900.0])})

    assert (least.target, most.target) == (5.0, 20.0)


def test_callee_without_spans_of_its_own_gets_no_budget() -> None:
    assert list(budgets([_retries("cart", "bank")], {"payments": _demand([1.0])})) == []
