"""Requests that queue for the slots of instances: a discrete-event simulation of call trees.

Every operation alternates between own work and groups of calls. By the discipline of its service it needs one slot of its
instance in own work only, or from begin to end, or shares the slots with all others at work. A request that finds no free
slot waits its turn (first come, first served), so latency follows from load.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_ARRIVED, _WORKED, _RETURNED, _SHARED = 0, 1, 2, 3

OWN_WORK, WHOLE_REQUEST, SHARED = 0, 1, 2
"""What a service needs a slot for, or that all at work share its slots as processors."""

IN_TURN, AT_RANDOM, LESS_BUSY_OF_TWO = 0, 1, 2
"""How an instance is chosen; of two at random the one with fewer requests, as Envoy's LEAST_REQUEST does."""
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
        instance_of_service: the instances of each service.
        slots: (instance,), how many requests each works on at once.
        slow_from_nano, slow_until_nano: (operation,), when the work takes ``slow_factor`` times as long.
        slow_factor: (operation,).
        discipline: (service,), OWN_WORK, WHOLE_REQUEST or SHARED.
        balancing: (service,), IN_TURN, AT_RANDOM or LESS_BUSY_OF_TWO.
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
    discipline: Ints
    balancing: Ints


class Requests(NamedTuple):
    """What happened to every request, (request,); callers stand before whom they call.

    ``sent`` and ``returned`` are the caller's times, ``arrived`` and ``ended`` the callee's; ``worked_nano`` is the work
    that was done, without waiting. ``parent`` and ``call`` are -1 for the roots.
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
    present: Ints  # (instance,), requests that arrived and have not ended
    left_nano: Floats  # (request,), work still to do, where slots are shared
    at_work: Ints  # (instance,), how many share its slots
    since: Ints  # (instance,), when that number last changed
    next: Ints  # (instance,), who of them ends first, as things are
    foreseen: Ints  # (instance,), and when


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
        present=np.zeros(instances, np.int64),
        left_nano=np.full(capacity, -1.0),
        at_work=np.zeros(instances, np.int64),
        since=np.zeros(instances, np.int64),
        next=np.full(instances, -1, np.int64),
        foreseen=np.full(instances, -1, np.int64),
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
def _run(  # noqa: C901 - the loop over events
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
            _arrive(world, request, now)
        elif event == _WORKED:
            if network.discipline[network.service[requests.operation[request]]] == OWN_WORK:
                _release(world, requests.instance[request], now)
            _proceed(world, request, now)
        elif event == _SHARED:
            instance = requests.instance[request]
            if state.next[instance] == request and state.foreseen[instance] == now:  # else foreseen before a change
                _share(world, request, now, -1)
                _proceed(world, request, now)
        else:
            requests.returned[request] = now
            parent = requests.parent[request]
            state.waiting[parent] -= 1
            if state.waiting[parent] == 0:
                _resume(world, parent, now)


@numba.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _new(world: _World, operation: np.int64, parent: np.int64, call: np.int64) -> np.int64:
    network, requests, state = world.network, world.requests, world.state
    request: np.int64 = state.used[0]
    state.used[0] += 1
    requests.parent[request] = parent
    requests.root[request] = request if parent < 0 else requests.root[parent]
    requests.call[request] = call
    requests.operation[request] = operation
    requests.worked_nano[request] = 0
    state.group[request] = network.group_of_operation[operation]
    return request


@numba.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _arrive(world: _World, request: np.int64, now: np.int64) -> None:
    """Choose an instance, and take a slot if it is needed from now on."""
    instance = _choose(world, world.network.service[world.requests.operation[request]])
    world.requests.arrived[request] = now
    world.requests.instance[request] = instance
    world.state.present[instance] += 1
    if world.network.discipline[world.network.service[world.requests.operation[request]]] == SHARED:
        _work(world, request, now)
    else:
        _enter(world, request, now)


@numba.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _choose(world: _World, service: np.int64) -> np.int64:
    network, state = world.network, world.state
    first = network.instance_of_service[service]
    instances = network.instance_of_service[service + 1] - first
    if network.balancing[service] == IN_TURN:
        state.turn[service] += 1
        return np.int64(first + (state.turn[service] - 1) % instances)
    one = first + np.int64(world.rng.random() * instances)
    if network.balancing[service] == AT_RANDOM:
        return np.int64(one)
    other = first + np.int64(world.rng.random() * instances)
    return np.int64(one if state.present[one] <= state.present[other] else other)


@numba.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _resume(world: _World, request: np.int64, now: np.int64) -> None:
    """Go on after a group of calls: into the line again where only own work needs a slot."""
    if world.network.discipline[world.network.service[world.requests.operation[request]]] == OWN_WORK:
        _enter(world, request, now)
    else:
        _work(world, request, now)


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
    if network.discipline[network.service[operation]] == SHARED:
        world.state.left_nano[request] = work
        _share(world, request, now, 1)
    else:
        heappush(world.events, (now + np.int64(work), np.int64(4 * request + _WORKED)))


@numba.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _share(  # noqa: C901 - one walk along all that share
    world: _World, request: np.int64, now: np.int64, more: int
) -> None:
    """One more, or one less, shares the slots of an instance: do the work up to now, and foresee who ends next.

    Those at work are linked by ``behind`` from the instance's ``first``.
    """
    state = world.state
    instance = world.requests.instance[request]
    slots = world.network.slots[instance]
    if state.at_work[instance] > 0:
        done = (now - state.since[instance]) * min(1.0, slots / state.at_work[instance])
        other = state.first[instance]
        while other >= 0:
            state.left_nano[other] -= done
            other = state.behind[other]
    state.since[instance] = now
    state.at_work[instance] += more
    if more > 0:
        state.behind[request] = state.first[instance]
        state.first[instance] = request
    elif state.first[instance] == request:
        state.first[instance] = state.behind[request]
    else:
        other = state.first[instance]
        while state.behind[other] != request:
            other = state.behind[other]
        state.behind[other] = state.behind[request]
    soonest = state.first[instance]
    state.next[instance] = soonest
    if soonest < 0:
        return
    other = state.behind[soonest]
    while other >= 0:
        if state.left_nano[other] < state.left_nano[soonest]:
            soonest = other
        other = state.behind[other]
    takes = max(0.0, state.left_nano[soonest]) / min(1.0, slots / state.at_work[instance])
    state.next[instance] = soonest
    state.foreseen[instance] = now + np.int64(np.ceil(takes))
    heappush(world.events, (state.foreseen[instance], np.int64(4 * soonest + _SHARED)))


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
    world.state.present[requests.instance[request]] -= 1
    if network.discipline[network.service[requests.operation[request]]] == WHOLE_REQUEST:
        _release(world, requests.instance[request], now)
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
