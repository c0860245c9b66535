"""Load, spans, forecast, external metric, autoscaler, replicas, and load again: a few hours lived through on a chosen clock."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from closed_loop import plant
from closed_loop.cluster import emulator
from closed_loop.controller import DEPLOYMENTS, HPAS, Controller, by_advice, by_cpu, deployment
from tracetune.api.external_metrics import ExternalMetrics
from tracetune.clock import NANOS_PER_MINUTE
from tracetune.live.events import MinuteClosed
from tracetune.live.listeners import Listener, bind
from tracetune.live.server import Server
from tracetune.settings import LearnSettings, ServeSettings, Settings
from tracetune.sources.payloads import Format
from tracetune.sources.reception import Payload
from tracetune.testing.build import DAY_START_UNIX_NANO
from tracetune.testing.otlp_writer import request

Tell = Callable[[int, float, float, Mapping[str, int]], None]
"""Told each minute: its number, its load, its p99 in seconds and the replicas in it."""

FIRST_MINUTE = DAY_START_UNIX_NANO // NANOS_PER_MINUTE
SEED = 11
_ENOUGH = 40

_PATIENCE_SECONDS = 60.0
"""Of the machine's, in which a minute of the loop's clock passes in a second or two: advice is never a minute late for that."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a way of scaling came to.

    Attributes:
        minutes_lost: in which p99 at the gateway was over the objective.
        replica_hours: of the scaled services.
        changes: how often a number of replicas was changed.
        highest: most replicas of each service.
    """

    way: str
    minutes_lost: int
    replica_hours: float
    changes: int
    highest: Mapping[str, int]


def objective_seconds(rate: float) -> float:
    """Twice the p99 of a minute in which nothing waits."""
    return 2 * plant.run(0, rate, dict.fromkeys(plant.SCALED, _ENOUGH), SEED).p99_seconds


def day(base: float, peak: float, calm: int, ramp: int, high: int) -> list[float]:
    """Traces a second in each minute: calm, a ramp up, a time of high load, a ramp down, and calm."""
    up = list(np.linspace(base, peak, ramp))
    return [*[base] * calm, *up, *[peak] * high, *up[::-1], *[base] * (2 * calm // 5)]


def live(way: str, loads: Sequence[float], objective: float, tell: Tell = lambda *_: None) -> Outcome:
    """Live through these minutes with autoscalers that follow the ``advice``, or the ``CPU``, or with ``none``.

    New replicas serve from the minute after the decision, under every way alike.
    """
    busy: dict[str, float] = {}
    chosen: list[dict[str, int]] = []
    lost = 0
    with emulator() as api, _advisor(is_on=way == "advice") as (metrics, learn):
        for name in plant.SCALED:
            api.post(
                DEPLOYMENTS.format(namespace="shop"), json=deployment(name, plant.REPLICAS[name])
            ).raise_for_status()
            if way != "none":
                hpa = by_advice(name) if way == "advice" else by_cpu(name)
                api.post(HPAS.format(namespace="shop"), json=hpa).raise_for_status()
        controller = Controller(api, metrics, lambda name: busy[name])
        for minute, rate in enumerate(loads):
            chosen.append({name: controller.replicas()[name] for name in plant.SCALED})
            found = plant.run(minute, rate, chosen[-1], SEED)
            busy.update(found.busy)
            lost += found.p99_seconds > objective
            tell(minute, rate, found.p99_seconds, chosen[-1])
            learn(minute, found)
            controller.minute(60.0 * minute)
    counts = np.array([[each[name] for name in plant.SCALED] for each in chosen])
    return Outcome(
        way,
        lost,
        float(counts.sum()) / 60,
        int((counts[1:] != counts[:-1]).sum()),
        dict(zip(plant.SCALED, counts.max(axis=0).tolist(), strict=True)),
    )


Learn = Callable[[int, plant.Minute], None]


@contextmanager
def _advisor(*, is_on: bool) -> Iterator[tuple[httpx.Client, Learn]]:
    """The product as it runs, with its external metrics on a port, told each minute's spans; or nobody."""
    if not is_on:
        with httpx.Client() as nobody:
            yield nobody, lambda _minute, _found: None
        return
    now = [FIRST_MINUTE * 60.0]
    with tempfile.TemporaryDirectory(prefix="tracetune-loop-") as folder:
        data = str(Path(folder) / "data")
        serve = ServeSettings(data, port=-1, otlp_grpc_port=-1, otlp_http_port=-1, zipkin_port=-1)
        server = Server(
            Settings(serve=serve, learn=LearnSettings(model="baselines")),
            clock=lambda: now[0],
            ticking=False,
            patience_seconds=_PATIENCE_SECONDS,
        )
        server.start()

        def learn(minute: int, found: plant.Minute) -> None:
            server.admission.accept(Payload("otlp_http", Format.OTLP_PROTOBUF, request(found.spans))).result()
            now[0] = (FIRST_MINUTE + minute + 1) * 60 + 10.0
            asyncio.run(_close(server, FIRST_MINUTE + minute))
            server.settle()

        try:
            with _listening(ExternalMetrics(server.publisher)) as url, httpx.Client(base_url=url, timeout=60) as client:
                yield client, learn
        finally:
            server.stop()


async def _close(server: Server, minute: int) -> None:
    """Close a minute and wait until what is known of it was published."""
    events = server.publisher.subscribe()
    waiting = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    server.admission.close_minute(minute)
    while True:
        event = await waiting
        if isinstance(event, MinuteClosed) and event.minute == minute:
            break
        waiting = asyncio.ensure_future(anext(events))
    await events.aclose()


@contextmanager
def _listening(application: Any) -> Iterator[str]:  # noqa: ANN401 - an ASGI application
    loop = asyncio.new_event_loop()
    listening = bind("127.0.0.1", 0, "external metrics", "nothing")
    listener = Listener(application, listening, None)
    thread = threading.Thread(target=loop.run_until_complete, args=(listener.serve(),))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listener.stop()
        thread.join()
        loop.close()
