"""Reads traces from Jaeger's query API, which answers for one service and a limited number of traces at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import httpx
import msgspec

from tracetune.errors import InvalidInput, Unavailable
from tracetune.sources.payloads import Format
from tracetune.sources.pull import Window

T = TypeVar("T")

LIMIT = 1_000
"""Traces of one answer. One that is full may have left some out, and its window is asked for in halves."""

LEAST_SECONDS = 0.1
"""A window is not halved further: a service with more traces in it is sampled or is asked for in vain."""

_TRACES_A_REQUEST = 200
_TIMEOUT_SECONDS = 30.0


class _Trace(msgspec.Struct):
    traceID: str  # noqa: N815 - Jaeger's spelling


class _Answer(msgspec.Struct):
    data: list[msgspec.Raw] | None = None


class _Services(msgspec.Struct):
    data: list[str] | None = None


class JaegerQuery:
    """Traces by service and window; see ``pull.TraceStore``.

    Source: Jaeger, "HTTP JSON (internal)" of the query service: ``/api/services`` and ``/api/traces``.

    Args:
        url: of the query service, with its base path if it has one.
        headers: to send along, as an Authorization.
    """

    name = "jaeger"
    format = Format.JAEGER_JSON

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.address = url.rstrip("/")
        self._client = httpx.Client(timeout=_TIMEOUT_SECONDS, headers=headers, trust_env=False)

    def fetch(self, window: Window) -> Iterator[bytes]:
        """The window's traces, some hundred a piece; one that several services are in comes once."""
        known: set[str] = set()
        for service in self._services():
            for traces in self._traces(service, window):
                named = {_trace_id(raw): raw for raw in traces}
                new = [raw for name, raw in named.items() if name not in known]
                known.update(named)
                for at in range(0, len(new), _TRACES_A_REQUEST):
                    yield b'{"data":[' + b",".join(bytes(each) for each in new[at : at + _TRACES_A_REQUEST]) + b"]}"

    def _services(self) -> list[str]:
        found = parsed(self._get("/api/services", {}), _Services, self.address)
        return sorted(found.data or [])

    def _traces(self, service: str, window: Window) -> Iterator[list[msgspec.Raw]]:
        asked = {"service": service, "start": _micros(window.start), "end": _micros(window.end), "limit": LIMIT}
        found = parsed(self._get("/api/traces", asked), _Answer, self.address).data or []
        if len(found) < LIMIT or window.end - window.start <= LEAST_SECONDS:
            yield found
            return
        for half in window.halves():
            yield from self._traces(service, half)

    def _get(self, path: str, parameters: dict[str, Any]) -> bytes:
        return get(self._client, f"{self.address}{path}", parameters)


def get(client: httpx.Client, url: str, parameters: dict[str, Any], accept: str = "application/json") -> bytes:
    """The body of an answer.

    Raises:
        Unavailable: no answer, or one that asks to come again.
        InvalidInput: the address or the query is not what the other side knows.
    """
    try:
        answer = client.get(url, params=parameters, headers={"accept": accept})
    except httpx.HTTPError as error:
        raise Unavailable(f"{url} does not answer: {type(error).__name__}") from error
    if answer.status_code in (408, 429) or answer.status_code >= 500:
        raise Unavailable(f"{url} answers {answer.status_code}")
    if answer.status_code != 200:
        raise InvalidInput(
            f"{url} answers {answer.status_code}", hint="look at the address, its base path and the token"
        )
    return answer.content


def parsed(body: bytes, kind: type[T], address: str) -> T:
    """The body as a value.

    Raises:
        InvalidInput: it is not what the API answers.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise InvalidInput(
            f"{address} answers no JSON of its API: {error}", hint="is it the API and not the pages?"
        ) from error


def _trace_id(raw: msgspec.Raw) -> str:
    return parsed(bytes(raw), _Trace, "the trace store").traceID


def _micros(seconds: float) -> int:
    return round(seconds * 1e6)
