"""What a second try would have met: the next call after each one that failed or hung, while nobody repeats any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tracetune.tuning.queues.observed import Bools, Floats, Ints, Names, Observed

HUNG = 2.0
"""Times the tail of calm minutes: a call that takes longer hangs."""

TAIL = 0.001
LEAST_CALM = 100
"""Calm calls of an operation; with n of them the tail is that of 3 / n (rule of three), where that is more than 0.1 %."""

LEAST_SECONDS = 0.25
"""No try is given up earlier, whatever the tail: a pause of the machine is no failure."""

LEAST_FAILED = 20
FAILING_SHARE = 0.02
"""Of the calls of the minutes that had failures; below, no second try is worth its load."""

WITHIN_SECONDS = 2.0
BUSIER = 1.3
"""Minutes with failures that had this many times the calls of the others failed of load, and tries add to it."""

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class SecondTry:
    """One connection while its calls failed by the callee itself.

    Attributes:
        calls: in the minutes with failures.
        failed: of them, those that failed or hung though nothing that they called did.
        hung: of those that failed, the share that took longer than ``per_try_seconds``.
        recovered: of the next calls after a failed one, the share that was well and in time.
        per_try_seconds: how long one try may take: twice the tail of calm minutes.
        calm_calls: behind that tail.
    """

    client: str
    server: str
    calls: int
    failed: float
    hung: float
    recovered: float
    per_try_seconds: float
    calm_calls: int


def second_tries(observed: Observed, names: Names) -> tuple[SecondTry, ...]:
    """For every connection on which calls failed by the callee itself, and not of load.

    Failures that come one by one are met by the next call with their usual chance; those of an outage follow each other.
    Nobody has to repeat calls for that to be seen.
    """
    took = observed.ended - observed.arrived
    limit, calm = _limits(observed, took)
    hung = took > limit
    bad = observed.is_served & (observed.is_error | hung)
    below = np.zeros(len(bad), np.bool_)
    below[observed.parent[bad & (observed.parent >= 0)]] = True
    bad &= ~below  # a caller of what failed is not what a second try should be made of
    return tuple(_connections(observed, names, bad, hung, limit, calm))


def _limits(observed: Observed, took: Floats) -> tuple[Floats, Ints]:
    """For each call, how long its operation's calls may take, and how many calm ones say so, (call,) each."""
    limit, calm = np.full(len(took), np.inf), np.zeros(len(took), np.int64)
    for rows in _by(observed.operation):
        well = rows[~observed.is_error[rows] & observed.is_served[rows]]
        quiet = _calm(took[well], observed.arrived[well])
        if len(quiet) >= LEAST_CALM:
            tail = float(np.quantile(quiet, 1 - max(TAIL, 3 / len(quiet))))
            limit[rows], calm[rows] = max(HUNG * tail, LEAST_SECONDS), len(quiet)
    return limit, calm


def _calm(took: Floats, arrived: Floats) -> Floats:
    """The calls of at most half of the minutes, those whose slow calls are the quickest."""
    parts = [took[rows] for rows in _by((arrived / _MINUTE).astype(np.int64))]
    tails = np.array([np.quantile(part, 0.95) for part in parts])
    kept = np.argsort(tails)[: max(1, len(parts) // 2)]
    return np.concatenate([parts[place] for place in kept]) if parts else took


def _by(codes: Ints) -> list[Ints]:
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else []


def _connections(
    observed: Observed, names: Names, bad: Bools, hung: Bools, limit: Floats, calm: Ints
) -> Iterator[SecondTry]:
    made = np.flatnonzero(observed.is_served & observed.is_awaited & (observed.parent >= 0))
    client = observed.service[observed.parent[made]]
    for rows in _by(client * len(names.services) + observed.service[made]):
        calls = made[rows]
        pair = names.services[client[rows[0]]], names.services[observed.service[calls[0]]]
        found = _connection(pair, calls[np.argsort(observed.sent[calls])], observed, bad, hung, limit, calm)
        if found is not None:
            yield found


def _connection(  # noqa: PLR0913, PLR0917
    pair: tuple[str, str], calls: Ints, observed: Observed, bad: Bools, hung: Bools, limit: Floats, calm: Ints
) -> SecondTry | None:
    failed, sent = bad[calls], observed.sent[calls]
    known = np.isfinite(limit[calls])
    if failed.sum() < LEAST_FAILED or not known.any():
        return None
    _, minute = np.unique((sent / _MINUTE).astype(np.int64), return_inverse=True)
    share = np.bincount(minute, failed) / np.bincount(minute)
    in_failure = share[minute] > FAILING_SHARE
    if not in_failure.any() or _is_of_load(minute, in_failure):
        return None
    gone = np.minimum(observed.returned[calls], sent + limit[calls])
    after = np.searchsorted(sent, gone)
    asked = np.flatnonzero(failed & (after < len(calls)))
    asked = asked[sent[after[asked]] - gone[asked] < WITHIN_SECONDS]
    if len(asked) < LEAST_FAILED:
        return None
    return SecondTry(
        *pair,
        calls=int(in_failure.sum()),
        failed=float(failed[in_failure].mean()),
        hung=float(hung[calls][failed].mean()),
        recovered=float((~failed[after[asked]]).mean()),
        per_try_seconds=float(limit[calls][known].max()),
        calm_calls=int(calm[calls][known].min()),
    )


def _is_of_load(minute: Ints, in_failure: Bools) -> bool:
    counts = np.bincount(minute)
    failing = np.bincount(minute, in_failure) > 0
    whole = slice(1, -1) if len(counts) > 3 else slice(None)  # the first and the last minute are parts of one
    bad, good = counts[whole][failing[whole]], counts[whole][~failing[whole]]
    return bool(len(bad) and len(good) and bad.mean() > BUSIER * good.mean())
