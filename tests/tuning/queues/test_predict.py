"""One run of the model, and the interval over many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.tuning.queue_data import model, requests

from tracetune.tuning.queues.predict import latency, quantiles, run


def test_a_run_at_the_load_that_was_seen_has_the_latency_that_was_seen() -> None:
    outcome = run(model(), model().best, 80.0, 8000, 1)

    done = requests()
    seen = (done.ended - done.arrived)[done.parent < 0] / 1e9
    assert quantiles(outcome.of_endpoint[0]) == pytest.approx(quantiles(seen), rel=0.1)


def test_equal_seeds_give_equal_runs() -> None:
    one, two = (run(model(), model().best, 80.0, 500, 3) for _ in range(2))

    assert np.array_equal(one.of_endpoint[0], two.of_endpoint[0])


def test_the_interval_holds_all_runs_and_is_widened_by_back_tests() -> None:
    runs = [np.full(10, value) for value in (1.0, 2.0, 3.0)]
    wide = replace(model(), widening=np.array([1.0, 1.0, 2.0]))

    found = latency(wide, runs)

    assert found is not None
    assert (found.p50.lower, found.p50.upper) == (1.0, 3.0)
    assert (found.p99.lower, found.p99.upper) == (0.5, 6.0)
    assert latency(wide, [np.zeros(0)]) is None
