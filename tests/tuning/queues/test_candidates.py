"""Models that are tried on a service."""

from __future__ import annotations

import numpy as np
from tests.tuning.queue_data import LOOP, sample

from tracetune.domain.whatif import Discipline
from tracetune.tuning.queues.candidates import Service, candidates
from tracetune.tuning.queues.jobs import jobs_of
from tracetune.tuning.queues.observed import observe
from tracetune.tuning.queues.structure import find_structure


def _service(of: int) -> Service:
    observed, _ = observe(sample())
    structure, observed = find_structure(observed)
    every = np.ones(len(structure.start), np.bool_)
    calls = np.flatnonzero(observed.service == of)
    parts = [calls[observed.instance[calls] == number] for number in np.unique(observed.instance[calls])]
    jobs = [jobs_of(part, observed, structure, every) for part in parts]
    return Service.of(jobs, np.concatenate([observed.operation[each.calls] for each in jobs]))


def test_the_true_model_leaves_work_that_does_not_depend_on_load() -> None:
    tried, least = candidates(_service(LOOP))

    true = next(each for each in tried if each.discipline is Discipline.SELF and each.slots == 2)
    assert true.distance < 0.02
    assert true.raw > 0.2
    assert 0.1 < true.waits_share < 0.5
    assert least == 2


def test_fewer_slots_than_were_proven_are_not_tried() -> None:
    tried, least = candidates(_service(LOOP))

    assert min(each.slots for each in tried if each.discipline is Discipline.SELF) == least
