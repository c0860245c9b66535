"""Requests that queue for the slots of instances: a discrete-event simulation of call trees.

Every operation alternates between own work, which needs one slot of its instance, and groups of calls, during which it
holds none. A request that finds no free slot waits its turn (first come, first served), so latency follows from load.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_ARRIVED, _WORKED, _RETURNED = 0, 1, 2
_TRAVEL_SIGMA = 0.35  # of the lognormal spread of network times: p95 is 1.8 times the median


class Network(NamedTuple):
    """Services, their operations and calls, as tables; ``x_of_y`` (y + 1,) holds the first x of each y.

    Attributes:
        service: (operation,), who offers it.
        work_nano: (operation,), median own work before, between and after its groups of calls.
        work_sigma: (operation,), spread of that work, the sigma of a lognormal distribution.
        group_of_operation: groups of calls, made one after the other; the calls of a group start together.
        call_of_group: the calls of each group.
        callee: (call,), the operation that is called.
        probability: (call,), how often the call is made at all, 0 to 1.
        detached: (call,), whether the caller goes on without waiting, as after sending a message.
        travel_nano: (call,), median time to the callee, and back again.
        instance_of_service: instances are taken in turn.
        slots: (instance,), how many requests each works on at once.
        slow_from_nano, slow_until_nano: (operation,), when the work takes ``slow_factor`` times as long.
        slow_factor: (operation,).
    """

    service: Ints
    work_nano: Floats
    work_sigma: Floats
    group_of_operation: Ints
    call_of_group: Ints
    callee: Ints
    probability: Floats
    detached: NDArray[np.bool_]
    travel_nano: Floats
    instance_of_service: Ints
    slots: Ints
    slow_from_nano: Ints
    slow_until_nano: Ints
    slow_factor: Floats


class Requests(NamedTuple):
    """What happened to every request, (request,); callers stand before whom they call.

    ``sent`` and ``returned`` are the caller's times, ``arrived`` and ``ended`` the callee's; ``worked_nano`` is the time
    in which a slot was held. ``parent`` and ``call`` are -1 for the roots.
    """

    parent: Ints
    root: Ints
    call: Ints
    operation: Ints
    instance: Ints
    sent: Ints
    arrived: Ints
    ended: Ints
    returned: Ints
    worked_nano: Ints


class _State(NamedTuple):
    group: Ints  # (request,), the next group of calls
    waiting: Ints  # (request,), calls not yet returned
    behind: Ints  # (request,), who waits next at the same instance, -1 for nobody
    free: Ints  # (instance,)
    first: Ints  # (instance,), head of the queue
    last: Ints  # (instance,)
    turn: Ints  # (service,)
    used: Ints  # (1,), the number of requests so far


class _World(NamedTuple):
    network: Network
    requests: Requests
    state: _State
    events: list[tuple[np.int64, np.int64]]  # a heap of (time, 4 * request + what happens)
    rng: np.random.Generator


def simulate(network: Network, root_operation: Ints, root_time_nano: Ints, seed: int) -> Requests:
    """Run these root requests, and all that they call, to their ends.

    Args:
        network: what is called.
        root_operation: (root,).
        root_time_nano: (root,), when each begins.
        seed: equal seeds give equal runs.
    """
    sizes = _most_requests(network)
    capacity = int(sizes[root_operation].sum())
    requests = Requests(*(np.full(capacity, -1, np.int64) for _ in Requests._fields))
    instances = len(network.slots)
    state = _State(
        group=np.zeros(capacity, np.int64),
        waiting=np.zeros(capacity, np.int64),
        behind=np.full(capacity, -1, np.int64),
        free=network.slots.copy(),
        first=np.full(instances, -1, np.int64),
        last=np.full(instances, -1, np.int64),
        turn=np.zeros(len(network.instance_of_service) - 1, np.int64),
        used=np.zeros(1, np.int64),
    )
    _run(network, requests, state, root_operation, root_time_nano, np.random.default_rng(seed))
    return Requests(*(column[: state.used[0]] for column in requests))


def _most_requests(network: Network) -> Ints:
    """The most requests that one request of each operation can cause, itself included, (operation,)."""
    operations = len(network.service)
    sizes = np.ones(operations, np.int64)
    for _ in range(operations):  # as often as the deepest tree can be deep
        total = np.ones(operations, np.int64)
        for operation in range(operations):
            groups = network.group_of_operation[operation : operation + 2]
            first, last = network.call_of_group[groups]
            total[operation] += sizes[network.callee[first:last]].sum()
        if (total == sizes).all():
            return sizes
        sizes = total
    raise ValueError("the operations call each other in a circle")


@numba.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _run(
    network: Network,
    requests: Requests,
    state: _State,
    root_operation: Ints,
    root_time_nano: Ints,
    rng: np.random.Generator,
) -> None:
    events = [(np.int64(0), np.int64(0)) for _ in range(0)]
    world = _World(network, requests, state, events, rng)
    for root in range(len(root_operation)):
        request = _new(world, root_operation[root], np.int64(-1), np.int64(-1))
        requests.sent[request] = root_time_nano[root]
        heappush(events, (root_time_nano[root], np.int64(4 * request + _ARRIVED)))
    while events:
        now, code = heappop(events)
        request, event = code // 4, code % 4
        if event == _ARRIVED:
            requests.arrived[request] = now
            _enter(world, request, now)
        elif event == _WORKED:
            _release(world, requests.instance[request], now)
            _proceed(world, request, now)
        else:
            requests.returned[request] = now
            parent = requests.parent[request]
            state.waiting[parent] -= 1
            if state.waiting[parent] == 0:
                _enter(world, parent, now)


@numba.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _new(world: _World, operation: np.int64, parent: np.int64, call: np.int64) -> np.int64:
    network, requests, state = world.network, world.requests, world.state
    request: np.int64 = state.used[0]
    state.used[0] += 1
    service = network.service[operation]
    first = network.instance_of_service[service]
    instances = network.instance_of_service[service + 1] - first
    requests.parent[request] = parent
    requests.root[request] = request if parent < 0 else requests.root[parent]
    requests.call[request] = call
    requests.operation[request] = operation
    requests.instance[request] = first + state.turn[service] % instances
    requests.worked_nano[request] = 0
    state.turn[service] += 1
    state.group[request] = network.group_of_operation[operation]
    return request


@numba.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _enter(world: _World, request: np.int64, now: np.int64) -> None:
    """Work if a slot is free, else wait in line."""
    state = world.state
    instance = world.requests.instance[request]
    if state.free[instance] > 0:
        state.free[instance] -= 1
        _work(world, request, now)
    elif state.first[instance] < 0:
        state.first[instance] = state.last[instance] = request
    else:
        state.behind[state.last[instance]] = request
        state.last[instance] = request


@numba.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _work(world: _World, request: np.int64, now: np.int64) -> None:
    network = world.network
    operation = world.requests.operation[request]
    work = network.work_nano[operation] * np.exp(network.work_sigma[operation] * world.rng.standard_normal())
    if network.slow_from_nano[operation] <= now < network.slow_until_nano[operation]:
        work *= network.slow_factor[operation]
    world.requests.worked_nano[request] += np.int64(work)
    heappush(world.events, (now + np.int64(work), np.int64(4 * request + _WORKED)))


@numba.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _release(world: _World, instance: np.int64, now: np.int64) -> None:
    """Give the slot to who has waited longest."""
    state = world.state
    request = state.first[instance]
    if request < 0:
        state.free[instance] += 1
        return
    state.first[instance] = state.behind[request]
    state.behind[request] = -1
    _work(world, request, now)


@numba.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _proceed(world: _World, request: np.int64, now: np.int64) -> None:
    """Make the next group's calls, or end."""
    network, requests, state = world.network, world.requests, world.state
    until = network.group_of_operation[requests.operation[request] + 1]
    while state.group[request] < until:
        group = state.group[request]
        state.group[request] += 1
        for call in range(network.call_of_group[group], network.call_of_group[group + 1]):
            if world.rng.random() < network.probability[call]:
                _call(world, request, np.int64(call), now)
        if state.waiting[request] > 0:
            return
    requests.ended[request] = now
    call = requests.call[request]
    if call >= 0 and not network.detached[call]:
        heappush(world.events, (now + _travel(world, call), np.int64(4 * request + _RETURNED)))


@numba.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _call(world: _World, parent: np.int64, call: np.int64, now: np.int64) -> None:
    network = world.network
    request = _new(world, network.callee[call], parent, call)
    travel = _travel(world, call)
    world.requests.sent[request] = now
    if network.detached[call]:
        # Handing a message to its broker is quick; that it reaches the consumer takes the whole travel time.
        world.requests.returned[request] = now + travel // 20
    else:
        world.state.waiting[parent] += 1
    heappush(world.events, (now + travel, np.int64(4 * request + _ARRIVED)))


@numba.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _travel(world: _World, call: np.int64) -> np.int64:
    return np.int64(world.network.travel_nano[call] * np.exp(_TRAVEL_SIGMA * world.rng.standard_normal()))
