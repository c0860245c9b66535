"""How much load one replica has carried, and whether its own time rose with it: the knee of a queue, if one was seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracetune.tuning.demand import Demand, Values

LEAST_MINUTES = 30
"""Fewer healthy minutes than this show nothing about capacity."""

MINUTES_A_BIN = 5
MOST_BINS = 8

FLAT = 1.2
"""Own time within a fifth of that at low load is still flat; a queue at half of its capacity takes about that."""

RISES = 1.25
"""Own time a quarter above that at low load, in the busiest minutes, has risen."""


@dataclass(frozen=True, slots=True)
class Knee:
    """What one replica has shown over the range of load it met.

    Attributes:
        rises: whether own time rose with load; if not, no limit was met and ``flat_*`` are the most that was seen.
        flat_calls_per_second: the highest load a replica at which own time was still flat.
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

    Source: the two regimes of latency against load per container are Luo et al. 2022, "Erms", section 3; own time in
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
    rises = bool(seconds[-1] > RISES * base and seconds[-1] - base > 3 * _error(np.concatenate(low), own, calls))
    flat = _last_flat(seconds, base) if rises else len(bins) - 1
    return Knee(
        rises,
        float(load[flat]),
        float(load[flat] * seconds[flat]),
        float(load[-1]),
        base,
        float(seconds[-1]),
        float(load[-1] / load[0]),
    )


def _last_flat(seconds: Values, base: float) -> int:
    """The last of the bins, from the calmest on, before own time leaves the flat part."""
    steep = np.flatnonzero(seconds > FLAT * base)
    return max(0, int(steep[0]) - 1) if len(steep) else len(seconds) - 1


def _error(low: NDArray[np.int64], own: Values, calls: Values) -> float:
    """How far the mean own time of one bin lies from the truth by chance, from the minutes at low load, in seconds."""
    means = own[low] * 60 / calls[low]
    return float(np.std(means)) / float(np.sqrt(MINUTES_A_BIN))
