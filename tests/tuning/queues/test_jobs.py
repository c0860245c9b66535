"""The jobs of one instance, and which pieces of work are none."""

from __future__ import annotations

import numpy as np
import pytest
from tests.tuning.queue_data import LOOP, THREADS, sample

from tracetune.tuning.queues.jobs import find_glue, jobs_of, per_call
from tracetune.tuning.queues.observed import observe
from tracetune.tuning.queues.structure import find_structure

_OBSERVED, _ = observe(sample())
_STRUCTURE, _OBSERVED = find_structure(_OBSERVED)
_EVERY = np.ones(len(_STRUCTURE.start), np.bool_)


def test_jobs_come_in_the_order_of_arrival_with_their_own_time() -> None:
    calls = np.flatnonzero(_OBSERVED.service == THREADS)[::-1]

    jobs = jobs_of(calls, _OBSERVED, _STRUCTURE, _EVERY)

    assert (np.diff(jobs.arrived) >= 0).all()
    assert (np.diff(jobs.begins) >= 0).all()
    assert per_call(jobs, jobs.ends - jobs.begins) == pytest.approx(jobs.own)
    assert (jobs.acted <= jobs.ended + 1e-12).all()


def test_only_the_busiest_stretch_of_many_calls_is_looked_at() -> None:
    calls = np.flatnonzero(_OBSERVED.service == THREADS)

    jobs = jobs_of(calls, _OBSERVED, _STRUCTURE, _EVERY, most=1000)

    assert len(jobs.calls) == 1000
    length = jobs.arrived[-1] - jobs.arrived[0]
    arrived = np.sort(_OBSERVED.arrived[calls])
    assert length == pytest.approx((arrived[999:] - arrived[:-999]).min())


def test_short_pieces_that_load_does_not_move_are_glue() -> None:
    calls = np.flatnonzero(_OBSERVED.service == LOOP)
    end = _STRUCTURE.end.copy()
    tail = _STRUCTURE.segment_offset[np.flatnonzero(_OBSERVED.service == THREADS) + 1] - 1
    end[tail] = _STRUCTURE.start[tail] + 2e-4
    structure = _STRUCTURE._replace(end=end)

    loop = find_glue([jobs_of(calls, _OBSERVED, structure, _EVERY)], _OBSERVED, structure)
    threads = find_glue(
        [jobs_of(np.flatnonzero(_OBSERVED.service == THREADS), _OBSERVED, structure, _EVERY)], _OBSERVED, structure
    )

    assert not loop.any()
    with_calls = np.diff(_STRUCTURE.segment_offset)[np.flatnonzero(_OBSERVED.service == THREADS)] > 1
    assert threads[tail[with_calls]].all()
