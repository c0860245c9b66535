"""Timeouts of calls between services: long enough for almost every healthy call, and shorter below than above."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.tuning.advice.links import Connection, callees_of, reachable
from tracetune.tuning.advice.margins import margin, round_up

FALSE_TIMEOUTS = 0.001
"""The share of healthy calls that a timeout may cut off (Brooker, "Timeouts, retries, and backoff with jitter")."""

LEAST_CALLS = 10_000
"""A quantile needs ten calls beyond it to be one: 10 / 0.001 calls. With fewer the tail was not seen, and nothing is set."""

PADDING = 2.0
"""Times the tail that was seen: the next surge lengthens it, and timeouts that cut healthy calls off then add retries."""

LEAST_SECONDS = 0.25
"""A shorter timeout cuts calls off in any pause (garbage collection, a moved pod) and saves nobody's time."""

STRETCHED = 1.05
"""A tail that gets longer by less is not worth a word."""

ABOVE_CALLEE = 1.1
"""A caller's timeout must outlast its callee's: else it gives up on a call that is still allowed to succeed."""


@dataclass(frozen=True, slots=True)
class _Tail:
    seconds: float  # the quantile of the slowest operation that has enough calls
    operation: str
    calls: float
    stretch: float = 1.0  # at the load to come


def timeouts(
    connections: Mapping[tuple[str, str], Connection],
    hours: float,
    stretches: Mapping[str, float] | None = None,
    at_least: Mapping[tuple[str, str], float] | None = None,
) -> tuple[Advice, ...]:
    """A timeout for every connection with enough healthy calls, and what is missing for the others.

    Args:
        connections: with their healthy durations.
        hours: of history behind them.
        stretches: by callee, how much longer its tail gets at the load to come; 1 where it is not known.
        at_least: seconds by connection that must be left, for all tries of a call.
    """
    stretches, at_least = stretches or {}, at_least or {}
    tails = {
        names: _stretched(_tail(connection), stretches.get(names[1], 1.0)) for names, connection in connections.items()
    }
    targets = _above_callees(
        {
            names: max(at_least.get(names, LEAST_SECONDS), LEAST_SECONDS, _wanted(tails.get(names), hours))
            for names in sorted({*at_least, *(names for names, tail in tails.items() if tail)})
        }
    )
    return tuple(
        _set(names, tail, targets, hours) if tail else _cannot_say(names, connections[names])
        for names, tail in tails.items()
    )


def _stretched(tail: _Tail | None, by: float) -> _Tail | None:
    return replace(tail, stretch=by) if tail else None


def _wanted(tail: _Tail | None, hours: float) -> float:
    return round_up(tail.seconds * tail.stretch * (PADDING + margin(hours))) if tail else 0.0


def _tail(connection: Connection) -> _Tail | None:
    """The longest of the operations' tails: one timeout of a connection must let the slowest operation finish."""
    calls = connection.durations.totals()
    found = []
    for row, operation in enumerate(connection.operations):
        if calls[row] < LEAST_CALLS:
            continue
        seconds = float(connection.durations.quantile(1 - FALSE_TIMEOUTS)[row])
        found.append(_Tail(seconds, operation, float(calls[row])))
    return max(found, key=lambda tail: tail.seconds, default=None)


def _above_callees(targets: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """The same timeouts, raised where a caller's would end before one of its callees'.

    Calls that come back to their caller have no order in which each could outlast the next, and stay as they are.
    """
    callees = callees_of(targets)

    @cache
    def outlasting(client: str, server: str) -> float:
        own = targets[client, server]
        if client in reachable(server, callees):
            return own
        below = max((outlasting(server, callee) for callee in callees.get(server, ())), default=0.0)
        return max(own, round_up(ABOVE_CALLEE * below))

    return {(client, server): outlasting(client, server) for client, server in targets}


def _set(names: tuple[str, str], tail: _Tail, targets: Mapping[tuple[str, str], float], hours: float) -> Advice:
    client, server = names
    target = targets[names]
    seen = (
        f"99.9 % of {words.count(tail.calls)} healthy calls of {tail.operation} took at most "
        f"{words.duration(tail.seconds)}; twice that, and "
        f"{100 * margin(hours):.0f} % for {hours:.1f} h of history, lets surges pass"
    )
    reasons = [
        f"Give calls from {client} to {server} a timeout of {words.duration(target)}",
        seen,
    ]
    if tail.stretch > STRETCHED:
        reasons.append(
            f"at the load to come the tail of {server} is {words.times(tail.stretch)} as long, which is counted in"
        )
    callee = max(((seconds, below[1]) for below, seconds in targets.items() if below[0] == server), default=None)
    if callee and target >= ABOVE_CALLEE * callee[0]:
        reasons.append(f"it outlasts the {words.duration(callee[0])} that {server} gives {callee[1]}")
    certain = Confidence.LOW if hours < 2 else Confidence.MEDIUM
    upper = max(target, round_up(tail.seconds * tail.stretch * (PADDING + 2 * margin(hours))))
    return Advice(
        client,
        server,
        Knob.TIMEOUT,
        Action.SET,
        "s",
        None,
        tail.seconds,
        target,
        upper,
        certain,
        tuple(reasons),
        effect=f"a call that hangs is given up after {words.duration(target)}, and its place is free again",
        risk=(
            f"a slowdown of {words.times(target / tail.seconds)} of the tail turns slow answers into failures; watch the "
            "response flag UT"
        ),
    )


def _cannot_say(names: tuple[str, str], connection: Connection) -> Advice:
    client, server = names
    most = max(connection.durations.totals(), default=0.0)
    return Advice(
        client,
        server,
        Knob.TIMEOUT,
        Action.CANNOT_SAY,
        "s",
        None,
        None,
        None,
        None,
        Confidence.LOW,
        (f"{client} to {server}: {words.count(most)} healthy calls of one operation do not show the tail",),
        f"{LEAST_CALLS:,} healthy calls of one operation, which show the 99.9th percentile",
    )
