"""Queues run backwards: exactly what was drawn comes out, and the kernels agree with the obvious way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tuning.queue_data import CORES, LOOP, THREADS, network, requests

from tracetune.testing.queues import SHARED, simulate
from tracetune.tuning.queues import reference
from tracetune.tuning.queues.inversion import fcfs_begins, in_flight, sharing_work

JOBS = st.lists(st.tuples(st.floats(0, 1), st.floats(0.001, 0.3)), min_size=1, max_size=40)


def _sorted(jobs: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    arrived = np.sort(np.array([come for come, _ in jobs]))
    return arrived, arrived + np.array([stay for _, stay in jobs])


@settings(max_examples=60, deadline=None)
@given(JOBS, st.integers(1, 6))
def test_begins_agree_with_the_obvious_way(jobs: list[tuple[float, float]], slots: int) -> None:
    arrived, left = _sorted(jobs)

    assert fcfs_begins(arrived, left, slots).tolist() == reference.fcfs_begins(arrived.tolist(), left.tolist(), slots)


@settings(max_examples=60, deadline=None)
@given(JOBS, st.floats(1, 6))
def test_shared_work_agrees_with_the_obvious_way(jobs: list[tuple[float, float]], cores: float) -> None:
    arrived, left = _sorted(jobs)

    work = sharing_work(arrived, left, np.argsort(left, kind="stable"), cores)

    assert work == pytest.approx(reference.sharing_work(arrived.tolist(), left.tolist(), cores), abs=1e-9)


def test_slots_held_in_own_work_give_back_the_work_that_was_drawn() -> None:
    run = requests()
    zero = run.arrived.min()
    for instance in (1, 2):
        rows = np.flatnonzero(run.instance == instance)
        rows = rows[np.argsort(run.arrived[rows], kind="stable")]
        assert network().service[run.operation[rows]].tolist() == [LOOP] * len(rows)

        left = (run.ended[rows] - zero) / 1e9
        begins = fcfs_begins((run.arrived[rows] - zero) / 1e9, left, 2)

        assert left - begins == pytest.approx(run.worked_nano[rows] / 1e9, abs=1e-9)


def test_slots_held_for_whole_requests_give_back_the_time_they_were_held() -> None:
    run = requests()
    zero = run.arrived.min()
    rows = np.flatnonzero(run.instance == 3)
    rows = rows[np.argsort(run.arrived[rows], kind="stable")]
    assert network().service[run.operation[rows]].tolist() == [THREADS] * len(rows)
    child = np.full(len(run.parent), -1)
    child[run.parent[run.parent >= 0]] = np.flatnonzero(run.parent >= 0)

    waits = fcfs_begins((run.arrived[rows] - zero) / 1e9, (run.ended[rows] - zero) / 1e9, 4)
    waits -= (run.arrived[rows] - zero) / 1e9

    called = child[rows] >= 0
    below = np.where(called, run.returned[child[rows]] - run.sent[child[rows]], 0)
    true = (run.ended - run.arrived)[rows] - run.worked_nano[rows] - below
    assert waits == pytest.approx(true / 1e9, abs=1e-9)


def test_shared_cores_give_back_the_work_that_was_drawn() -> None:
    queue = network()._replace(discipline=np.full(4, SHARED))
    times = np.sort(np.random.default_rng(2).random(3000) * 40e9).astype(np.int64)
    run = simulate(queue, np.full(3000, CORES), times, 2)
    arrived, left = (run.arrived - run.arrived[0]) / 1e9, (run.ended - run.arrived[0]) / 1e9
    order = np.argsort(arrived, kind="stable")
    arrived, left = arrived[order], left[order]

    work = sharing_work(arrived, left, np.argsort(left, kind="stable"), 2.0)

    assert work == pytest.approx(run.worked_nano[order] / 1e9, abs=1e-8)  # every end is cut to a nanosecond


def test_in_flight_is_littles_law() -> None:
    run = requests()
    rows = np.flatnonzero(network().service[run.operation] == LOOP)
    arrived, left = np.sort(run.arrived[rows]) / 1e9, np.sort(run.ended[rows]) / 1e9
    at = np.linspace(arrived[0] + 5, arrived[-1], 4000)

    mean = in_flight(arrived, left, at).mean()

    rate = len(rows) / (arrived[-1] - arrived[0])
    assert mean == pytest.approx(rate * (run.ended - run.arrived)[rows].mean() / 1e9, rel=0.05)
