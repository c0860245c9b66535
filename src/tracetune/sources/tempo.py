"""Reads traces from Tempo: a search for the ids of a window, then each trace as OTLP."""

from __future__ import annotations

import math
from collections.abc import Iterator

import httpx
import msgspec

from tracetune.sources.jaeger_query import get, parsed
from tracetune.sources.payloads import Format
from tracetune.sources.pull import Window

LIMIT = 1_000
LEAST_SECONDS = 1.0
"""Tempo's search takes whole seconds: a window is not halved below one."""

_TIMEOUT_SECONDS = 30.0


class _Found(msgspec.Struct):
    traceID: str  # noqa: N815 - Tempo's spelling


class _Search(msgspec.Struct):
    traces: list[_Found] | None = None


class Tempo:
    """Traces by window; see ``pull.TraceStore``.

    Source: Grafana Tempo HTTP API, "Search" and "Query": a trace as protobuf has the wire form of OTLP's TracesData.

    Args:
        url: of the query frontend.
        headers: to send along, as an Authorization or X-Scope-OrgID.
    """

    name = "tempo"
    format = Format.OTLP_PROTOBUF

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.address = url.rstrip("/")
        self._client = httpx.Client(timeout=_TIMEOUT_SECONDS, headers=headers, trust_env=False)

    def fetch(self, window: Window) -> Iterator[bytes]:
        """The window's traces, one a piece."""
        known: set[str] = set()
        for trace_id in self._search(window):
            if trace_id not in known:
                known.add(trace_id)
                yield get(self._client, f"{self.address}/api/traces/{trace_id}", {}, "application/protobuf")

    def _search(self, window: Window) -> Iterator[str]:
        asked = {"start": math.floor(window.start), "end": math.ceil(window.end), "limit": LIMIT}
        body = get(self._client, f"{self.address}/api/search", asked)
        found = parsed(body, _Search, self.address).traces or []
        if len(found) < LIMIT or window.end - window.start <= LEAST_SECONDS:
            yield from (each.traceID for each in found)
            return
        for half in window.halves():
            yield from self._search(half)
