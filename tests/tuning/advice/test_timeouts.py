"""Timeouts of calls between services."""

from __future__ import annotations

import numpy as np
import pytest

from tracetune.domain.advice import Action, Advice, Confidence
from tracetune.domain.histograms import Histograms, bucket_of
from tracetune.tuning.advice.links import Connection
from tracetune.tuning.advice.margins import margin
from tracetune.tuning.advice.timeouts import ABOVE_CALLEE, LEAST_SECONDS, PADDING, timeouts

Pair = tuple[str, str]


def _connection(client: str, server: str, *seconds: float, calls: int = 20_000, seed: int = 5) -> Connection:
    """One operation for each of these median durations, lognormal with sigma 0.3."""
    rng = np.random.default_rng(seed)
    rows, buckets = [], []
    for row, median in enumerate(seconds):
        duration = median * rng.lognormal(0.0, 0.3, calls)
        buckets.append(bucket_of((duration * 1e9).astype(np.int64)))
        rows.append(np.full(calls, row, np.int64))
    ones = np.ones(calls * len(seconds), np.uint64)
    durations = Histograms.from_entries(len(seconds), np.concatenate(rows), np.concatenate(buckets), ones)
    minute = np.zeros(1)
    return Connection(
        client, server, minute, minute, minute, tuple(f"op{row}" for row in range(len(seconds))), durations
    )


def _advise(*connections: Connection, hours: float = 24.0) -> dict[Pair, Advice]:
    found = timeouts({(each.client, each.server): each for each in connections}, hours)
    return {(each.target_service, each.peer): each for each in found}


def test_timeout_is_twice_what_all_but_one_in_a_thousand_healthy_calls_took() -> None:
    found = _advise(_connection("cart", "redis-api", 0.4))["cart", "redis-api"]

    tail = 0.4 * np.exp(3.09 * 0.3)  # the 99.9th percentile of the lognormal
    assert found.lower == pytest.approx(tail, rel=0.06)
    assert found.target == pytest.approx(tail * (PADDING + margin(24.0)), rel=0.08)
    assert found.confidence is Confidence.MEDIUM
    assert found.upper is not None
    assert found.target is not None
    assert found.upper >= found.target


def test_slowest_operation_of_a_connection_decides() -> None:
    found = _advise(_connection("cart", "search", 0.05, 1.0))["cart", "search"]

    assert found.lower is not None
    assert found.lower > 2.0
    assert "op1" in found.reasons[1]


def test_the_load_to_come_stretches_the_tail() -> None:
    known = {("cart", "stock"): _connection("cart", "stock", 0.4)}

    (usual,), (longer,) = timeouts(known, 24.0), timeouts(known, 24.0, {"stock": 1.5})

    assert usual.target is not None
    assert longer.target is not None
    assert longer.target == pytest.approx(1.5 * usual.target, rel=0.05)
    assert "at the load to come the tail of stock is 1.5× as long" in longer.reasons[2]


def test_callers_outlast_all_tries_of_a_call() -> None:
    known = {("web", "cart"): _connection("web", "cart", 0.1), ("cart", "stock"): _connection("cart", "stock", 0.1)}

    found = {each.peer: each.target for each in timeouts(known, 24.0, at_least={("cart", "stock"): 3.0})}

    assert found == {"stock": 3.0, "cart": 3.3}


def test_caller_outlasts_its_callee_at_every_depth() -> None:
    chain = [_connection("web", "cart", 0.2), _connection("cart", "stock", 0.2), _connection("stock", "db", 0.3)]

    found = _advise(*chain)

    targets = [found[pair].target or 0.0 for pair in (("web", "cart"), ("cart", "stock"), ("stock", "db"))]
    assert targets[0] >= ABOVE_CALLEE * targets[1] >= ABOVE_CALLEE**2 * targets[2]
    assert any("it outlasts" in reason for reason in found["web", "cart"].reasons)


def test_ring_of_calls_keeps_its_own_timeouts_and_those_above_it_outlast_them() -> None:
    ring = [_connection("a", "b", 0.2), _connection("b", "c", 0.2), _connection("c", "a", 0.2)]

    found = _advise(*ring, _connection("web", "a", 0.1))

    (target,) = {advice.target for (client, _), advice in found.items() if client != "web"}
    above = found["web", "a"].target
    assert target is not None
    assert above is not None
    assert above >= ABOVE_CALLEE * target


def test_quick_calls_get_no_timeout_below_the_least() -> None:
    assert _advise(_connection("a", "b", 0.002))["a", "b"].target == LEAST_SECONDS


def test_tail_that_was_not_seen_sets_nothing() -> None:
    found = _advise(_connection("a", "b", 0.4, calls=9_000))["a", "b"]

    assert found.action is Action.CANNOT_SAY


def test_short_history_lowers_the_confidence() -> None:
    found = _advise(_connection("a", "b", 0.4), hours=1.0)["a", "b"]

    assert found.confidence is Confidence.LOW


def test_too_few_calls_cannot_say_and_tell_how_many_would_do() -> None:
    found = _advise(_connection("a", "b", 0.4, calls=812))["a", "b"]

    assert found.action is Action.CANNOT_SAY
    assert found.target is None
    assert "812 healthy calls" in found.reasons[0]
    assert "10,000" in found.unlock


def test_short_history_widens_the_timeout() -> None:
    long, short = (_advise(_connection("a", "b", 0.4), hours=hours)["a", "b"] for hours in (24.0, 1.0))

    assert long.target is not None
    assert short.target is not None
    assert short.target > long.target
