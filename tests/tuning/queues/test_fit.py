"""Which queue a service is."""

from __future__ import annotations

import numpy as np

from tracetune.domain.whatif import Discipline, Status
from tracetune.tuning.queues.candidates import Service
from tracetune.tuning.queues.fit import fit
from tracetune.tuning.queues.inversion import in_flight
from tracetune.tuning.queues.jobs import Jobs
from tracetune.tuning.queues.observed import Floats, Ints


def _service(arrived: Floats, took: Floats) -> Service:
    order = np.argsort(arrived)
    arrived, took = arrived[order], took[order]
    ended = arrived + took
    every: Ints = np.arange(len(arrived))
    flying = in_flight(arrived, np.sort(ended), arrived)
    jobs = Jobs(
        calls=every,
        arrived=arrived,
        ended=ended,
        ended_sorted=np.sort(ended),
        acted=ended,
        own=took,
        glue=np.zeros(len(took)),
        begins=arrived,
        ends=ended,
        leaving=np.argsort(ended),
        of_call=every,
        piece=every,
        flying=flying,
        working=flying,
    )
    return Service.of([jobs], np.zeros(len(arrived), np.int64))


def _load(calls: int = 5000) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(8)
    return np.cumsum(rng.exponential(1 / 40, calls)), rng.lognormal(np.log(0.05), 0.5, calls)


def test_work_that_load_does_not_touch_shows_no_queue() -> None:
    assert fit(_service(*_load())).status is Status.NO_QUEUEING_SEEN


def test_too_few_calls_show_nothing() -> None:
    assert fit(_service(*_load(400))).status is Status.NOT_ENOUGH_DATA


def test_time_that_rises_long_after_load_is_unexplained() -> None:
    arrived, took = _load()
    slow = np.sin(arrived * 2 * np.pi / 40) > 0
    arrived = np.cumsum(np.where(slow, 1.0, 0.5) * np.diff(arrived, prepend=0.0))
    took *= np.where(np.roll(slow, 300), 3.0, 1.0)  # a cache that something else empties

    found = fit(_service(arrived, took))

    assert found.status is not Status.IDENTIFIED or found.best is None or found.best.discipline is Discipline.CONTENTION
