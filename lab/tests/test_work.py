"""The pool: first come first served, resizable, and no slot is lost to a caller that gave up."""

from __future__ import annotations

import asyncio
import random
import statistics

import pytest

from tracetune_lab.topology import Work
from tracetune_lab.work import SlotPool, burn, draw_seconds, measure_cpu_rounds_per_second


async def hold(pool: SlotPool, order: list[int], number: int, leave: asyncio.Event) -> None:
    async with pool.slot():
        order.append(number)
        await leave.wait()


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_waiting_requests_get_slots_in_order_of_arrival() -> None:
    async def scene() -> tuple[list[int], list[int]]:
        pool, leave = SlotPool(2), asyncio.Event()
        order: list[int] = []
        tasks = [asyncio.create_task(hold(pool, order, number, leave)) for number in range(4)]
        await turns()
        early = list(order)
        leave.set()
        await asyncio.gather(*tasks)
        return early, order

    early, order = asyncio.run(scene())

    assert early == [0, 1]
    assert order == [0, 1, 2, 3]


def test_request_that_gives_up_while_waiting_takes_no_slot_with_it() -> None:
    async def scene() -> int:
        pool, leave = SlotPool(1), asyncio.Event()
        order: list[int] = []
        first = asyncio.create_task(hold(pool, order, 0, leave))
        second = asyncio.create_task(hold(pool, order, 1, leave))
        await turns()
        second.cancel()
        leave.set()
        await asyncio.gather(first, second, return_exceptions=True)
        return pool.busy

    assert asyncio.run(scene()) == 0


def test_growing_pool_admits_at_once_and_shrinking_pool_drains() -> None:
    async def scene() -> list[int]:
        pool, leave = SlotPool(1), asyncio.Event()
        order: list[int] = []
        tasks = [asyncio.create_task(hold(pool, order, number, leave)) for number in range(3)]
        await turns()
        seen = [pool.busy]
        pool.resize(3)
        await turns()
        seen.append(pool.busy)
        pool.resize(1)
        leave.set()
        await asyncio.gather(*tasks)
        return [*seen, pool.busy]

    assert asyncio.run(scene()) == [1, 3, 0]


def test_drawn_work_has_the_stated_median() -> None:
    rng = random.Random(1)

    draws = [draw_seconds(Work(median_seconds=0.05, sigma=0.5), rng) for _ in range(2000)]

    assert statistics.median(draws) == pytest.approx(0.05, rel=0.05)


def test_cpu_work_is_measured_in_rounds_of_cpu_time() -> None:
    rounds = measure_cpu_rounds_per_second()

    burn(1)
    assert rounds > 10_000
