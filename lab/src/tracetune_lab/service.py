"""One replica of a service: serves its operations by doing their steps, and forwards trace headers."""

from __future__ import annotations

import asyncio
import random
import time
import zlib
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from opentelemetry.context import Context
from redis.asyncio import Redis

from tracetune_lab.behaviour import Behaviour
from tracetune_lab.plan import HostPlan, Instance
from tracetune_lab.telemetry import FORWARDED_HEADERS, Telemetry, note_status
from tracetune_lab.topology import Cache, Call, LongPoll, RedisCommand, Step, Work, method_and_path
from tracetune_lab.work import SlotPool, burn, draw_seconds

BEHAVIOUR_PATH = "/.lab/behaviour"
Handler = Callable[[web.Request], Awaitable[web.Response]]


class Request(msgspec.Struct):
    """What one request carries from step to step."""

    headers: dict[str, str]
    context: Context
    failed: bool = False


class Replica:
    """Runs the operations of one service for one pod."""

    def __init__(self, plan: HostPlan, instance: Instance, pool: SlotPool) -> None:
        """Prepare the spans and the random draws; nothing is opened yet. `pool` may be other replicas' too."""
        self.instance = instance
        self.service = plan.topology.services[instance.service]
        self.pool = pool
        self.behaviour = Behaviour()
        self.telemetry = Telemetry(instance, plan.ends)
        self._cpu_rounds_per_second = plan.cpu_rounds_per_second
        self._redis = Redis(host="127.0.0.1", port=plan.ends.redis_port) if plan.topology.redis else None
        # crc32 and not hash(): the latter differs between processes.
        self._rng = random.Random(zlib.crc32(f"{instance.pod}/{plan.seed}".encode()))
        self._client: aiohttp.ClientSession | None = None
        self._sent: set[asyncio.Task[bool]] = set()
        # One for each field of Step; a topology's rules see to it that exactly one is set.
        self._does: dict[str, Callable[[Any, Request], Awaitable[object]]] = {
            "work": self._work,
            "call": self._call,
            "parallel": self._parallel,
            "send": self._send,
            "cache": self._cache,
            "redis": self._redis_command,
            "long_poll": self._long_poll,
        }

    async def start(self) -> web.AppRunner:
        """Open the port and serve until the runner is cleaned up."""
        self._client = aiohttp.ClientSession(
            base_url=f"http://127.0.0.1:{self.instance.outbound_port}",
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
        )
        app = web.Application()
        for operation in self.service.operations:
            method, path = method_and_path(operation)
            app.router.add_route(method, path, self._handler(operation))
        app.router.add_post(BEHAVIOUR_PATH, self._change_behaviour)
        runner = web.AppRunner(app, access_log=None, keepalive_timeout=3600)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.instance.app_port).start()
        return runner

    async def stop(self) -> None:
        """Finish sent calls, close connections and flush spans."""
        await asyncio.gather(*self._sent, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
        if self._redis is not None:
            await self._redis.aclose()
        await asyncio.to_thread(self.telemetry.shutdown)

    async def _change_behaviour(self, request: web.Request) -> web.Response:
        self.behaviour = msgspec.json.decode(await request.read(), type=Behaviour)
        self.pool.resize(self.behaviour.pool_slots or self.service.pool.slots)
        return web.Response(text="ok")

    def _handler(self, operation: str) -> Handler:
        async def serve(incoming: web.Request) -> web.Response:
            return await self._serve(operation, incoming)

        return serve

    async def _serve(self, operation: str, incoming: web.Request) -> web.Response:
        headers = {name: incoming.headers[name] for name in FORWARDED_HEADERS if name in incoming.headers}
        with self.telemetry.server(operation, self.telemetry.extract(headers)) as (context, span):
            request = Request(headers, context)
            async with AsyncExitStack() as held:
                if self.service.pool.held == "request":
                    await held.enter_async_context(self.pool.slot())
                await self._steps(self.service.operations[operation], request)
                await self._added_latency(operation)
            status = 502 if request.failed else 200
            if self._rng.random() < self.behaviour.error_ratio.get(operation, 0.0):
                status = 500
            note_status(span, status)
            return web.Response(status=status, text=f"{self.instance.service} {operation} {status}\n")

    async def _steps(self, steps: list[Step], request: Request) -> None:
        for step in steps:
            await self._step(step, request)

    async def _step(self, step: Step, request: Request) -> None:
        (said,) = step.said()
        await self._does[said](getattr(step, said), request)

    async def _parallel(self, branches: list[Step], request: Request) -> None:
        await asyncio.gather(*(self._step(branch, request) for branch in branches))

    async def _cache(self, cache: Cache, request: Request) -> None:
        if self._rng.random() >= cache.hit_ratio:
            await self._steps(cache.miss, request)

    async def _in_slot(self, seconds: float) -> None:
        async with AsyncExitStack() as held:
            if self.service.pool.held == "work":
                await held.enter_async_context(self.pool.slot())
            await asyncio.sleep(seconds)

    async def _work(self, work: Work, _request: Request) -> None:
        seconds = draw_seconds(work, self._rng)
        if work.kind == "wait":
            await self._in_slot(seconds)
            return
        async with AsyncExitStack() as held:
            if self.service.pool.held == "work":
                await held.enter_async_context(self.pool.slot())
            await asyncio.to_thread(burn, round(seconds * self._cpu_rounds_per_second))

    async def _added_latency(self, operation: str) -> None:
        added = self.behaviour.added_latency.get(operation)
        if added is not None:
            await self._in_slot(added.draw(self._rng, time.time()))

    async def _long_poll(self, poll: LongPoll, _request: Request) -> None:
        await asyncio.sleep(self._rng.uniform(poll.least_seconds, poll.most_seconds))

    async def _redis_command(self, step: RedisCommand, request: Request) -> None:
        if self._redis is None:  # the topology's rules exclude it
            raise RuntimeError("a redis step without Redis")
        key = f"{self.instance.service}:{self._rng.randrange(step.keys)}"
        arguments = {
            "GET": ("GET", key),
            "SET": ("SET", key, "x" * 64),
            "HGETALL": ("HGETALL", f"h:{key}"),
            "LPUSH": ("LPUSH", f"l:{self.instance.service}", key),
            "ZADD": ("ZADD", f"z:{self.instance.service}", self._rng.random(), key),
        }[step.command]
        with self.telemetry.redis(step.command, request.context):
            await self._redis.execute_command(*arguments)  # type: ignore[no-untyped-call]  # redis leaves it untyped

    async def _send(self, call: Call, request: Request) -> None:
        # Answered after the request is: its failure is nobody's, so it works on a copy.
        copy = Request(request.headers, request.context)
        task = asyncio.create_task(self._call(call, copy))
        self._sent.add(task)
        task.add_done_callback(self._sent.discard)

    async def _call(self, call: Call, request: Request) -> bool:
        if self._rng.random() >= call.probability:
            return True
        retries = self.behaviour.retries if self.behaviour.retries is not None else call.retries
        for _ in range(1 + retries):
            if await self._attempt(call, request):
                return True
        request.failed = True
        return False

    async def _attempt(self, call: Call, request: Request) -> bool:
        if self._client is None:
            raise RuntimeError("a call before the replica was started")
        method, path = method_and_path(call.operation)
        seconds = self.behaviour.call_timeout_seconds or call.timeout_seconds
        timeout = aiohttp.ClientTimeout(total=seconds)
        with self.telemetry.client(call.to, call.operation, request.context) as (own, span):
            headers = {**request.headers, **own, "host": call.to}
            try:
                async with self._client.request(method, path, headers=headers, timeout=timeout) as answer:
                    await answer.read()
                    note_status(span, answer.status)
                    return answer.status < 500
            except (TimeoutError, aiohttp.ClientError):
                note_status(span, 504)
                return False
