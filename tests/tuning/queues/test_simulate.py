"""The fast replay does what the obvious one does, and queues as theory says."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from tests.tuning.queue_data import model

from tracetune.tuning.queues.reference import Replay
from tracetune.tuning.queues.simulate import replay
from tracetune.tuning.queues.templates import (
    CONTENTION,
    DELAY,
    HOLD,
    RANDOM,
    ROUND_ROBIN,
    SELF,
    SHARING,
    Stations,
    Templates,
)


def _stations(discipline: int, slots: float, *, replicas: int = 1, balancing: int = ROUND_ROBIN) -> Stations:
    return Stations(
        discipline=np.array([discipline]),
        slots=np.array([slots], np.float64),
        replicas=np.array([replicas]),
        balancing=np.array([balancing]),
        scale=np.ones(1),
    )


def _single(work: list[float]) -> Templates:
    """Traces of one call with one piece of work each."""
    count = len(work)
    return Templates(
        trace_offset=np.arange(count + 1),
        parent=np.full(count, -1),
        service=np.zeros(count, np.int64),
        transit=np.zeros(count),
        lag=np.zeros(count),
        bit=np.full(count, -1),
        segment_offset=np.arange(count + 1),
        needs=np.zeros(count, np.int64),
        work=np.array(work),
        is_job=np.ones(count, np.bool_),
        launch_offset=np.zeros(count + 1, np.int64),
        launched=np.zeros(0, np.int64),
    )


@pytest.mark.parametrize("discipline", [DELAY, HOLD, SELF, SHARING, CONTENTION])
def test_whole_traces_take_as_long_as_in_the_obvious_replay(discipline: int) -> None:
    templates = model().templates
    services = len(model().stations)
    stations = Stations(
        discipline=np.full(services, discipline),
        slots=np.full(services, 0.2 if discipline == CONTENTION else 3.0),
        replicas=np.array([1, 2, 2, 1]),
        balancing=np.full(services, ROUND_ROBIN),  # the only choice without a random number
        scale=np.ones(services),
    )
    rng = np.random.default_rng(1)
    trace = rng.choice(model().traces, 400)
    begin = np.sort(rng.random(400) * 5)

    fast = replay(templates, stations, trace, begin, 1)
    slow = Replay(templates, stations, 1).run(trace.tolist(), begin.tolist())

    first = np.concatenate(([0], np.cumsum(np.diff(templates.trace_offset)[trace])[:-1]))
    assert fast.took[first] == pytest.approx(slow, abs=1e-9)


def test_an_exponential_server_waits_as_long_as_erlangs_formula_says() -> None:
    rng = np.random.default_rng(4)
    work = rng.exponential(0.1, 40_000)
    begin = np.cumsum(rng.exponential(1 / 14, 40_000))  # two slots, 70 % busy

    found = replay(_single(work.tolist()), _stations(HOLD, 2), np.arange(40_000), begin, 1)

    erlang_c = 0.5765  # of two servers at 1.4 erlang
    assert (found.took - work).mean() == pytest.approx(erlang_c * 0.1 / (2 - 1.4), rel=0.08)
    assert found.held[0] / begin[-1] == pytest.approx(1.4, rel=0.03)


def test_shared_cores_are_insensitive_to_the_spread_of_work() -> None:
    rng = np.random.default_rng(5)
    begin = np.cumsum(rng.exponential(1 / 6, 40_000))
    means = []
    for work in (np.full(40_000, 0.1), rng.exponential(0.1, 40_000)):
        found = replay(_single(work.tolist()), _stations(SHARING, 1), np.arange(40_000), begin, 1)
        means.append(found.took.mean())

    assert means == pytest.approx([0.25, 0.25], rel=0.08)  # M/G/1 processor sharing: x / (1 - rho)


def test_random_choice_uses_all_instances_alike() -> None:
    begin = np.arange(4000, dtype=np.float64) * 0.01
    stations = partial(_stations, SELF, 1, replicas=4)

    at_random = replay(_single([0.02] * 4000), stations(balancing=RANDOM), np.arange(4000), begin, 1)
    in_turn = replay(_single([0.02] * 4000), stations(balancing=ROUND_ROBIN), np.arange(4000), begin, 1)

    assert in_turn.took.max() == pytest.approx(0.02)
    assert at_random.took.mean() > 0.022
