"""Where a load effect lives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.tuning.queue_data import LOOP, network

from tracetune.testing.networks import calls_of
from tracetune.testing.queues import SHARED, Network, simulate
from tracetune.tuning.queues.jobs import Jobs, jobs_of
from tracetune.tuning.queues.observed import observe
from tracetune.tuning.queues.sharing import covarying, siblings
from tracetune.tuning.queues.structure import find_structure


def _jobs(queue: Network, operation: int) -> list[Jobs]:
    times = np.sort(np.random.default_rng(3).random(6000) * 60e9).astype(np.int64)
    observed, _ = observe(calls_of(simulate(queue, np.full(6000, operation), times, 3), queue))
    structure, observed = find_structure(observed)
    every = np.ones(len(structure.start), np.bool_)
    return [
        jobs_of(np.flatnonzero(observed.instance == number), observed, structure, every)
        for number in np.unique(observed.instance)
    ]


def test_an_honest_queue_of_each_instance_is_not_moved_by_its_siblings() -> None:
    jobs = _jobs(network(), LOOP)

    assert not siblings(jobs, np.zeros(6000, np.int64)).is_shared


def test_one_resource_behind_all_instances_is_found() -> None:
    queue = network()._replace(
        discipline=np.full(4, SHARED), instance_of_service=np.array([0, 1, 2, 3, 4]), slots=np.array([64, 3, 4, 2])
    )
    (together,) = _jobs(queue, LOOP)  # all calls share three cores; which instance took each is a matter of names
    observed_as = np.arange(6000) % 3
    parts = [_part(together, observed_as == number) for number in range(3)]

    found = siblings(parts, np.zeros(6000, np.int64))

    assert found.is_shared
    assert found.t > 10


def test_a_service_that_is_slow_for_some_of_the_time_shares_nothing() -> None:
    jobs = _jobs(network(), LOOP)
    late = [each.arrived > 40 for each in jobs]
    slowed = [
        replace(each, own=np.where(is_late, each.own + 0.05, each.own))
        for each, is_late in zip(jobs, late, strict=True)
    ]
    # Slow calls stay longer, so that more are in flight everywhere as long as it lasts.
    slowed = [replace(each, flying=each.flying + 3 * is_late) for each, is_late in zip(slowed, late, strict=True)]

    assert not siblings(slowed, np.zeros(6000, np.int64)).is_shared


def _part(jobs: Jobs, mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Jobs:
    from tracetune.tuning.queues.inversion import in_flight

    arrived, ended = jobs.arrived[mask], np.sort(jobs.ended[mask])
    return Jobs(
        calls=jobs.calls[mask],
        arrived=arrived,
        ended=jobs.ended[mask],
        ended_sorted=ended,
        acted=jobs.acted[mask],
        own=jobs.own[mask],
        glue=jobs.glue[mask],
        begins=arrived,
        ends=jobs.ended[mask],
        leaving=np.argsort(jobs.ended[mask]),
        of_call=np.arange(mask.sum()),
        piece=jobs.piece[mask],
        flying=in_flight(arrived, ended, arrived),
        working=in_flight(arrived, ended, arrived),
    )


def test_the_service_whose_load_goes_along_is_named() -> None:
    jobs = _jobs(network(), LOOP)
    whole = np.sort(np.concatenate([each.arrived for each in jobs]))
    ended = np.sort(np.concatenate([each.ended for each in jobs]))
    unrelated = np.sort(np.random.default_rng(9).random(6000) * 60)

    found = covarying(
        jobs, np.zeros(6000, np.int64), [("together", whole, ended), ("elsewhere", unrelated, unrelated + 0.1)]
    )

    assert "elsewhere" not in [name for name, _ in found]
