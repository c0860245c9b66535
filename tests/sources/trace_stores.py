"""Trace stores for tests: real HTTP servers that answer as Jaeger's and Tempo's APIs do, over spans given to them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tracetune.domain.spans import SpanBatch
from tracetune.testing.jaeger_writer import jaeger
from tracetune.testing.otlp_writer import request

Answer = tuple[int, bytes]


@dataclass
class Store:
    """What a store holds, and how it behaves: ``failing`` answers that many requests with 503 first."""

    traces: list[SpanBatch] = field(default_factory=list)
    failing: int = 0
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def within(self, start: float, end: float, limit: int) -> list[SpanBatch]:
        found = [each for each in self.traces if start <= _start(each) / 1e9 < end]
        return sorted(found, key=_start, reverse=True)[:limit]


def _start(trace: SpanBatch) -> int:
    return int(trace.column("start_time_unix_nano").min())


def _id(trace: SpanBatch) -> str:
    return str(trace.table["trace_id"][0].as_py().hex())


def jaeger_api(store: Store, path: str, asked: dict[str, str]) -> Answer:
    """``/api/services`` and ``/api/traces``."""
    if path == "/api/services":
        names = sorted({name for each in store.traces for name in each.table["service_name"].to_pylist()})
        return 200, json.dumps({"data": names, "total": len(names)}).encode()
    if path != "/api/traces":
        return 404, b"404 page not found"
    found = store.within(int(asked["start"]) / 1e6, int(asked["end"]) / 1e6, int(asked["limit"]))
    found = [each for each in found if asked["service"] in each.table["service_name"].to_pylist()]
    return 200, b"".join(jaeger(found)) if found else b'{"data":[],"errors":null}'


def tempo_api(store: Store, path: str, asked: dict[str, str]) -> Answer:
    """``/api/search`` and ``/api/traces/ID``."""
    if path == "/api/search":
        found = store.within(int(asked["start"]), int(asked["end"]), int(asked["limit"]))
        return 200, json.dumps({"traces": [{"traceID": _id(each)} for each in found]}).encode()
    for each in store.traces:
        if path == f"/api/traces/{_id(each)}":
            return 200, request(each)
    return 404, b"trace not found"


@contextmanager
def serving(api: Callable[[Store, str, dict[str, str]], Answer], *traces: SpanBatch) -> Iterator[Store]:
    """A store behind an API, on a loopback port."""
    store = Store(list(traces))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            store.asked.append(self.path)
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            if store.failing:
                store.failing -= 1
                status, body = 503, b""
            else:
                status, body = api(store, address.path, asked)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
