"""Parts that the tests of receivers and of the minute loop share: an HTTP port, a reception that keeps what came, payloads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.spans import SpanBatch, SpanKind
from tracetune.errors import TracetuneError
from tracetune.live.events import Event, MinuteClosed
from tracetune.live.listeners import Listener, bind
from tracetune.live.server import Server
from tracetune.settings import IngestSettings, ServeSettings, Settings
from tracetune.sources.payloads import Format, PayloadDecoder
from tracetune.sources.reception import Payload, Receipt
from tracetune.testing.build import DAY_START_UNIX_NANO
from tracetune.testing.otlp_writer import request

FIRST_MINUTE = DAY_START_UNIX_NANO // NANOS_PER_MINUTE

_MILLISECOND = 10**6


def trace_of(minute: int, number: int = 0, name: str = "GET /order") -> SpanBatch:
    """A call of the shop and one of payments below it, in a minute after FIRST_MINUTE; every number is another trace."""
    start = DAY_START_UNIX_NANO + minute * NANOS_PER_MINUTE + (number % 50_000) * _MILLISECOND
    trace_id = (0xAA << 120 | minute << 40 | number).to_bytes(16, "big")
    root, child = ((0x55 << 56 | minute << 36 | number << 4 | last).to_bytes(8, "big") for last in (1, 2))
    shared = {"trace_id": trace_id, "kind": SpanKind.SERVER, "instance": "pod-1", "service_version": "v1"}
    return SpanBatch.from_rows(
        [
            {
                **shared,
                "span_id": root,
                "name": name,
                "service_name": "shop",
                "start_time_unix_nano": start,
                "end_time_unix_nano": start + 120 * _MILLISECOND,
            },
            {
                **shared,
                "span_id": child,
                "parent_span_id": root,
                "name": "Authorize",
                "service_name": "payments",
                "start_time_unix_nano": start + 10 * _MILLISECOND,
                "end_time_unix_nano": start + 90 * _MILLISECOND,
            },
        ]
    )


def otlp(spans: SpanBatch) -> Payload:
    """The spans as a request that came over HTTP."""
    return Payload("otlp_http", Format.OTLP_PROTOBUF, request(spans))


class Reception:
    """Takes requests as the admission does, at once and into a list; ``failure`` is what it answers instead."""

    def __init__(self) -> None:
        self.payloads: list[Payload] = []
        self.failure: TracetuneError | None = None
        self._decoder = PayloadDecoder()
        self._lock = threading.Lock()

    def accept(self, payload: Payload) -> Future[Receipt]:
        """As ``sources.reception.Accept``."""
        receipt: Future[Receipt] = Future()
        with self._lock:
            if self.failure:
                receipt.set_exception(self.failure)
                return receipt
            try:
                decoded = self._decoder.decode(payload.format, payload.data)
            except TracetuneError as error:
                receipt.set_exception(error)
                return receipt
            self.payloads.append(payload)
        receipt.set_result(Receipt(len(decoded.spans), decoded.rejected))
        return receipt

    @property
    def spans(self) -> int:
        """How many came."""
        decoder = PayloadDecoder()
        return sum(len(decoder.decode(each.format, each.data).spans) for each in self.payloads)


@contextmanager
def listening(application: Callable[..., Any], port: int = 0) -> Iterator[int]:
    """A port of this machine on which the application is served by the product's own listener; 0 takes a free one."""
    loop = asyncio.new_event_loop()
    socket = bind("127.0.0.1", port, "a test", "nothing")
    listener = Listener(application, socket, None)
    thread = threading.Thread(target=loop.run_until_complete, args=(listener.serve(),))
    thread.start()
    try:
        yield int(socket.getsockname()[1])
    finally:
        listener.stop()
        thread.join()
        loop.close()


def settings(directory: Path, *, max_spans: int = 100_000, **serve: Any) -> Settings:
    """Of a server without ports in a directory."""
    given = {"otlp_grpc_port": -1, "otlp_http_port": -1, "zipkin_port": -1, "port": -1, **serve}
    return Settings(ingest=IngestSettings(max_spans=max_spans), serve=ServeSettings(directory=str(directory), **given))


class Clock:
    """A clock that stands until it is moved; at first it shows ten seconds after FIRST_MINUTE."""

    def __init__(self) -> None:
        self.now = DAY_START_UNIX_NANO / 1e9 + 10.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def running(
    directory: Path, clock: Clock | None = None, objectives: Mapping[str, float] | None = None, **more: Any
) -> Iterator[Server]:
    """A started server whose minutes close when the test says so."""
    server = Server(settings(directory, **more), objectives=objectives, clock=clock or Clock(), ticking=False)
    server.start()
    try:
        yield server
    finally:
        server.stop()


async def closed(server: Server, clock: Clock, minute: int) -> list[Event]:
    """Close a minute, wait for its publication, and give the events of it."""
    events = server.publisher.subscribe()
    first = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    clock.now = (minute + 1) * 60 + 10.0
    server.admission.close_minute(minute)
    found = [await first]
    while not (isinstance(found[-1], MinuteClosed) and found[-1].minute == minute):  # earlier ones may come before it
        found.append(await anext(events))
    return found
