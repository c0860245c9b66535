"""How much load one replica has carried, and whether its own time rose with it: the knee of a queue, if one was seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracetune.tuning.advice.demand import Demand, Values

LEAST_MINUTES = 30
"""Fewer healthy minutes than this show nothing about capacity."""

MINUTES_A_BIN = 5
MOST_BINS = 8

TOLERATED = 1.5
"""Own time half above that at low load is what a plan accepts. A single slot reaches it at a third to a half of its
capacity, eight slots at about 85 %: what it means for utilisation is measured, not assumed."""


@dataclass(frozen=True, slots=True)
class Knee:
    """What one replica has shown over the range of load it met.

    Attributes:
        rises: whether own time rose with load to more than a plan accepts; if not, no limit was met.
        flat_calls_per_second: the load a replica at which own time reached that; the most seen where it never did.
        flat_in_flight: requests in their own work in one replica at that load, by Little's law.
        top_calls_per_second: the highest load a replica seen (mean of the busiest minutes).
        base_own_seconds, top_own_seconds: mean own time of a call at low load and in the busiest minutes.
        load_range: the highest load over the lowest.
    """

    rises: bool
    flat_calls_per_second: float
    flat_in_flight: float
    top_calls_per_second: float
    base_own_seconds: float
    top_own_seconds: float
    load_range: float


def knee(demand: Demand) -> Knee | None:
    """The knee of a service; None where its replicas are unknown or fewer than 30 minutes had calls.

    Minutes are ordered by calls a replica, which callers choose and the service does not, and cut into bins of equal
    count. Own time leaves out the waits for callees, so that a slow callee does not look like a lack of replicas.

    Source: the two regimes of latency against load per container are Luo et al. 2023, "Erms"; own time in
    flight over calls a second is Little's law.
    """
    known = (demand.calls > 0) & ~np.isnan(demand.replicas)
    if np.count_nonzero(known) < LEAST_MINUTES:
        return None
    calls, own, replicas = demand.calls[known], demand.own_in_flight[known], demand.replicas[known]
    order = np.argsort(calls / replicas, kind="stable")
    bins = np.array_split(order, min(MOST_BINS, len(order) // MINUTES_A_BIN))
    load = np.array([calls[each].sum() / replicas[each].sum() / 60 for each in bins])  # (bin,) calls/s a replica
    seconds = np.array([own[each].sum() * 60 / calls[each].sum() for each in bins])  # (bin,) own seconds a call
    low = bins[: max(1, len(bins) // 3)]
    base = float(np.mean(seconds[: len(low)]))
    rises = bool(seconds[-1] > TOLERATED * base and seconds[-1] - base > 3 * _error(np.concatenate(low), own, calls))
    flat = _crossing(load, seconds, TOLERATED * base) if rises else float(load[-1])
    return Knee(
        rises,
        flat,
        flat * (TOLERATED * base if rises else float(seconds[-1])),
        float(load[-1]),
        base,
        float(seconds[-1]),
        float(load[-1] / load[0]),
    )


def _crossing(load: Values, seconds: Values, limit: float) -> float:
    """The load at which own time first passes the limit, between the bins on both sides of it; both are (bin,)."""
    above = int(np.flatnonzero(seconds > limit)[0])
    if above == 0:
        return float(load[0])
    return float(np.interp(limit, seconds[above - 1 : above + 1], load[above - 1 : above + 1]))


def _error(low: NDArray[np.int64], own: Values, calls: Values) -> float:
    """How far the mean own time of one bin lies from the truth by chance, from the minutes at low load, in seconds."""
    means = own[low] * 60 / calls[low]
    return float(np.std(means)) / float(np.sqrt(MINUTES_A_BIN))
