"""A service process: serves every replica it is given until it is told to end by SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import msgspec

from tracetune_lab.plan import HostPlan
from tracetune_lab.service import Replica
from tracetune_lab.work import SlotPool


async def serve(plan: HostPlan) -> None:
    """Run all replicas of the plan until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    replicas = [Replica(plan, instance, pool) for instance, pool in zip(plan.instances, pools_of(plan), strict=True)]
    runners = [await replica.start() for replica in replicas]
    await ended.wait()
    for runner in runners:
        await runner.cleanup()
    await asyncio.gather(*(replica.stop() for replica in replicas))


def pools_of(plan: HostPlan) -> list[SlotPool]:
    """The pool of each replica: its own, or one for all replicas of a service whose slots are shared."""
    shared: dict[str, SlotPool] = {}
    pools = []
    for instance in plan.instances:
        pool = plan.topology.services[instance.service].pool
        pools.append(shared.setdefault(instance.service, SlotPool(pool.slots)) if pool.shared else SlotPool(pool.slots))
    return pools


def main() -> None:
    """Read the plan whose path is the only argument, and serve it."""
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=HostPlan)
    asyncio.run(serve(plan))


if __name__ == "__main__":
    main()
