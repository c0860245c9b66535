"""Makes a span of each request that somebody asks the API, as a child of the caller's where it named one."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracetune.domain.spans import SpanKind
from tracetune.sinks.own_traces import OwnTraces

UNTRACED = frozenset({"/healthz", "/readyz", "/metrics", "/api/v1/stream"})
"""Asked by machines every few seconds, or open for hours: their spans would say nothing."""

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")
_FAILED = 500


class Traced:
    """ASGI middleware, next to the routes. The receivers have none: what brings spans must not make any."""

    def __init__(self, app: ASGIApp, traces: OwnTraces) -> None:
        self._app = app
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Time the request.

        Source: OpenTelemetry semantic conventions 1.37, "HTTP server spans"; W3C Trace Context, "traceparent".
        """
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or path in UNTRACED:
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        with self._traces.span(method, SpanKind.SERVER, _caller(scope)) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.attributes["http.response.status_code"] = message["status"]
                    span.failed = str(message["status"]) if message["status"] >= _FAILED else ""
                await send(message)

            span.attributes["http.request.method"] = method
            await self._app(scope, receive, noted)
            route = getattr(scope.get("route"), "path", "")
            if route:
                span.name = f"{method} {route}"
                span.attributes["http.route"] = route


def _caller(scope: Scope) -> tuple[str, str] | None:
    given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), "")
    found = _TRACEPARENT.fullmatch(given.strip())
    return (found[1], found[2]) if found else None
