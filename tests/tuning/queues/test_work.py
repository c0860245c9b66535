"""Waiting taken out of what was seen."""

from __future__ import annotations

import numpy as np
import pytest
from tests.tuning.queue_data import LOOP, requests, sample

from tracetune.domain.whatif import Discipline
from tracetune.tuning.queues.jobs import jobs_of
from tracetune.tuning.queues.observed import observe
from tracetune.tuning.queues.structure import find_structure
from tracetune.tuning.queues.work import take_out_waits


@pytest.mark.parametrize("discipline", [Discipline.SELF, Discipline.HOLD])
def test_what_remains_of_a_leaf_is_its_work_held_or_not(discipline: Discipline) -> None:
    observed, _ = observe(sample())
    structure, observed = find_structure(observed)
    calls = np.flatnonzero(observed.service == LOOP)
    every = np.ones(len(structure.start), np.bool_)
    jobs = [
        jobs_of(calls[observed.instance[calls] == number], observed, structure, every)
        for number in np.unique(observed.instance[calls])
    ]
    work = structure.end - structure.start

    waited = take_out_waits(work, jobs, structure, discipline, 2.0)

    run = requests()
    drawn = np.sort(run.worked_nano[run.operation == LOOP]) / 1e9
    assert np.sort(work[structure.segment_offset[calls]]) == pytest.approx(drawn, abs=1e-9)
    assert 0.1 < waited < 0.5
