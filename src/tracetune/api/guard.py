"""Stands before every route: who asks, how often, how much, and what a browser may do with the answer."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracetune.api.access import Access, Caller, Role
from tracetune.api.problems import problem
from tracetune.errors import Forbidden, InvalidInput, Unauthorized

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""What a load balancer asks; it says no more than that the process is there."""

SESSION_PATH = "/api/v1/session"
"""Where a browser shows its token; whoever has none yet must be able to ask."""

LOGINS_PER_SECOND, MOST_LOGINS_AT_ONCE = 0.2, 10.0
"""Of one address: enough for people who mistype, and centuries for whoever guesses."""

HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_PEERS = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one client may ask.

    Attributes:
        body_bytes: of one request.
        requests_per_second, burst: of one address; a page with a chart a second stays far below.
    """

    body_bytes: int = 1_000_000
    requests_per_second: float = 50.0
    burst: float = 200.0


class _Buckets:
    """A token bucket an address; the longest unused are forgotten."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._filled: OrderedDict[str, tuple[float, float]] = OrderedDict()  # (tokens, when)

    def wait(self, peer: str) -> float:
        """Take one token; 0, or the seconds until there is one."""
        now = self._clock()
        tokens, when = self._filled.pop(peer, (self._limits.burst, now))
        tokens = min(self._limits.burst, tokens + (now - when) * self._limits.requests_per_second)
        short = 1.0 - tokens
        self._filled[peer] = (tokens - 1.0 if short <= 0 else tokens, now)
        while len(self._filled) > _MOST_PEERS:
            self._filled.popitem(last=False)
        return max(short / self._limits.requests_per_second, 0.0)


class Guard:
    """ASGI middleware; ``scope["state"]["caller"]`` says afterwards who asks."""

    def __init__(
        self, app: ASGIApp, access: Access, limits: Limits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._access = access
        self._limits = limits
        self._buckets = _Buckets(limits, clock)
        self._logins = _Buckets(Limits(requests_per_second=LOGINS_PER_SECOND, burst=MOST_LOGINS_AT_ONCE), clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        peer = (scope.get("client") or ("", 0))[0]
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        send = _with_headers(send)
        refused = self._refusal(scope, headers, peer, path)
        if refused is not None:
            status, code, detail, hint, more = refused
            answer = problem(status, code, detail, hint, scope["path"])
            answer.headers.update(more)
            await answer(scope, receive, send)
            return
        await self._app(scope, self._measured(receive), send)

    def _refusal(
        self, scope: Scope, headers: Mapping[str, str], peer: str, path: str
    ) -> tuple[int, str, str, str, dict[str, str]] | None:
        is_login = path == SESSION_PATH and scope["method"] == "POST"
        wait = 0.0 if path in OPEN_PATHS else (self._logins if is_login else self._buckets).wait(peer)
        if wait:
            hint = f"at most {LOGINS_PER_SECOND if is_login else self._limits.requests_per_second:g} a second; wait {wait:.1f} s"
            return 429, "too_many_requests", "too many requests", hint, {"retry-after": str(int(wait) + 1)}
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._limits.body_bytes:
            hint = f"at most {self._limits.body_bytes} bytes; spans go to the receivers, not here"
            return 413, "too_large", f"the body has {length[:20]} bytes", hint, {}
        try:
            caller = self._caller(scope["method"], path, headers, peer)
            _allow(scope["method"], path, caller, headers)
        except Unauthorized as error:
            return 401, error.code, error.message, error.hint, {"www-authenticate": "Bearer"}
        except Forbidden as error:
            return 403, error.code, error.message, error.hint, {}
        scope.setdefault("state", {})["caller"] = caller
        return None

    def _caller(self, method: str, path: str, headers: Mapping[str, str], peer: str) -> Caller:
        if path in OPEN_PATHS:
            return Caller(Role.READ)
        try:
            return self._access.caller(headers, peer)
        except Unauthorized:
            if _least(method, path) is Role.NOBODY:
                return Caller(Role.NOBODY)
            raise

    def _measured(self, receive: Receive) -> Receive:
        """A chunked body has no length: cut it off where it grows too long."""
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limits.body_bytes:
                raise InvalidInput(
                    f"the body has more than {self._limits.body_bytes} bytes",
                    hint="spans go to the receivers, not here",
                )
            return message

        return limited


def _least(method: str, path: str) -> Role:
    """What a caller must be. The pages themselves say nothing: files of the package, and a form that asks for a token."""
    if path == SESSION_PATH:
        return Role.NOBODY
    if method in _SAFE:
        return Role.READ if path.startswith("/api/") or path == "/metrics" else Role.NOBODY
    return Role.INGEST if path == "/api/v1/events" else Role.ADMIN


def _allow(method: str, path: str, caller: Caller, headers: Mapping[str, str]) -> None:
    if method not in _SAFE:
        _same_origin(caller, headers)
    needed = _least(method, path)
    if caller.role < needed:
        raise Forbidden(
            f"the role {caller.role.name.lower()} may not {method} {path}", hint=f"it takes {needed.name.lower()}"
        )


def _same_origin(caller: Caller, headers: Mapping[str, str]) -> None:
    """A browser sends cookies by itself, so a change by cookie must be known to come from a page of this server.

    Source: OWASP, "Cross-Site Request Forgery Prevention": verifying the origin with standard headers.
    """
    origin = headers.get("origin", "")
    is_ours = urlsplit(origin).netloc.casefold() == headers.get("host", "").casefold()
    if origin and not is_ours:
        raise Forbidden(f"a page of {origin[:100]} may not change anything here", hint="use the pages of this server")
    if caller.session_until and not origin and headers.get("sec-fetch-site") != "same-origin":
        raise Forbidden("a change by a session names no page that it comes from", hint="send a token instead")


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message["headers"]}
            more = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in present]
            if b"cache-control" not in present:
                more.append((b"cache-control", b"no-store"))
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return sending


class Prefix:
    """ASGI middleware for a server behind a path prefix, whether the proxy in front strips it or not."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Make the path one that begins with the prefix, which is the root path."""
        if self._prefix and scope["type"] == "http":
            path = scope["path"]
            if path != self._prefix and not path.startswith(f"{self._prefix}/"):
                path = self._prefix + path
            scope = {**scope, "root_path": self._prefix, "path": path}
        await self._app(scope, receive, send)
