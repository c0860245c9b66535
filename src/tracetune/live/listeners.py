"""Listens on HTTP ports: uvicorn with deadlines for slow senders, on sockets that are bound before anything else begins."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tracetune.errors import Conflict, InvalidSettings

SECONDS_FOR_A_HEAD = 10.0
"""A connection that has not sent the head of a request within this time is closed; between requests, within 75 seconds."""

_KEEP_ALIVE_SECONDS = 75
_MOST_CONNECTIONS = 1_000
_BACKLOG = 2_048


class _TimedProtocol(HttpToolsProtocol):
    """Closes connections whose request's head does not arrive."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._deadline is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        self._forget_deadline()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(SECONDS_FOR_A_HEAD, self.transport.close)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _Server(uvicorn.Server):
    """A server whose process has others in it: signals are handled by who started them all."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Listener:
    """One port of HTTP, bound from its making, served from ``serve`` on.

    Args:
        application: an ASGI application.
        listening: the bound socket.
        tls: None serves without TLS.
        lifespan: whether the application is told of its beginning and end.
    """

    def __init__(
        self,
        application: Callable[..., Any],
        listening: socket.socket,
        tls: ssl.SSLContext | None,
        *,
        lifespan: bool = False,
    ) -> None:
        config = uvicorn.Config(
            application,
            http=_TimedProtocol,
            ws="none",
            loop="asyncio",
            lifespan="on" if lifespan else "off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=5,
            limit_concurrency=_MOST_CONNECTIONS,
        )
        config.load()
        config.ssl = tls
        self._server = _Server(config)
        self._socket = listening

    async def serve(self) -> None:
        """Answer requests until ``stop``."""
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Take no more requests, and end when those under way are answered."""
        self._server.should_exit = True


def bind(host: str, port: int, what: str, setting: str) -> socket.socket:
    """A listening socket.

    Raises:
        Conflict: the port is taken.
        InvalidSettings: the address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if isinstance(error, socket.gaierror) or error.errno != errno.EADDRINUSE:
            raise InvalidSettings(
                f"cannot listen on {host}:{port} for {what}: {error}", hint="set serve.host"
            ) from None
        raise Conflict(
            f"port {port} of {host}, for {what}, is in use",
            hint=f"stop who has it, or set {setting}; 0 takes a free one",
        ) from None
    listening.listen(_BACKLOG)
    return listening
