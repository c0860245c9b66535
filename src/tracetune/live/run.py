"""Runs a server with its HTTP ports until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from typing import Any

from tracetune import log
from tracetune.live.listeners import Listener, bind
from tracetune.live.memory import share_allocator
from tracetune.live.server import Server
from tracetune.sources.http import OTLP, ZIPKIN

Surface = Callable[[Server], Callable[..., Any]]
"""Makes the ASGI application of the pages and the API for a started server."""

Ready = Callable[[dict[str, int]], None]
"""Told the port of each name, ``otlp_grpc``, ``otlp_http``, ``zipkin`` and ``api``, once spans are taken."""


def run(server: Server, surface: Surface | None, ready: Ready) -> None:
    """Start, serve until SIGTERM or SIGINT, and stop in order."""
    share_allocator()
    asyncio.run(_run(server, surface, ready))


async def _run(server: Server, surface: Surface | None, ready: Ready) -> None:
    serve = server.settings.serve
    sockets: dict[str, socket.socket] = {}
    wanted = {OTLP: (serve.otlp_http_port, "otlp_http_port"), ZIPKIN: (serve.zipkin_port, "zipkin_port")}
    if surface:
        wanted["api"] = (serve.port, "port")
    try:
        for name, (port, setting) in wanted.items():
            if port >= 0:
                sockets[name] = bind(serve.host, port, name, f"serve.{setting}")
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await asyncio.to_thread(server.start)
        try:
            await _listen(server, surface, sockets, stop, ready)
        finally:
            await asyncio.to_thread(server.stop)
    finally:
        for each in sockets.values():
            each.close()


async def _listen(
    server: Server, surface: Surface | None, sockets: dict[str, socket.socket], stop: asyncio.Event, ready: Ready
) -> None:
    listeners = []
    for name, listening in sockets.items():
        application = surface(server) if surface and name == "api" else server.http
        listeners.append(Listener(application, listening, server.tls_context, lifespan=name == "api"))
        if name in server.http.tallies:
            server.http.tallies[name].address = "{}:{}".format(*listening.getsockname()[:2])
    tasks = [asyncio.create_task(each.serve()) for each in listeners]
    ports = {name: listening.getsockname()[1] for name, listening in sockets.items()}
    if "api" in ports:
        host = "127.0.0.1" if server.settings.serve.host in ("0.0.0.0", "::") else server.settings.serve.host  # noqa: S104 - no bind
        server.say(f"{'https' if server.tls_context else 'http'}://{host}:{ports['api']}")
    ready({**({"otlp_grpc": server.grpc.port} if server.grpc else {}), **ports})
    refreshing = asyncio.create_task(_refresh(server))
    await stop.wait()
    refreshing.cancel()
    log.get_logger("serve").info("stopping")
    for each in listeners:
        each.stop()
    await asyncio.gather(*tasks)


async def _refresh(server: Server) -> None:
    """Keep the status of the snapshot of the present, whatever the minute loop is at."""
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN_STATUSES)
        server.publisher.refresh(server.status())


_SECONDS_BETWEEN_STATUSES = 2.0
