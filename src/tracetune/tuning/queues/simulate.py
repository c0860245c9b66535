"""Observed traces run again, under another load and with other stations: a discrete-event simulation of their segments.

Every replayed trace keeps its calls, their order and their own work; what changes is how long each piece waits for a slot.
``reference.py`` has the same, slow and obvious.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from tracetune.tuning.queues.compiling import KERNEL, PART
from tracetune.tuning.queues.observed import Floats, Ints
from tracetune.tuning.queues.templates import (
    DELAY,
    HOLD,
    LEAST_REQUEST,
    ROUND_ROBIN,
    SELF,
    SHARING,
    Stations,
    Templates,
)

_ARRIVE, _DONE, _RETURN, _SHARED = 0, 1, 2, 3
_MORE, _LESS = np.int64(1), np.int64(-1)  # typed: of each literal that is handed on numba makes a function of its own

# Columns of a run: its call, the number of its first piece, bits of what returned and of what was begun, its instance, and
# of its call the service, the first segment and the number of segments.
_CALL, _JOB, _RETURNED, _FIRED, _INSTANCE, _SERVICE, _SEGMENT, _SEGMENTS = range(8)


class Replayed(NamedTuple):
    """What came out: for every call that was run again, (call run,), and every service.

    Attributes:
        call: its number in the templates.
        arrived: seconds since the begin.
        took: seconds from arrival to end.
        held: (service,), slot-seconds used.
        events: how many were handled.
    """

    call: Ints
    arrived: Floats
    took: Floats
    held: Floats
    events: int


class _World(NamedTuple):
    run: Ints  # (run, 8): what a run is asked for together, so that it is one line of the cache; the columns are below
    run_of: Ints  # (job,)
    arrived: Floats
    begun: Floats
    took: Floats
    behind: Ints  # (job,), who waits next, or who else shares
    left: Floats  # (job,)
    first_instance: Ints  # (service + 1,)
    present: Ints  # (instance,)
    busy: Ints
    head: Ints
    tail: Ints
    since: Floats
    soonest: Ints
    foreseen: Floats
    turn: Ints  # (service,)
    held: Floats  # (service,)
    time: Floats  # the heap
    code: Ints
    size: Ints  # (1,)


def replay(templates: Templates, stations: Stations, trace: Ints, begin: Floats, seed: int) -> Replayed:
    """Run traces again.

    Args:
        templates: what is run.
        stations: where.
        trace: (request,), which trace each request repeats.
        begin: (request,), seconds, ascending.
        seed: of the choice of instances.
    """
    sizes = np.diff(templates.trace_offset)[trace]
    pieces = np.diff(templates.segment_offset[templates.trace_offset])[trace]
    runs, jobs = int(sizes.sum()), int(pieces.sum())
    first_instance = np.concatenate(([0], np.cumsum(stations.replicas))).astype(np.int64)
    instances = int(first_instance[-1])
    services = len(stations.replicas)
    room = 2 * runs + 3 * jobs + 16
    world = _World(
        run=np.zeros((runs, 8), np.int64),
        run_of=np.empty(jobs, np.int64),
        arrived=np.zeros(runs),
        begun=np.zeros(runs),
        took=np.full(runs, np.nan),
        behind=np.full(jobs, -1, np.int64),
        left=np.zeros(jobs),
        first_instance=first_instance,
        present=np.zeros(instances, np.int64),
        busy=np.zeros(instances, np.int64),
        head=np.full(instances, -1, np.int64),
        tail=np.full(instances, -1, np.int64),
        since=np.zeros(instances),
        soonest=np.full(instances, -1, np.int64),
        foreseen=np.zeros(instances),
        turn=np.zeros(services, np.int64),
        held=np.zeros(services),
        time=np.empty(room),
        code=np.empty(room, np.int64),
        size=np.zeros(1, np.int64),
    )
    events = _run(templates, stations, world, trace, begin, np.random.default_rng(seed))
    return Replayed(world.run[:, _CALL], world.arrived, world.took, world.held, int(events))


@njit(**PART)
def _push(times: Floats, codes: Ints, size: Ints, time: float, code: int) -> None:
    at = size[0]
    size[0] += 1
    while at > 0:
        above = (at - 1) >> 2  # four children a node: half as deep as two, and they share a cache line
        if times[above] <= time:
            break
        times[at], codes[at] = times[above], codes[above]
        at = above
    times[at], codes[at] = time, code


@njit(**PART)
def _drop_first(times: Floats, codes: Ints, sizes: Ints) -> None:
    sizes[0] -= 1
    size = sizes[0]
    time, code = times[size], codes[size]
    at = 0
    while True:
        first = 4 * at + 1
        if first >= size:
            break
        least = first
        for other in range(first + 1, min(first + 4, size)):
            if times[other] < times[least]:
                least = other
        if times[least] >= time:
            break
        times[at], codes[at] = times[least], codes[least]
        at = least
    times[at], codes[at] = time, code


@njit(**KERNEL)
def _run(  # noqa: C901 - the loop over events
    templates: Templates,
    stations: Stations,
    world: _World,
    trace: Ints,
    begin: Floats,
    rng: np.random.Generator,
) -> int:
    run, job, events, request = (
        np.int64(0),
        np.int64(0),
        0,
        0,
    )  # typed: numba would compile what takes a literal 0 twice
    while request < len(trace) or world.size[0] > 0:
        # Requests come in order, so they are not put into the heap: it stays small.
        if request < len(trace) and (world.size[0] == 0 or begin[request] <= world.time[0]):
            first, last = templates.trace_offset[trace[request]], templates.trace_offset[trace[request] + 1]
            root = run
            for call in range(first, last):
                row = world.run[run]
                row[_CALL], row[_JOB], row[_SERVICE] = call, job, templates.service[call]
                row[_SEGMENT] = templates.segment_offset[call]
                row[_SEGMENTS] = templates.segment_offset[call + 1] - templates.segment_offset[call]
                for _ in range(row[_SEGMENTS]):
                    world.run_of[job] = run
                    job += 1
                run += 1
            _arrive(templates, stations, world, root, begin[request], rng)
            request += 1
            events += 1
            continue
        now, code = world.time[0], world.code[0]
        _drop_first(world.time, world.code, world.size)
        events += 1
        event, who = code & 3, code >> 2
        if event == _ARRIVE:
            _arrive(templates, stations, world, who, now, rng)
        elif event == _DONE:
            row = world.run[world.run_of[who]]
            segment = row[_SEGMENT] + who - row[_JOB]
            if stations.discipline[row[_SERVICE]] == SELF and templates.is_job[segment]:
                _next_piece(world, row[_INSTANCE], now)
            _complete(templates, stations, world, who, segment, now)
        elif event == _RETURN:
            call = world.run[who, _CALL]
            above = who - (call - templates.parent[call])
            world.run[above, _RETURNED] |= np.int64(1) << templates.bit[call]
            _proceed(templates, stations, world, above, now)
        elif world.soonest[who] >= 0 and world.foreseen[who] == now:
            ended = world.soonest[who]
            _share(stations, world, who, ended, now, _LESS)
            row = world.run[world.run_of[ended]]
            segment = row[_SEGMENT] + ended - row[_JOB]
            _complete(templates, stations, world, ended, segment, now)
    return events


@njit(**PART)
def _arrive(
    templates: Templates, stations: Stations, world: _World, run: int, now: float, rng: np.random.Generator
) -> None:
    service = world.run[run, _SERVICE]
    first, replicas = world.first_instance[service], stations.replicas[service]
    instance = first
    if replicas > 1:
        if stations.balancing[service] == ROUND_ROBIN:
            instance = first + world.turn[service] % replicas
            world.turn[service] += 1
        else:
            instance = first + int(rng.random() * replicas)
            if stations.balancing[service] == LEAST_REQUEST:
                other = first + int(rng.random() * replicas)
                if world.present[other] < world.present[instance]:
                    instance = other
    world.run[run, _INSTANCE] = instance
    world.arrived[run] = now
    world.present[instance] += 1
    if stations.discipline[service] != HOLD:
        _proceed(templates, stations, world, run, now)
    elif world.busy[instance] < stations.slots[service]:
        world.busy[instance] += 1
        world.begun[run] = now
        _proceed(templates, stations, world, run, now)
    else:
        _queue(world, instance, world.run[run, _JOB])


@njit(**PART)
def _queue(world: _World, instance: int, job: int) -> None:
    if world.head[instance] < 0:
        world.head[instance] = job
    else:
        world.behind[world.tail[instance]] = job
    world.tail[instance] = job


@njit(**PART)
def _unqueue(world: _World, instance: int) -> int:
    job: int = world.head[instance]
    if job >= 0:
        world.head[instance] = world.behind[job]
        world.behind[job] = -1
    return job


@njit(**PART)
def _proceed(templates: Templates, stations: Stations, world: _World, run: int, now: float) -> None:
    """Begin every piece of work that waits for nothing any more."""
    row = world.run[run]
    first, returned = row[_SEGMENT], row[_RETURNED]
    for place in range(row[_SEGMENTS]):
        needs = templates.needs[first + place]
        if row[_FIRED] >> place & 1 or needs & returned != needs:
            continue
        row[_FIRED] |= np.int64(1) << place
        _work(templates, stations, world, run, first + place, row[_JOB] + place, now)


@njit(**PART)
def _work(  # noqa: PLR0913, PLR0917
    templates: Templates, stations: Stations, world: _World, run: int, segment: int, job: int, now: float
) -> None:
    service, instance = world.run[run, _SERVICE], world.run[run, _INSTANCE]
    discipline = stations.discipline[service]
    work = templates.work[segment] * stations.scale[service]
    if not templates.is_job[segment] or discipline in (DELAY, HOLD):
        _push(world.time, world.code, world.size, now + work, 4 * job + _DONE)
    elif discipline == SELF:
        world.held[service] += work
        if world.busy[instance] < stations.slots[service]:
            world.busy[instance] += 1
            _push(world.time, world.code, world.size, now + work, 4 * job + _DONE)
        else:
            world.left[job] = work
            _queue(world, instance, job)
    elif discipline == SHARING:
        world.held[service] += work
        world.left[job] = work
        _share(stations, world, instance, job, now, _MORE)
    else:
        _push(
            world.time,
            world.code,
            world.size,
            now + work * (1 + stations.slots[service] * (world.present[instance] - 1)),
            4 * job + _DONE,
        )


@njit(**PART)
def _next_piece(world: _World, instance: int, now: float) -> None:
    job = _unqueue(world, instance)
    if job < 0:
        world.busy[instance] -= 1
    else:
        _push(world.time, world.code, world.size, now + world.left[job], 4 * job + _DONE)


@njit(**PART)
def _share(  # noqa: C901 - one walk along all that share
    stations: Stations, world: _World, instance: int, job: int, now: float, more: int
) -> None:
    """One more or one less shares the cores: do the work up to now, and foresee who ends next."""
    service = np.searchsorted(world.first_instance, instance, "right") - 1
    cores = stations.slots[service]
    if world.busy[instance] > 0:
        done = (now - world.since[instance]) * min(1.0, cores / world.busy[instance])
        other = world.head[instance]
        while other >= 0:
            world.left[other] -= done
            other = world.behind[other]
    world.since[instance] = now
    world.busy[instance] += more
    if more > 0:
        world.behind[job] = world.head[instance]
        world.head[instance] = job
    elif world.head[instance] == job:
        world.head[instance] = world.behind[job]
    else:
        other = world.head[instance]
        while world.behind[other] != job:
            other = world.behind[other]
        world.behind[other] = world.behind[job]
    soonest = world.head[instance]
    world.soonest[instance] = soonest
    if soonest < 0:
        return
    other = world.behind[soonest]
    while other >= 0:
        if world.left[other] < world.left[soonest]:
            soonest = other
        other = world.behind[other]
    world.soonest[instance] = soonest
    world.foreseen[instance] = now + max(0.0, world.left[soonest]) / min(1.0, cores / world.busy[instance])
    _push(world.time, world.code, world.size, world.foreseen[instance], 4 * instance + _SHARED)


@njit(**PART)
def _complete(templates: Templates, stations: Stations, world: _World, job: int, segment: int, now: float) -> None:
    """A piece of work is done: make the calls that follow it, and end the call if it was the last."""
    run = world.run_of[job]
    row = world.run[run]
    call = row[_CALL]
    for at in range(templates.launch_offset[segment], templates.launch_offset[segment + 1]):
        child = templates.launched[at]
        _push(
            world.time,
            world.code,
            world.size,
            now + templates.lag[child] + templates.transit[child] / 2,
            4 * (run + child - call) + _ARRIVE,
        )
    if segment + 1 < row[_SEGMENT] + row[_SEGMENTS]:
        return
    service, instance = row[_SERVICE], row[_INSTANCE]
    world.took[run] = now - world.arrived[run]
    world.present[instance] -= 1
    if templates.bit[call] >= 0:
        _push(world.time, world.code, world.size, now + templates.transit[call] / 2, 4 * run + _RETURN)
    if stations.discipline[service] != HOLD:
        return
    world.held[service] += now - world.begun[run]
    waiting = _unqueue(world, instance)
    if waiting < 0:
        world.busy[instance] -= 1
        return
    follower = world.run_of[waiting]
    world.begun[follower] = now
    _proceed(templates, stations, world, follower, now)
