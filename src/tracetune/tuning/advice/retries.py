"""Retries, where the traces show that callers repeat failed calls and how far that multiplies the load."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.tuning.advice.demand import Demand
from tracetune.tuning.advice.links import Connection, callees_of, reachable

CALM = 0.01
"""Minutes with fewer errors than this show how many calls one request needs when nothing fails."""

FAILING = 0.1
"""Minutes with more errors than this show how often failed calls are repeated."""

LEAST_MINUTES = 3
AMPLIFIES = 1.3
"""Callers that send this many times the usual calls per request while calls fail are repeating them."""

MESH_RETRIES = 2
"""How often Istio tries again where nothing is set (VirtualService, HTTPRetry: the default is two attempts more)."""

HELPS = 0.5
"""A second try is worth its load when at least half of the calls succeed."""


def retries(connections: Mapping[tuple[str, str], Connection], demands: Mapping[str, Demand]) -> tuple[Advice, ...]:
    """Advice for every connection on which calls were seen to be repeated while they failed.

    Minutes of the same connection are compared: calls sent per call that the caller received, while calls fail, over the
    same while they do not. More attempts than that are the caller's retries (or a mesh's: Istio tries twice more by
    default), and they add load to a service that is failing already.
    """
    depths = _depths(connections)
    found = (
        _advice(connection, demands[names[0]], depths[names])
        for names, connection in connections.items()
        if names[0] in demands
    )
    return tuple(advice for advice in found if advice)


def _advice(connection: Connection, caller: Demand, depth: int) -> Advice | None:
    sent = (connection.calls >= 20) & (caller.calls > 0)
    ratio = np.divide(connection.errors, connection.calls, out=np.zeros(len(sent)), where=connection.calls > 0)
    calm, failing = sent & (ratio < CALM), sent & (ratio >= FAILING)
    if min(np.count_nonzero(calm), np.count_nonzero(failing)) < LEAST_MINUTES:
        return None
    usual = connection.calls[calm].sum() / caller.calls[calm].sum()
    now = connection.calls[failing].sum() / caller.calls[failing].sum()
    attempts = float(now / usual)
    if attempts < AMPLIFIES:
        return None
    errors = float(connection.errors[failing].sum() / connection.calls[failing].sum())
    return _told(_Failure(connection, attempts, errors, int(np.count_nonzero(failing)), depth))


@dataclass(frozen=True, slots=True)
class _Failure:
    """What happened on a connection while its calls failed."""

    connection: Connection
    attempts: float  # for each call that was usual
    error_ratio: float
    minutes: int
    depth: int  # connections from where users call to this one, itself included

    @property
    def between(self) -> str:
        return f"from {self.connection.client} to {self.connection.server}"

    def attempts_with(self, retries: float) -> float:
        """Mean attempts a call with so many retries at the same error ratio: 1 + e + … + e^n."""
        return sum(self.error_ratio**attempt for attempt in range(int(retries) + 1))


def _told(seen: _Failure) -> Advice:
    current = float(max(1, math.ceil(seen.attempts - 1.1)))  # n retries give at most 1 + n attempts
    target = 1.0 if seen.error_ratio <= 1 - HELPS else 0.0
    keeps = current <= target
    return Advice(
        seen.connection.client,
        seen.connection.server,
        Knob.RETRIES,
        Action.KEEP if keeps else Action.SET,
        "retries",
        current,
        0.0,
        min(current, target),
        target if keeps else 1.0,
        Confidence.MEDIUM,
        _reasons(seen, current, target),
        effect="" if keeps else _effect(seen, target),
        risk=_risk(seen, min(current, target)),
    )


def _reasons(seen: _Failure, current: float, target: float) -> tuple[str, ...]:
    if current <= target:
        return (f"Keep {current:.0f} retry of calls {seen.between}: {seen.attempts:.1f} calls where one was usual",)
    succeeded = words.share(1 - seen.error_ratio)
    return (
        f"retry calls {seen.between} {'once' if target else 'never'}: retries multiplied them by {seen.attempts:.1f}",
        f"{words.share(seen.error_ratio)} failed in {seen.minutes} minutes, and {seen.attempts:.1f} were sent where one is usual",
        f"{succeeded} of calls succeeded, so one more try is worth it and further ones are not"
        if target
        else f"only {succeeded} of calls succeeded, so another try mostly fails as well",
    )


def _effect(seen: _Failure, target: float) -> str:
    return (
        f"in such a failure {words.times(seen.attempts_with(target))} the usual calls in place of "
        f"{words.times(seen.attempts)}"
    )


def _risk(seen: _Failure, retries: float) -> str:
    """What retries at every layer above would multiply to, and what is lost without them."""
    if not retries:
        return "a single lost call is no longer hidden from users: retry where the request begins, not here"
    if seen.depth < 2:
        return ""
    worst = (MESH_RETRIES + 1) ** (seen.depth - 1) * (retries + 1)
    return (
        f"{seen.depth} layers deep: if each layer above tries {MESH_RETRIES} times more, as Istio does by default, one request "
        f"becomes up to {worst:.0f} calls of {seen.connection.server}. Retry at one layer only"
    )


def _depths(connections: Mapping[tuple[str, str], Connection]) -> Mapping[tuple[str, str], int]:
    """For each connection how many lie on the longest way from where users call, itself included; rings count for none."""
    callees = callees_of(connections)
    callers: dict[str, list[str]] = defaultdict(list)
    for client, server in connections:
        if client not in reachable(server, callees):
            callers[server].append(client)

    @cache
    def layers_above(name: str) -> int:
        return max((1 + layers_above(caller) for caller in callers[name]), default=0)

    return {(client, server): 1 + layers_above(client) for client, server in connections}
