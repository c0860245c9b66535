"""The simulated queues obey queueing theory and the shape of the calls."""

from __future__ import annotations

import numpy as np
import pytest

from tracetune.testing.queues import (
    AT_RANDOM,
    IN_TURN,
    LESS_BUSY_OF_TWO,
    OWN_WORK,
    SHARED,
    WHOLE_REQUEST,
    Network,
    Requests,
    simulate,
)


def network(*, slots: tuple[int, ...] = (1,), sigma: float = 0.0, groups: tuple[tuple[int, ...], ...] = ()) -> Network:
    """Operation 0 with 100 ms of own work calls others of 50 ms, which have endless slots; ``groups`` name the callees."""
    calls = [callee for group in groups for callee in group]
    others = max(calls, default=0)
    return Network(
        service=np.array([0, *range(1, others + 1)]),
        work_nano=np.array([100e6] + [50e6] * others),
        work_sigma=np.array([sigma] * (others + 1)),
        group_of_operation=np.array([0, len(groups)] + [len(groups)] * others),
        call_of_group=np.cumsum([0, *map(len, groups)]),
        callee=np.array(calls, np.int64),
        probability=np.ones(len(calls)),
        detached=np.zeros(len(calls), np.bool_),
        travel_nano=np.zeros(len(calls)),
        instance_of_service=np.array([0, len(slots), *range(len(slots) + 1, len(slots) + others + 1)]),
        slots=np.array([*slots, *[1000] * others]),
        slow_from_nano=np.zeros(others + 1, np.int64),
        slow_until_nano=np.zeros(others + 1, np.int64),
        slow_factor=np.ones(others + 1),
        discipline=np.full(others + 1, OWN_WORK),
        balancing=np.full(others + 1, IN_TURN),
    )


def run(of: Network, times_milliseconds: list[int]) -> Requests:
    times = np.array(times_milliseconds, np.int64) * 1_000_000
    return simulate(of, np.zeros(len(times), np.int64), times, seed=1)


def test_requests_wait_for_the_only_slot_in_the_order_of_arrival() -> None:
    requests = run(network(), [0, 10, 20, 500])

    assert (requests.ended // 1_000_000).tolist() == [100, 200, 300, 600]


def test_instances_are_taken_in_turn_and_have_queues_of_their_own() -> None:
    requests = run(network(slots=(1, 2)), [0, 1, 2, 3])

    assert requests.instance.tolist() == [0, 1, 0, 1]
    assert (requests.ended // 1_000_000).tolist() == [100, 101, 200, 103]


def test_groups_of_calls_follow_each_other_and_hold_no_slot() -> None:
    requests = run(network(groups=((1, 2), (1,))), [0, 1])

    roots = requests.ended[requests.parent < 0] // 1_000_000
    # The two take turns in the slot, 100 ms each, and make their calls of 50 ms while the other works.
    assert roots.tolist() == [500, 600]
    assert (requests.ended - requests.arrived)[requests.parent >= 0].tolist() == [50_000_000] * 6


def test_detached_calls_hold_nobody_up() -> None:
    queue = network(groups=((1,),))._replace(detached=np.array([True]), travel_nano=np.array([20e6]))

    root, consumer = (int(end) // 1_000_000 for end in run(queue, [0]).ended)

    assert root == 100
    assert consumer > 150


def test_work_is_slow_only_within_its_window() -> None:
    slow = network()._replace(
        slow_from_nano=np.array([1_000_000_000]),
        slow_until_nano=np.array([2_000_000_000]),
        slow_factor=np.array([2.5]),
    )

    requests = run(slow, [0, 1000, 1999, 2300])

    assert ((requests.worked_nano) // 1_000_000).tolist() == [100, 250, 250, 100]


@pytest.mark.parametrize("utilisation", [0.4, 0.85])
def test_mean_wait_is_pollaczek_and_khinchines(utilisation: float) -> None:
    rng = np.random.default_rng(5)
    times = np.cumsum(rng.exponential(100e6 / utilisation, 200_000)).astype(np.int64)

    requests = simulate(network(), np.zeros(len(times), np.int64), times, seed=1)

    wait = (requests.ended - requests.arrived - requests.worked_nano).mean()
    # M/D/1: mean wait = rho / (2 (1 - rho)) of the service time (Kleinrock, Queueing Systems 1, 5.6)
    assert wait == pytest.approx(100e6 * utilisation / (2 * (1 - utilisation)), rel=0.06)


def test_equal_seeds_give_equal_runs() -> None:
    queue = network(sigma=0.5, groups=((1, 2),))

    first, second = run(queue, list(range(0, 1000, 50))), run(queue, list(range(0, 1000, 50)))

    assert all((one == other).all() for one, other in zip(first, second, strict=True))


def test_calls_in_a_circle_are_refused() -> None:
    circle = network(groups=((1,),))._replace(group_of_operation=np.array([0, 1, 2]), call_of_group=np.array([0, 1, 2]))
    circle = circle._replace(
        callee=np.array([1, 0]), probability=np.ones(2), detached=np.zeros(2, np.bool_), travel_nano=np.zeros(2)
    )

    with pytest.raises(ValueError, match="in a circle"):
        run(circle, [0])


def test_a_slot_held_for_the_whole_request_is_held_while_it_waits_for_its_calls() -> None:
    queue = network(groups=((1,),))._replace(discipline=np.array([WHOLE_REQUEST, OWN_WORK]))

    requests = run(queue, [0, 10])

    roots = requests.ended[requests.parent < 0] // 1_000_000
    # 100 ms of work, 50 ms of a call and 100 ms of work, one request after the other.
    assert roots.tolist() == [250, 500]


def test_shared_slots_make_all_the_slower_the_more_there_are() -> None:
    queue = network()._replace(discipline=np.array([SHARED]))

    requests = run(queue, [0, 50])

    # The first has half of its work left when the second comes; at half the rate that takes 100 ms. The second has then
    # done half of its work, and goes on alone.
    assert (requests.ended // 1_000_000).tolist() == [150, 200]
    assert ((requests.worked_nano) // 1_000_000).tolist() == [100, 100]


def test_the_less_busy_of_two_instances_is_taken_more_often_than_at_random() -> None:
    times = (np.sort(np.random.default_rng(3).random(4000)) * 150_000).astype(np.int64).tolist()
    waits = {}
    for balancing in (AT_RANDOM, LESS_BUSY_OF_TWO):
        requests = run(network(slots=(1, 1, 1, 1))._replace(balancing=np.array([balancing])), times)
        waits[balancing] = float(np.mean(requests.ended - requests.arrived))

    assert waits[LESS_BUSY_OF_TWO] < 0.9 * waits[AT_RANDOM]
