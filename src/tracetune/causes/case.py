"""One incident with everything its explanation may look at: the tables, and which minutes are usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import Incident
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import SeriesBatch

Minutes = NDArray[np.int64]

USUAL_MINUTES = 60
"""How many minutes say what is usual: the nearest clean ones, so that load and versions are comparable."""

REACH_MINUTES = 180
"""How far from the incident a usual minute may lie."""

GUARD_MINUTES = 3
"""Minutes beside an incident that count as neither: its onset is seen late, its end early."""

LEAST_MINUTES = 5
"""Fewer usual minutes than this allow no comparison."""


@dataclass(frozen=True, slots=True)
class Case:
    """An incident and what is known around it.

    Attributes:
        usual: minutes of comparison, ascending, without any incident; may be too few to compare with.
        now: the observed minutes of the incident, ascending.
    """

    incident: Incident
    minutes: MinuteBatch
    learned: Learned
    graph: ServiceGraph
    usual: Minutes
    now: Minutes

    @property
    def is_comparable(self) -> bool:
        """Whether there are enough minutes on both sides."""
        return len(self.usual) >= LEAST_MINUTES and len(self.now) > 0


def usual_and_now(incident: Incident, series: SeriesBatch, others: Sequence[Incident] = ()) -> tuple[Minutes, Minutes]:
    """The minutes that are usual for an incident, and its own.

    Usual are the observed minutes nearest before it; where they are few (traces that begin with a fault), those after
    it count too. Minutes of any other incident, and a few beside each, are left out.
    """
    grid = series.start_minute + np.arange(series.length)
    observed: Minutes = grid[series.observed].astype(np.int64)
    end = _end(incident, series)
    now = observed[(observed >= incident.onset) & (observed < end)]
    clean = observed
    for each in (incident, *others):
        first, last = each.onset - GUARD_MINUTES, _end(each, series) + GUARD_MINUTES
        clean = clean[(clean < first) | (clean >= last)]
    before = clean[(clean < incident.onset) & (clean >= incident.onset - REACH_MINUTES)][-USUAL_MINUTES:]
    if len(before) >= 2 * LEAST_MINUTES:
        return before, now
    after = clean[(clean >= end) & (clean < end + REACH_MINUTES)][: USUAL_MINUTES - len(before)]
    return np.concatenate([before, after]), now


def _end(incident: Incident, series: SeriesBatch) -> int:
    return incident.end if incident.end is not None else series.start_minute + series.length
