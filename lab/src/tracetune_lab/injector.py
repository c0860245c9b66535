"""Switches faults on and off in a running lab, and notes when each was really active."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from tracetune_lab import envoy_resources
from tracetune_lab.behaviour import AddedLatency, Behaviour
from tracetune_lab.faults import OF_THE_LOAD, Fault, Truth, truth_of
from tracetune_lab.lab import Lab
from tracetune_lab.plan import GATEWAY, Instance
from tracetune_lab.profiles import Change

PAUSE_EVERY_SECONDS = 0.5


def changes_of_load(faults: list[Fault], mix: dict[str, float]) -> list[Change]:
    """The faults of the load as changes that the generator plans for."""
    changes = []
    for fault in faults:
        if fault.kind == "traffic_surge":
            changes.append(Change(fault.from_seconds, fault.to_seconds, factor=fault.magnitude))
        elif fault.kind in OF_THE_LOAD:
            rest = {operation: weight for operation, weight in mix.items() if operation != fault.operation}
            share = (1 - fault.magnitude) / sum(rest.values())
            shifted = {operation: weight * share for operation, weight in rest.items()}
            changes.append(
                Change(fault.from_seconds, fault.to_seconds, mix={**shifted, fault.operation: fault.magnitude})
            )
    return changes


async def inject(lab: Lab, faults: list[Fault], load_start_unix_seconds: float) -> list[Truth]:
    """Run every fault at its time, and give the truth of each in the order of the list."""
    return list(await asyncio.gather(*(_run(lab, fault, load_start_unix_seconds) for fault in faults)))


async def _run(lab: Lab, fault: Fault, load_start: float) -> Truth:
    if fault.kind in OF_THE_LOAD:
        times = [round((load_start + at) * 1e9) for at in (fault.from_seconds, fault.to_seconds)]
        return truth_of(fault, times[0], times[1])
    await _sleep_until(load_start + fault.from_seconds)
    async with _active(lab, fault) as instance:
        started = time.time_ns()
        await _sleep_until(load_start + fault.to_seconds)
        ended = time.time_ns()
    return truth_of(fault, started, ended, instance)


async def _sleep_until(unix_seconds: float) -> None:
    await asyncio.sleep(max(0.0, unix_seconds - time.time()))


@asynccontextmanager
async def _active(lab: Lab, fault: Fault) -> AsyncIterator[str]:
    """Hold a fault active; gives the name of the one instance concerned, if it is one."""
    if fault.kind in ("release", "release_regression"):
        async with _release(lab, fault) as instance:
            yield instance
    elif fault.kind == "slow_dependency":
        async with _paused_database(lab, fault.magnitude):
            yield "redis"
    elif fault.kind == "cpu_contention":
        async with _burners(lab, fault):
            yield ""
    elif fault.kind in ("slow_hop", "head_sampling"):
        async with _runtime(lab, fault):
            yield ""
    elif fault.kind == "clock_skew":
        lab.skew_clock(fault.service, fault.magnitude)
        yield ""
        lab.skew_clock(fault.service, 0.0)
    elif fault.kind == "span_loss":
        lab.sink.lost_ratio = fault.magnitude
        yield ""
        lab.sink.lost_ratio = 0.0
    else:
        async with _changed_behaviour(lab, fault) as instance:
            yield instance


def behaviour_of(fault: Fault) -> Behaviour:
    """How the replicas of the fault's service behave while it is active."""
    if fault.kind == "errors":
        return Behaviour(error_ratio={fault.operation: fault.magnitude})
    if fault.kind == "pool_too_small":
        return Behaviour(pool_slots=int(fault.magnitude))
    length = fault.to_seconds - fault.from_seconds
    added = {
        "latency_heavy_tailed": AddedLatency("heavy_tailed", fault.magnitude),
        "latency_leak": AddedLatency("leak", fault.magnitude, time.time(), length),
    }.get(fault.kind, AddedLatency("constant", fault.magnitude))
    return Behaviour(added_latency={fault.operation: added} if fault.operation else {})


@asynccontextmanager
async def _changed_behaviour(lab: Lab, fault: Fault) -> AsyncIterator[str]:
    instances = lab.instances[fault.service]
    if fault.kind == "bad_replica":
        instances = [instances[fault.replica]]
    callers: list[Instance] = lab.instances[fault.caller] if fault.kind == "retry_storm" else []
    await lab.set_behaviour(instances, behaviour_of(fault))
    await lab.set_behaviour(callers, Behaviour(retries=fault.retries, call_timeout_seconds=fault.timeout_seconds))
    yield instances[0].pod if fault.kind == "bad_replica" else ""
    await lab.set_behaviour([*instances, *callers], Behaviour())


@asynccontextmanager
async def _release(lab: Lab, fault: Fault) -> AsyncIterator[str]:
    before = lab.instances[fault.service]
    after = await lab.add_version(fault.service, fault.version)
    await lab.set_behaviour(after, behaviour_of(fault))
    lab.route_to(fault.service, after)
    yield after[0].pod
    # The end of a release is a roll-back to the replicas that were kept.
    lab.route_to(fault.service, before)


@asynccontextmanager
async def _runtime(lab: Lab, fault: Fault) -> AsyncIterator[None]:
    if fault.kind == "head_sampling":
        # Only the first Envoy decides; the others follow the flag in traceparent. Envoy reads a plain
        # number at a key of fractional percent as a whole percent.
        service, values = GATEWAY, {"tracing.random_sampling": str(round(fault.magnitude * 100))}
    else:
        key = envoy_resources.hop_runtime_key(fault.service, fault.operation)
        service = fault.caller
        values = {f"{key}.percent": "100", f"{key}.milliseconds": str(round(fault.magnitude * 1000))}
    await lab.set_runtime(service, values)
    yield
    await lab.set_runtime(service, dict.fromkeys(values, ""))


@asynccontextmanager
async def _paused_database(lab: Lab, seconds: float) -> AsyncIterator[None]:
    async def pause_again_and_again() -> None:
        async with Redis(host="127.0.0.1", port=lab.ends.redis_port) as client:
            while True:
                # Redis holds back every command of every client for this time, as a long script would.
                await client.execute_command(  # type: ignore[no-untyped-call]  # redis leaves it untyped
                    "CLIENT", "PAUSE", round(seconds * 1000), "ALL"
                )
                await asyncio.sleep(PAUSE_EVERY_SECONDS)

    pausing = asyncio.create_task(pause_again_and_again())
    try:
        yield
    finally:
        pausing.cancel()


@asynccontextmanager
async def _burners(lab: Lab, fault: Fault) -> AsyncIterator[None]:
    core = max(os.sched_getaffinity(0))
    names = [f"burner-{number}" for number in range(int(fault.magnitude))]
    # Bounded by itself too: a burner ends with the fault even if nobody stops it.
    length = fault.to_seconds - fault.from_seconds
    command = [sys.executable, "-m", "tracetune_lab.burner", str(length + 5), str(core)]
    before = os.sched_getaffinity(0)
    for pid in lab.pids_of(fault.service):
        _pin(pid, {core})
    try:
        for name in names:
            await lab.processes.start(name, command)
        yield
    finally:
        await lab.processes.stop(names)
        for pid in lab.pids_of(fault.service):
            _pin(pid, before)


def _pin(pid: int, cores: set[int]) -> None:
    # A process's threads keep their own affinity, so each is moved.
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)
