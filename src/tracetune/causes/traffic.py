"""Who began to call whom more often: retries, loops, or a shift in what users ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tracetune.causes.case import Case
from tracetune.causes.compare import Decomposition
from tracetune.causes.sums import Totals, entries, totals_within
from tracetune.domain.series import SeriesKey

MORE = 1.3
"""A caller that sends this many times its usual calls per call of its own does something it did not do before."""

LEAST_SHIFT = 0.1
"""A mix of requests has changed when one entry operation won a tenth of all requests."""


@dataclass(frozen=True, slots=True)
class MoreCalls:
    """One caller that sends more calls to one callee for each call it receives."""

    client: str
    server: str
    usual_per_call: float
    now_per_call: float


@dataclass(frozen=True, slots=True)
class MixShift:
    """The entry operation whose share of all requests grew most; shares are 0 to 1."""

    entry: SeriesKey
    usual_share: float
    now_share: float


def more_calls(case: Case, service_name: str) -> MoreCalls | None:
    """The nearest caller at or above a service that multiplies calls; None where nobody does."""
    usual, now = _calls_per_call(case)
    callers = case.graph.callers()
    todo, seen = [service_name], {service_name}
    while todo:
        server = todo.pop(0)
        clients = sorted(callers.get(server, frozenset()))
        found = [
            MoreCalls(client, server, usual[client, server], now[client, server])
            for client in clients
            if usual.get((client, server), 0.0) > 0 and now.get((client, server), 0.0) >= MORE * usual[client, server]
        ]
        if found:
            return max(found, key=lambda each: each.now_per_call / each.usual_per_call)
        todo += [client for client in clients if client not in seen]
        seen.update(clients)
    return None


def mix_shift(decompositions: Sequence[Decomposition]) -> MixShift | None:
    """The entry operation that won most of all requests, as a share; None where the change is not worth a word."""
    usual_total = sum(each.usual_traces for each in decompositions)
    now_total = sum(each.now_traces for each in decompositions)
    shifts = [
        MixShift(each.entry, each.usual_traces / usual_total, each.now_traces / now_total) for each in decompositions
    ]
    won = max(shifts, key=lambda shift: shift.now_share - shift.usual_share, default=None)
    return won if won and won.now_share - won.usual_share >= LEAST_SHIFT else None


def _calls_per_call(case: Case) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]]:
    of_entries = entries(case.minutes.operations)
    sides = []
    for minutes in (case.usual, case.now):
        received = totals_within(of_entries, minutes, ("service_name",), ("calls",))
        sent = totals_within(case.minutes.links, minutes, ("client", "server"), ("calls",))
        sides.append(_ratios(received, sent))
    return sides[0], sides[1]


def _ratios(received: Totals, sent: Totals) -> dict[tuple[str, str], float]:
    return {
        (client, server): float(calls[0] / received[client,][0])
        for (client, server), calls in sent.items()
        if (client,) in received and received[client,][0] > 0
    }


def error_ratios(case: Case, service_name: str) -> tuple[float, float]:
    """Errors per entry call of a service, (usual, now), 0 to 1; NaN without calls."""
    of_entries = entries(case.minutes.operations)
    ratios = []
    for minutes in (case.usual, case.now):
        table = totals_within(of_entries, minutes, ("service_name",), ("calls", "errors"))
        calls, errors = table.get((service_name,), np.zeros(2))
        ratios.append(float(errors / calls) if calls else float("nan"))
    return ratios[0], ratios[1]
