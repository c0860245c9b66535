"""Sends spans of tracetune's own work by OTLP; drops them sooner than it waits."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from tracetune.domain.spans import SpanKind, StatusCode

MOST_WAITING = 4_096
"""Spans that wait to be sent; the oldest are dropped for newer ones, because nobody's work may wait for this."""

MOST_IN_A_REQUEST = 512
SECONDS_BETWEEN_REQUESTS = 5.0
_PATIENCE_SECONDS = 5.0

Value = str | int | float | bool


@dataclass(slots=True)
class OwnSpan:
    """One piece of work; set attributes and ``failed`` while it goes on."""

    trace_id: str  # 32 hexadecimal digits
    span_id: str  # 16
    parent_id: str  # "" for a root
    name: str
    kind: SpanKind
    start_nano: int
    end_nano: int = 0
    failed: str = ""  # why; "" where it went well
    attributes: dict[str, Value] = field(default_factory=dict)


_current: ContextVar[OwnSpan | None] = ContextVar("own_span", default=None)


class OwnTraces:
    """A queue and a thread that empties it; ``span`` may be called from any thread and never raises.

    Attributes:
        sent, dropped: spans so far.
        problem: why the last request was not taken; "" where it was.
    """

    def __init__(
        self, url: str, service_name: str, version: str, headers: Mapping[str, str], client: httpx.Client | None = None
    ) -> None:
        self._url = url
        self._resource = _attributes({"service.name": service_name, "service.version": version})
        self._client = client or httpx.Client(timeout=_PATIENCE_SECONDS)
        self._headers = {**headers, "content-type": "application/json"}
        self._waiting: deque[OwnSpan] = deque()
        self._lock = threading.Condition()
        self._stopping = False
        self.sent = self.dropped = 0
        self.problem = ""
        self._thread = threading.Thread(target=self._run, name="own traces", daemon=True)
        self._thread.start()

    @contextmanager
    def span(
        self, name: str, kind: SpanKind = SpanKind.INTERNAL, parent: tuple[str, str] | None = None
    ) -> Iterator[OwnSpan]:
        """Time a block as a child of the span around it, or of ``parent``, a (trace id, span id) from elsewhere."""
        around = _current.get()
        if parent is None and around is not None:
            parent = (around.trace_id, around.span_id)
        trace_id, parent_id = parent or (secrets.token_hex(16), "")
        made = OwnSpan(trace_id, secrets.token_hex(8), parent_id, name, kind, time.time_ns())
        token = _current.set(made)
        try:
            yield made
        except BaseException as error:
            made.failed = made.failed or type(error).__name__
            raise
        finally:
            _current.reset(token)
            made.end_nano = max(time.time_ns(), made.start_nano)
            self._keep(made)

    def close(self) -> None:
        """Send what waits, once, and end."""
        with self._lock:
            self._stopping = True
            self._lock.notify()
        self._thread.join()
        self._client.close()

    def _keep(self, span: OwnSpan) -> None:
        with self._lock:
            self._waiting.append(span)
            while len(self._waiting) > MOST_WAITING:
                self._waiting.popleft()
                self.dropped += 1
            if len(self._waiting) == MOST_IN_A_REQUEST:
                self._lock.notify()

    def _run(self) -> None:
        is_last = False
        while not is_last:
            with self._lock:
                self._lock.wait_for(self._is_due, SECONDS_BETWEEN_REQUESTS)
                spans = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_IN_A_REQUEST))]
                is_last = self._stopping and not self._waiting
            if spans:
                self._send(spans)

    def _is_due(self) -> bool:
        return self._stopping or len(self._waiting) >= MOST_IN_A_REQUEST

    def _send(self, spans: list[OwnSpan]) -> None:
        """One request; what is not taken is dropped, because spans of an overload only add to it.

        Source: OpenTelemetry Protocol 1.7, "OTLP/HTTP", JSON protobuf encoding.
        """
        scope = {"scope": {"name": "tracetune"}, "spans": [_otlp(each) for each in spans]}
        body = {"resourceSpans": [{"resource": {"attributes": self._resource}, "scopeSpans": [scope]}]}
        try:
            answer = self._client.post(self._url, content=msgspec.json.encode(body), headers=self._headers)
            self.problem = "" if answer.is_success else f"own spans are not taken: {answer.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self.problem = f"own spans are not taken: {type(error).__name__}"
        if self.problem:
            self.dropped += len(spans)
        else:
            self.sent += len(spans)


def _otlp(span: OwnSpan) -> dict[str, Any]:
    status = {"code": int(StatusCode.ERROR), "message": span.failed} if span.failed else {}
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_id,
        "name": span.name,
        "kind": int(span.kind),
        "startTimeUnixNano": str(span.start_nano),
        "endTimeUnixNano": str(span.end_nano),
        "attributes": _attributes(span.attributes),
        "status": status,
    }


def _attributes(values: Mapping[str, Value]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in values.items()]


def _value(value: Value) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}  # 64 bits do not fit into a number of JSON
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}
