"""Where the slow calls of a service spend what they take beyond the usual: in itself, in what it calls, or on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tracetune.tuning.queues.observed import Bools, Floats, Ints, Names, Observed
from tracetune.tuning.queues.structure import Structure

LEAST_CALLS = 100
"""With fewer calls the slow ones are fewer than ten."""

SLOW_SHARE, USUAL = 0.1, (0.3, 0.6)
"""The slowest tenth of each operation's calls is set beside those between these quantiles."""

BLOCK_SECONDS = 10.0
LEAST_IN_BLOCK = 10
QUEUES = 0.25
"""Correlation of the time on the way with the calls under way, above which it is a queue before the span begins."""

ITSELF, ON_THE_WAY = -1, -2


@dataclass(frozen=True, slots=True)
class Excess:
    """One service's slow calls against its usual ones; all in seconds a call.

    Attributes:
        total: by how much longer they take, as their callers see it.
        itself: of that, in its own time.
        way: of that, between the caller and it.
        in_callee: of that, by the service that it waits for.
        way_is_queue: the time on the way rises with the calls under way: calls may wait there for the service.
    """

    total: float
    itself: float
    way: float
    in_callee: dict[int, float]
    way_is_queue: bool

    def largest(self) -> tuple[int, float]:
        """The place with the most of it, a service's number, ITSELF or ON_THE_WAY; and its share, 0 to 1."""
        places = {ITSELF: self.itself, ON_THE_WAY: self.way, **self.in_callee}
        place = max(places, key=places.__getitem__)
        return place, places[place] / self.total if self.total > 0 else 0.0


def excesses(observed: Observed, structure: Structure, names: Names) -> dict[int, Excess]:
    """For each service that serves enough calls, by its number."""
    own = _own(structure)
    blocked = np.maximum(observed.ended - observed.arrived - own, 0.0)
    share = _shares(observed)
    found = {}
    for service in range(len(names.services)):
        calls = np.flatnonzero((observed.service == service) & observed.is_served & ~observed.is_error)
        one = _excess(calls, observed, own, blocked, share)
        if one is not None:
            found[service] = one
    return found


def _excess(calls: Ints, observed: Observed, own: Floats, blocked: Floats, share: Floats) -> Excess | None:
    if len(calls) < LEAST_CALLS:
        return None
    seen = observed.is_awaited[calls] & (observed.parent[calls] >= 0)
    way = np.where(
        seen,
        (observed.returned[calls] - observed.sent[calls]) - (observed.ended[calls] - observed.arrived[calls]),
        0.0,
    )
    way = np.maximum(way, 0.0)
    total = observed.ended[calls] - observed.arrived[calls] + way
    slow, usual = _cohorts(total, observed.operation[calls])
    if not slow.any() or not usual.any():
        return None

    def more(values: Floats) -> float:
        return float(values[slow].mean() - values[usual].mean())

    return Excess(
        more(total),
        more(own[calls]),
        more(way),
        _in_callees(calls, slow, usual, observed, blocked, share),
        _follows_load(way, observed.sent[calls], observed.returned[calls]),
    )


def _cohorts(total: Floats, operation: Ints) -> tuple[Bools, Bools]:
    """The slowest calls and the usual ones, (call,) each, by operation so that a mix of them is no slowness."""
    slow, usual = np.zeros(len(total), np.bool_), np.zeros(len(total), np.bool_)
    for number in np.unique(operation):
        rows = np.flatnonzero(operation == number)
        if len(rows) < LEAST_CALLS // 2:
            continue
        low, high, edge = np.quantile(total[rows], (*USUAL, 1 - SLOW_SHARE))
        slow[rows] = total[rows] >= edge
        usual[rows] = (total[rows] >= low) & (total[rows] <= high)
    return slow, usual


def _own(structure: Structure) -> Floats:
    """Own time of every call, (call,)."""
    took = np.maximum(structure.end - structure.start, 0.0)
    total = np.concatenate(([0.0], np.cumsum(took)))
    own: Floats = total[structure.segment_offset[1:]] - total[structure.segment_offset[:-1]]
    return own


def _shares(observed: Observed) -> Floats:
    """Of the time that its caller waits for others, what each call is responsible for, (call,), 0 to 1.

    In proportion to the squares of the durations: of calls made side by side, the longest is the one that is waited for.
    """
    took = np.where(observed.is_awaited & (observed.parent >= 0), observed.returned - observed.sent, 0.0) ** 2
    above = np.maximum(observed.parent, 0)
    total = np.bincount(above, took, len(took))
    result: Floats = took / np.maximum(total[above], 1e-18)
    return result


def _in_callees(
    calls: Ints, slow: Bools, usual: Bools, observed: Observed, blocked: Floats, share: Floats
) -> dict[int, float]:
    """Seconds a call that the slow cohort waits for each callee more than the usual one does."""
    weight = np.zeros(len(observed.parent))
    weight[calls[slow]] += 1 / slow.sum()
    weight[calls[usual]] -= 1 / usual.sum()
    made = np.flatnonzero(observed.parent >= 0)
    made = made[weight[observed.parent[made]] != 0]
    above = observed.parent[made]
    seconds = weight[above] * blocked[above] * share[made]
    callees, number = np.unique(observed.service[made], return_inverse=True)
    return dict(zip(callees.tolist(), np.bincount(number, seconds, len(callees)).tolist(), strict=True))


def _follows_load(way: Floats, sent: Floats, returned: Floats) -> bool:
    """Whether the time on the way rises with the calls under way, in the usual block of a few seconds.

    Within blocks, because a network that is slow for a minute keeps more calls under way for that minute; the median of
    them, because it may begin within one.
    """
    order = np.argsort(sent)
    way, sent, gone = way[order], sent[order], np.sort(returned)
    under_way = np.arange(len(sent)) - np.searchsorted(gone, sent, side="right")
    _, block = np.unique((sent / BLOCK_SECONDS).astype(np.int64), return_inverse=True)
    counts = np.bincount(block)
    x = under_way - (np.bincount(block, under_way) / counts)[block]
    y = way - (np.bincount(block, way) / counts)[block]
    spread = np.sqrt(np.bincount(block, x * x) * np.bincount(block, y * y))
    told = (counts >= LEAST_IN_BLOCK) & (spread > 0)
    return bool(told.any() and np.median(np.bincount(block, x * y)[told] / spread[told]) > QUEUES)
