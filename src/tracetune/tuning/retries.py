"""Retries, where the traces show that callers repeat failed calls and how far that multiplies the load."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.tuning.demand import Demand
from tracetune.tuning.links import Connection

CALM = 0.01
"""Minutes with fewer errors than this show how many calls one request needs when nothing fails."""

FAILING = 0.1
"""Minutes with more errors than this show how often failed calls are repeated."""

LEAST_MINUTES = 3
AMPLIFIES = 1.3
"""Callers that send this many times the usual calls per request while calls fail are repeating them."""

HELPS = 0.5
"""A second try is worth its load when at least half of the calls succeed."""


def retries(connections: Mapping[tuple[str, str], Connection], demands: Mapping[str, Demand]) -> tuple[Advice, ...]:
    """Advice for every connection on which calls were seen to be repeated while they failed.

    Minutes of the same connection are compared: calls sent per call that the caller received, while calls fail, over the
    same while they do not. More attempts than that are the caller's retries (or a mesh's: Istio tries twice more by
    default), and they add load to a service that is failing already.
    """
    found = (_advice(connection, demands[names[0]]) for names, connection in connections.items() if names[0] in demands)
    return tuple(advice for advice in found if advice)


def _advice(connection: Connection, caller: Demand) -> Advice | None:
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
    return _set(connection, attempts, errors, int(np.count_nonzero(failing)))


def _set(connection: Connection, attempts: float, errors: float, minutes: int) -> Advice:
    client, server = connection.client, connection.server
    target = 1.0 if errors <= 1 - HELPS else 0.0
    current = float(max(1, math.ceil(attempts - 1.1)))  # n retries give at most 1 + n attempts
    if current <= target:
        return Advice(
            client,
            server,
            Knob.RETRIES,
            Action.KEEP,
            "retries",
            current,
            0.0,
            min(current, target),
            target,
            Confidence.MEDIUM,
            (f"keep {current:.0f} retry of calls from {client} to {server}: {attempts:.1f} calls where one was usual",),
        )
    worth = (
        f"{100 * (1 - errors):.0f} % of calls succeeded, so one more try is worth it and further ones are not"
        if target
        else f"only {100 * (1 - errors):.0f} % of calls succeeded, so another try mostly fails as well"
    )
    reasons = (
        f"retry calls from {client} to {server} {'once' if target else 'never'}: retries multiplied them by {attempts:.1f}",
        f"in {minutes} minutes with {100 * errors:.0f} % errors, {client} sent {attempts:.1f} calls where one is usual",
        worth,
    )
    return Advice(
        client, server, Knob.RETRIES, Action.SET, "retries", current, 0.0, target, 1.0, Confidence.MEDIUM, reasons
    )
