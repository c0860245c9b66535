"""Retry budgets: how much of a callee's load retries may be, so that they cannot keep it down."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.tuning.advice.demand import Demand, peak

MOST_PERCENT, LEAST_PERCENT = 20.0, 5.0
"""Envoy's default share of retries among active requests, and the least that still hides a lost call."""

LEAST_CONCURRENCY = 3.0
"""Envoy's default: so many retries are always allowed, or rare calls would never be tried again."""


def budgets(retries: Iterable[Advice], demands: Mapping[str, Demand]) -> Iterator[Advice]:
    """A budget for every callee on which retries were seen to multiply calls.

    Retries may take what the callee once carried above its usual peak, and no more than a fifth of the active requests.

    Args:
        retries: the advice on retries; its peers are the callees.
        demands: what each service carried.

    Source: Envoy, CircuitBreakers.Thresholds.RetryBudget; Istio, DestinationRule, TrafficPolicy.RetryBudget.
    """
    callers: dict[str, list[str]] = {}
    for each in retries:
        callers.setdefault(each.peer, []).append(each.target_service)
    for callee, names in sorted(callers.items()):
        if callee in demands:
            yield _advice(demands[callee], sorted(names))


def _advice(callee: Demand, callers: list[str]) -> Advice:
    spare = _spare(callee)
    percent = float(math.floor(100 * min(max(spare, LEAST_PERCENT / 100), MOST_PERCENT / 100)))
    carried = (
        f"{callee.service_name} once carried {words.share(spare)} more than its usual peak"
        if spare >= LEAST_PERCENT / 100
        else f"{callee.service_name} was never seen to carry more than its usual peak"
    )
    return Advice(
        callee.service_name,
        "",
        Knob.RETRY_BUDGET,
        Action.SET,
        "%",
        None,
        LEAST_PERCENT,
        percent,
        MOST_PERCENT,
        Confidence.MEDIUM,
        (
            f"Let retries be at most {percent:.0f} % of the active calls of {callee.service_name}",
            carried,
            f"retries of {', '.join(callers)} multiplied its calls while it failed",
        ),
        effect=f"however many layers retry, a failure adds at most {percent:.0f} % to the calls of {callee.service_name}",
        risk="beyond the budget a failed call is not tried again; watch envoy_cluster_upstream_rq_retry_overflow",
        details=(("percent", percent), ("minRetryConcurrency", LEAST_CONCURRENCY)),
    )


def _spare(demand: Demand) -> float:
    """What the busiest minute had above the usual peak, as a share of that peak; 0 or more."""
    usual = peak(demand.calls)
    return max(0.0, float(np.max(demand.calls, initial=0.0)) / usual - 1) if usual else 0.0
