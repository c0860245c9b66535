"""The own work of every segment once the waiting that a model explains is taken out of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracetune.domain.whatif import Discipline
from tracetune.tuning.queues.inversion import fcfs_begins, sharing_work
from tracetune.tuning.queues.jobs import Jobs
from tracetune.tuning.queues.observed import Floats
from tracetune.tuning.queues.structure import Structure


def take_out_waits(
    work: Floats, jobs: Sequence[Jobs], structure: Structure, discipline: Discipline, slots: float
) -> float:
    """Replace the work (segment,) of these jobs by what remains without waiting; returns the share of calls that waited."""
    waited, calls = 0.0, 0
    for each in jobs:
        seen = each.ends - each.begins
        if discipline is Discipline.HOLD:
            first = structure.segment_offset[each.calls]
            wait = fcfs_begins(each.arrived, each.ended, int(slots)) - each.arrived
            work[first] = np.maximum(work[first] - wait, 0.0)
            waited += float((wait > 0).sum())
            calls += len(wait)
            continue
        if discipline is Discipline.SELF:
            left = np.maximum(each.ends - fcfs_begins(each.begins, each.ends, int(slots)), 0.0)
        elif discipline is Discipline.SHARING:
            left = sharing_work(each.begins, each.ends, each.leaving, slots)
        elif discipline is Discipline.CONTENTION:
            left = seen / (1 + slots * each.flying[each.of_call])
        else:
            left = seen
        work[each.piece] = left
        waited += float((left < seen - 1e-6).sum())
        calls += len(seen)
    return waited / max(calls, 1)
