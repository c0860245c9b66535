"""Time that is lost between a client and its server: network, accept queue, connection pool, or a callee without spans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tracetune.causes.case import Case
from tracetune.causes.compare import Decomposition
from tracetune.causes.sums import only, per_minute, spread, totals_within
from tracetune.domain.series import SeriesKey

LEAST_CALLS = 20
"""Calls that a mean must be of, on both sides."""

LEAST_RISE_SECONDS = 0.0005
"""Gaps move by some tenths of a millisecond on any busy machine."""

PAIRED_SHARE = 0.5
"""Below this share of calls with both spans, the client's whole wait is taken: the callee tells nothing of itself."""

_OF_LINK, _SUMS = ("client", "server", "span_name"), ("calls", "client_duration_nano", "paired_calls", "gap_nano")


@dataclass(frozen=True, slots=True)
class GapChange:
    """One connection whose gap grew, in seconds a call.

    Attributes:
        span_name: the server's operation; the client span's name where the callee is silent.
        spreads: by how many usual spreads it grew.
        is_silent: the callee sends no spans, so its own time is in the gap too.
    """

    client: str
    server: str
    span_name: str
    usual_seconds: float
    now_seconds: float
    spreads: float
    is_silent: bool

    @property
    def rise(self) -> float:
        """Seconds a call more than usual."""
        return self.now_seconds - self.usual_seconds


def gap_changes(case: Case) -> tuple[GapChange, ...]:
    """The connections whose gap grew by more than their usual movement, the most added seconds a call first."""
    return tuple(sorted(_changes(case), key=lambda gap: (-gap.rise, gap.client, gap.server, gap.span_name)))


def _changes(case: Case) -> Iterator[GapChange]:
    links = case.minutes.links
    usual, now = (totals_within(links, minutes, _OF_LINK, _SUMS) for minutes in (case.usual, case.now))
    for names in sorted(usual.keys() & now.keys()):
        if min(usual[names][0], now[names][0]) < LEAST_CALLS or names[0] == names[1]:
            continue
        is_silent = bool(now[names][2] < PAIRED_SHARE * now[names][0])
        calls, nanos = (0, 1) if is_silent else (2, 3)
        if not usual[names][calls] or not now[names][calls]:
            continue
        before = usual[names][nanos] / usual[names][calls] / 1e9
        after = now[names][nanos] / now[names][calls] / 1e9
        if after - before < max(LEAST_RISE_SECONDS, 0.1 * before):
            continue
        spreads = (after - before) / _spread(case, names, before, is_silent=is_silent)
        if spreads >= 2:
            client, server, span_name = names
            yield GapChange(client, server, span_name, float(before), float(after), float(spreads), is_silent)


def seconds_a_trace(gap: GapChange, decomposition: Decomposition) -> float:
    """By how much a gap lengthens the critical path of an entry, in seconds a trace.

    A gap is own time of the client span, so it is never more than the rise of the client's own time. A silent callee's
    client span stands on the path under its own name; else the calls a trace are those of the server's operation.
    """
    client_rise = decomposition.service_rise(gap.client)
    if gap.is_silent:
        part = decomposition.part(SeriesKey(gap.client, gap.span_name))
        return min(part.rise, client_rise) if part and part.rise > 0 else 0.0
    server = decomposition.part(SeriesKey(gap.server, gap.span_name))
    return max(0.0, min(gap.rise * server.now_spans, client_rise)) if server else 0.0


def _spread(case: Case, names: tuple[str, ...], usual_seconds: float, *, is_silent: bool) -> float:
    light = case.minutes.links.select(["minute", *_OF_LINK, *_SUMS])
    link = only(light, **dict(zip(_OF_LINK, names, strict=True)))
    calls = per_minute(link, case.usual, "calls" if is_silent else "paired_calls")
    nanos = per_minute(link, case.usual, "client_duration_nano" if is_silent else "gap_nano")
    means = np.full(len(calls), np.nan)
    np.divide(nanos, calls * 1e9, out=means, where=calls > 0)
    return spread(means, least=max(0.03 * usual_seconds, 1e-4))
