"""Sends one test span to a receiver and follows it until the server shows its service."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from tracetune.cli.remote import Server
from tracetune.errors import NotFound, TracetuneError

SERVICE = "tracetune-doctor"
PATIENCE_SECONDS = 240.0
"""A minute to be over, its grace, and as long again: later, something is wrong."""

POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at; ``ok`` is None where it could not be looked at."""

    name: str
    ok: bool | None
    text: str


def follow(
    endpoint: str,
    token: str,
    server: Server | None,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Step]:
    """Each step as soon as it is known; the first that fails is the last.

    Args:
        endpoint: of OTLP over HTTP, as http://host:4318.
        token: to show to the receiver; "" shows none.
        server: where to look whether the span arrived; None leaves that out.
        clock: the time in seconds.
        sleep: waits so many seconds.
    """
    before = _received(server)
    sent = _send(endpoint, token, clock())
    yield sent
    if not sent.ok:
        return
    if server is None:
        yield Step("arrived", None, "give --url to see whether it arrived in a minute")
        return
    if before is None:
        yield Step("arrived", False, f"no tracetune answers at {server.url}; look at its address and token")
        return
    began = clock()
    while (after := _received(server)) is not None and after <= before and clock() - began < PATIENCE_SECONDS:
        sleep(POLL_SECONDS)
    counted = after is not None and after > before
    text = "the server counted it" if counted else "the server counted no new span: is --url the same server?"
    yield Step("received", counted, text)
    if not counted:
        return
    while not (seen := _seen(server)) and clock() - began < PATIENCE_SECONDS:
        sleep(POLL_SECONDS)
    waited = f"after {clock() - began:.0f} s"
    yield Step(
        "stored",
        seen,
        f"service {SERVICE} is in a closed minute, {waited}" if seen else f"in no closed minute {waited}",
    )


def _send(endpoint: str, token: str, now: float) -> Step:
    address = endpoint.rstrip("/")
    address = address if address.endswith("/v1/traces") else f"{address}/v1/traces"
    headers = {"authorization": f"Bearer {token}"} if token else {}
    try:
        answer = httpx.post(address, json=_request(now), headers=headers, timeout=10.0)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        hint = " (4317 is for gRPC; OTLP over HTTP is at 4318)" if ":4317" in endpoint else ""
        return Step("sent", False, f"{address} does not answer: {error}{hint}")
    if not answer.is_success:
        return Step("sent", False, f"{address} refused it with {answer.status_code}: {answer.text[:200]}")
    rejected = int(_partial(answer).get("rejectedSpans", 0))
    if rejected:
        return Step("sent", False, f"{address} rejected the span: {_partial(answer).get('errorMessage', '')}")
    return Step("sent", True, f"{address} took a span of {SERVICE}")


def _partial(answer: httpx.Response) -> dict[str, str]:
    try:
        found: dict[str, str] = answer.json().get("partialSuccess", {})
    except ValueError:
        return {}
    return found


def _request(now: float) -> dict[str, object]:
    """One span as OTLP in JSON.

    Source: OTLP 1.x, "JSON Protobuf Encoding": ids in hexadecimal, 64-bit numbers as text.
    """
    end = int(now * 1e9)
    span = {
        "traceId": secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "name": "test span",
        "kind": 2,
        "startTimeUnixNano": str(end - 1_000_000),
        "endTimeUnixNano": str(end),
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": SERVICE}}]}
    return {
        "resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "tracetune"}, "spans": [span]}]}]
    }


def _received(server: Server | None) -> float | None:
    """Spans that the server counted so far; None where it does not say."""
    if server is None:
        return None
    try:
        lines = server.text("/metrics").splitlines()
    except TracetuneError:
        return None
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("tracetune_spans_received_total"))


def _seen(server: Server) -> bool:
    try:
        found = server.get(f"services/{SERVICE}", **{"from": "now-15m"})
    except NotFound:
        return False
    return bool(found["service"]["calls"])
