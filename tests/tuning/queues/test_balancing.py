"""How callers choose among instances."""

from __future__ import annotations

import numpy as np
import pytest
from tests.tuning.queue_data import LOOP, network

from tracetune.testing.networks import calls_of
from tracetune.testing.queues import AT_RANDOM, IN_TURN, LESS_BUSY_OF_TWO, simulate
from tracetune.tuning.queues.balancing import balancing
from tracetune.tuning.queues.jobs import jobs_of
from tracetune.tuning.queues.observed import observe
from tracetune.tuning.queues.structure import find_structure


@pytest.mark.parametrize(
    ("policy", "name"), [(IN_TURN, "round robin"), (AT_RANDOM, "random"), (LESS_BUSY_OF_TWO, "least request")]
)
def test_the_policy_is_found_from_where_calls_went(policy: int, name: str) -> None:
    queue = network()._replace(balancing=np.full(4, policy))
    times = np.sort(np.random.default_rng(3).random(4000) * 45e9).astype(np.int64)
    sample = calls_of(simulate(queue, np.full(4000, LOOP), times, 3), queue)
    observed, _ = observe(sample)
    structure, observed = find_structure(observed)
    every = np.ones(len(structure.start), np.bool_)

    jobs = [jobs_of(np.flatnonzero(observed.instance == number), observed, structure, every) for number in (0, 1)]

    assert balancing(jobs) == name
    assert not balancing(jobs[:1])
