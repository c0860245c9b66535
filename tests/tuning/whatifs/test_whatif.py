"""Predictions for loads and replicas that were never seen, against the same queues run there."""

from __future__ import annotations

import numpy as np
import pytest
from tests.tuning.queue_data import app, model

from tracetune.errors import NotFound
from tracetune.tuning.whatifs.whatif import whatif


def _truth(load: float, replicas: dict[int, int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    run = app().run(np.full(100, 80.0 * load), 77, replicas)
    root = run.parent < 0
    return np.quantile((run.ended - run.arrived)[root] / 1e9, (0.5, 0.95, 0.99))


@pytest.mark.parametrize(("load", "replicas"), [(0.6, {}), (1.0, {3: 2}), (1.4, {2: 2, 3: 2})])
def test_unseen_loads_and_replicas_are_predicted_within_their_interval(load: float, replicas: dict[int, int]) -> None:
    found = whatif(model(), load, {f"s{service}": count for service, count in replicas.items()})

    assert found.is_answered
    latency = found.endpoints[0].latency
    assert latency is not None
    for bounded, true in zip((latency.p50, latency.p95, latency.p99), _truth(load, replicas), strict=True):
        assert bounded.lower <= bounded.value <= bounded.upper
        assert bounded.value == pytest.approx(true, rel=0.12)


def test_more_replicas_of_the_busiest_never_make_the_tail_longer() -> None:
    tails = []
    for count in (1, 2, 3):
        latency = whatif(model(), 1.0, {"s3": count}).endpoints[0].latency
        assert latency is not None
        tails.append(latency.p99.value)

    assert tails[0] > tails[1]
    assert tails[2] < tails[1] * 1.03


def test_a_load_that_fills_a_service_is_refused_with_who_and_by_how_much() -> None:
    found = whatif(model(), 2.0)

    assert not found.is_answered
    assert all(endpoint.latency is None for endpoint in found.endpoints)
    assert "s3 would need" in found.sentence
    assert "more replicas of s3" in found.sentence


def test_quicker_work_shortens_the_tail_and_the_use_of_slots() -> None:
    now, quicker = whatif(model()), whatif(model(), demand={"s3": 0.5})

    assert quicker.services[3].busy_share == pytest.approx(now.services[3].busy_share / 2, rel=0.1)
    assert quicker.services[3].saturation_calls_per_second == pytest.approx(
        2 * now.services[3].saturation_calls_per_second
    )
    assert quicker.endpoints[0].latency is not None
    assert now.endpoints[0].latency is not None
    assert quicker.endpoints[0].latency.p99.value < now.endpoints[0].latency.p99.value


def test_the_sentence_tells_load_latency_interval_and_the_busiest_service() -> None:
    said = whatif(model(), 1.2, {"s3": 2}).sentence

    assert said.startswith("At 1.2 times the load (9")
    assert "with 2 replicas of s3: p99 of op0" in said
    assert "% of its slots" in said


def test_a_service_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(NotFound, match="no service 'nobody'"):
        whatif(model(), replicas={"nobody": 2})
