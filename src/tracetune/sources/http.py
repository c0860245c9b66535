"""Receives spans over HTTP: OTLP as protobuf and JSON, and Zipkin's formats, as one bare ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracetune.errors import InvalidInput, Unavailable
from tracetune.sources import otlp_answer
from tracetune.sources.payloads import Format, TooLarge, decompressed
from tracetune.sources.reception import RETRY_AFTER_SECONDS, Accept, Overloaded, Payload, Receipt, Tally, bears

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

OTLP, ZIPKIN = "otlp_http", "zipkin"

SECONDS_BETWEEN_PIECES = 10.0
"""A sender that is silent for longer amid a body is cut off."""

SECONDS_FOR_A_BODY = 60.0
"""A body that takes longer in all is cut off: 32 MiB need half a megabyte a second."""

SECONDS_TO_LINGER, BYTES_TO_LINGER = 10.0, 256 << 20
"""So long, and for so much, what follows of a body that is too large is read and dropped: most clients read an answer only
when they have sent all, and a connection that is closed before is reset, with the answer lost."""

_JSON, _PROTOBUF = "application/json", "application/x-protobuf"
_ROUTES: Mapping[str, tuple[str, Mapping[str, Format]]] = {
    "/v1/traces": (OTLP, {_PROTOBUF: Format.OTLP_PROTOBUF, _JSON: Format.OTLP_JSON}),
    "/api/v2/spans": (ZIPKIN, {_JSON: Format.ZIPKIN_JSON, _PROTOBUF: Format.ZIPKIN_PROTOBUF}),
    "/api/v1/spans": (ZIPKIN, {_JSON: Format.ZIPKIN_V1_JSON}),
}


@dataclass(frozen=True, slots=True)
class _Refusal(Exception):
    """Why a request is not taken, as a status of HTTP."""

    status: int
    message: str
    retry_after_seconds: int = 0


@dataclass(slots=True)
class _Request:
    name: str
    kind: Format
    encoding: str
    as_json: bool
    is_read: bool = False  # all of its body


class Room:
    """Bytes of bodies that may be held while they arrive, for all senders together."""

    def __init__(self, most_bytes: int) -> None:
        self._free = most_bytes

    def take(self, size: int) -> None:
        """Set bytes aside.

        Raises:
            Overloaded: there are not as many left.
        """
        if size > self._free:
            raise Overloaded("more requests arrive than memory is set aside for", hint="send again later")
        self._free -= size

    def give_back(self, size: int) -> None:
        """Have bytes free again."""
        self._free += size


class HttpReceiver:
    """The ASGI application. Every path is served, whichever port the request came by.

    Args:
        accept: takes each request.
        tokens: one of which senders must show; none lets all in.
        max_request_bytes: the largest body, also after decompression.
        most_bytes: of bodies that are arriving, together.
        seconds_between_pieces, seconds_for_a_body: how slow a sender may be.
    """

    def __init__(
        self,
        accept: Accept,
        *,
        tokens: Sequence[str] = (),
        max_request_bytes: int = 32 << 20,
        most_bytes: int = 64 << 20,
        seconds_between_pieces: float = SECONDS_BETWEEN_PIECES,
        seconds_for_a_body: float = SECONDS_FOR_A_BODY,
    ) -> None:
        self._accept, self._tokens, self._max_request_bytes = accept, tuple(tokens), max_request_bytes
        self._room = Room(max(most_bytes, max_request_bytes))
        self._between, self._in_all = seconds_between_pieces, seconds_for_a_body
        self.tallies = {name: Tally(name, "") for name in (OTLP, ZIPKIN)}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request: _Request | None = None
        try:
            request = _request(scope, headers)
            self._let_in(headers)
            receipt, size = await self._take(request, headers, receive)
        except _Refusal as refusal:
            await self._refuse(send, scope, request, refusal)
        except InvalidInput as error:
            hint = f"; {error.hint}" if error.hint else ""
            await self._refuse(send, scope, request, _Refusal(error.http_status, error.message + hint), receive)
        except Unavailable as error:
            later = _Refusal(error.http_status, error.message, RETRY_AFTER_SECONDS)
            await self._refuse(send, scope, request, later)
        else:
            self.tallies[request.name].took(size, receipt.spans)
            await _acknowledge(send, request, receipt)

    def _let_in(self, headers: Mapping[str, str]) -> None:
        if not bears(headers.get("authorization", ""), self._tokens):
            raise _Refusal(401, "no token, or a wrong one")

    async def _take(self, request: _Request, headers: Mapping[str, str], receive: Receive) -> tuple[Receipt, int]:
        body = _Body(self._room, self._max_request_bytes)
        try:
            async with asyncio.timeout(self._in_all):
                data = await body.read(headers, receive, self._between)
            request.is_read = True
            plain = decompressed(data, request.encoding, self._max_request_bytes)
            return await asyncio.wrap_future(self._accept(Payload(request.name, request.kind, plain))), len(data)
        except TimeoutError:
            raise _Refusal(408, "the body took too long to arrive") from None
        finally:
            body.give_back()

    async def _refuse(
        self, send: Send, scope: Message, request: _Request | None, refusal: _Refusal, receive: Receive | None = None
    ) -> None:
        name = request.name if request else _ROUTES.get(scope["path"], (OTLP, {}))[0]
        self.tallies[name].turned_away()
        headers = [(b"connection", b"close")] if refusal.status in (408, 413) else []
        if refusal.retry_after_seconds:
            headers.append((b"retry-after", str(refusal.retry_after_seconds).encode()))
        if refusal.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        rest = receive if refusal.status == 413 and request and not request.is_read else None
        if request is None or request.name == ZIPKIN:
            await _send(send, refusal.status, "text/plain; charset=utf-8", refusal.message.encode(), headers, rest)
            return
        code = _CODES.get(refusal.status, otlp_answer.INVALID_ARGUMENT)
        said = otlp_answer.status(
            code, refusal.message, retry_after_seconds=refusal.retry_after_seconds, as_json=request.as_json
        )
        await _send(send, refusal.status, _JSON if request.as_json else _PROTOBUF, said, headers, rest)


_CODES = {
    401: otlp_answer.UNAUTHENTICATED,
    429: otlp_answer.RESOURCE_EXHAUSTED,
    503: otlp_answer.UNAVAILABLE,
}


class _Body:
    """The bytes of one body, which take room while they are held."""

    def __init__(self, room: Room, most_bytes: int) -> None:
        self._room, self._most_bytes = room, most_bytes
        self._held = 0

    async def read(self, headers: Mapping[str, str], receive: Receive, between: float) -> bytes:
        self._hold(int(headers.get("content-length", "0")))  # httptools refuses what is no number
        pieces: list[bytes] = []
        size = 0
        while True:
            async with asyncio.timeout(between):
                message = await receive()
            if message["type"] == "http.disconnect":
                raise _Refusal(400, "the sender went away amid the body")
            piece = message.get("body", b"")
            size += len(piece)
            self._hold(size)
            pieces.append(piece)
            if not message.get("more_body"):
                return b"".join(pieces)

    def give_back(self) -> None:
        self._room.give_back(self._held)

    def _hold(self, size: int) -> None:
        if size > self._most_bytes:
            raise TooLarge(f"the body has more than {self._most_bytes:,} bytes", hint="send smaller batches")
        if size > self._held:
            self._room.take(size - self._held)
            self._held = size


def _request(scope: Message, headers: Mapping[str, str]) -> _Request:
    route = _ROUTES.get(scope["path"])
    if route is None:
        raise _Refusal(404, f"spans are taken at {', '.join(_ROUTES)}")
    if scope["method"] != "POST":
        raise _Refusal(405, "spans are sent by POST")
    name, kinds = route
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    kind = kinds.get(content_type)
    if kind is None and name == ZIPKIN:
        kind = kinds[_JSON]  # Zipkin's own server reads whatever is not protobuf as JSON
    if kind is None:
        raise _Refusal(415, f"spans are taken as {' or '.join(kinds)}, not as {content_type!r}")
    encoding = headers.get("content-encoding", "").strip().lower()
    return _Request(name, kind, encoding, as_json=content_type == _JSON)


async def _acknowledge(send: Send, request: _Request, receipt: Receipt) -> None:
    if request.name == ZIPKIN:
        await _send(send, 202, "text/plain", b"", [])
        return
    content_type = _JSON if request.as_json else _PROTOBUF
    await _send(send, 200, content_type, otlp_answer.answer(receipt, as_json=request.as_json), [])


async def _send(
    send: Send,
    status: int,
    content_type: str,
    body: bytes,
    headers: list[tuple[bytes, bytes]],
    rest: Receive | None = None,
) -> None:
    """Answer; then, where ``rest`` is given, read what the sender still has to say before the connection is closed."""
    head = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body, "more_body": rest is not None})
    if rest is not None:
        await _drop(rest)
        await send({"type": "http.response.body", "body": b""})


async def _drop(receive: Receive) -> None:
    dropped = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SECONDS_TO_LINGER):
            while dropped < BYTES_TO_LINGER:
                message = await receive()
                dropped += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return
