"""The real process for tests: ``tracetune serve`` on free ports, over a disk of its own where asked, and many spans quickly."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from tests.live.parts import FIRST_MINUTE, Clock, closed, running, trace_of

from tracetune.domain.spans import SpanBatch
from tracetune.testing.otlp_writer import request

PROTOBUF = {"content-type": "application/x-protobuf"}
_PORTS = ("--otlp-grpc-port", "0", "--otlp-http-port", "0", "--zipkin-port", "0", "--port", "0")


def command(directory: Path, *more: str) -> list[str]:
    """The command line of a server in a directory."""
    return [sys.executable, "-m", "tracetune", "serve", "--directory", str(directory), "--json", *_PORTS, *more]


def until(holds: Callable[[], bool], what: Callable[[], object] = str) -> None:
    """Wait for a state of another process, which nothing here is told of; after four minutes, fail and say ``what``."""
    end = time.monotonic() + 240
    while not holds():
        assert time.monotonic() < end, what()
        threading.Event().wait(0.1)


class Served:
    """A running server: its process, its directory, and its ports by name."""

    def __init__(self, process: subprocess.Popen[str], directory: Path, ports: dict[str, int]) -> None:
        self.process, self.directory, self.ports = process, directory, ports

    def url(self, name: str, path: str) -> str:
        """An address on one of the ports."""
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    def send(self, body: bytes, **headers: str) -> httpx.Response:
        """Send OTLP protobuf over HTTP."""
        url = self.url("otlp_http", "/v1/traces")
        return httpx.post(url, content=body, headers={**PROTOBUF, **headers}, timeout=120)

    @property
    def resident_mebibytes(self) -> float:
        """Memory of the process now."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)

    def received(self, receiver: str) -> int:
        """Spans that a receiver has acknowledged, by the server's own metrics."""
        lines = httpx.get(self.url("api", "/metrics"), timeout=120).text.splitlines()
        name = f'tracetune_spans_received_total{{source="{receiver}"}}'
        return sum(int(float(line.split()[-1])) for line in lines if line.startswith(name))

    def problems(self) -> list[str]:
        """What the server says that somebody should look at."""
        details = httpx.get(self.url("api", "/api/v1/"), timeout=120).json()["details"]
        return [text for name, text in details.items() if name.startswith("problem")]

    def stop(self) -> int:
        """Ask it to end, and give its status."""
        self.process.terminate()
        return self.process.wait(120)


@contextmanager
def serving(directory: Path, *more: str, before: Sequence[str] = (), **environ: str) -> Iterator[Served]:
    """The command in a process of its own, killed at the end; ``before`` stands before it on the command line."""
    line = [*before, *command(directory, *more)]
    environment = {**os.environ, **environ}
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment) as process:  # noqa: S603 - ours
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            assert said, f"the server ended with status {process.wait(60)}"
            yield Served(process, directory, json.loads(said)["ports"])
        finally:
            process.kill()


def alone(script: str, directory: Path) -> list[str]:
    """What runs a command with mounts of its own, made by a line of shell in which ``$D`` is the directory.

    Skips the test where the system lets nobody have such.
    """
    unshare = shutil.which("unshare")
    allowed = unshare and subprocess.run([unshare, "-Urm", "true"], capture_output=True, check=False).returncode == 0  # noqa: S603
    if not unshare or not allowed:
        pytest.skip("no mounts of one's own here: unshare -Urm is not allowed")
    return [unshare, "-Urm", "sh", "-c", f'D="$0"; {script} && exec "$@"', str(directory)]


def stored_calls(directory: Path, minute: int = FIRST_MINUTE + 20) -> dict[str, int]:
    """Calls by operation that a server has, which has ended: those in its store, and those held up to a minute, closed now."""
    clock = Clock()
    with running(directory, clock, max_spans=1_000_000) as server:
        asyncio.run(closed(server, clock, minute))
        operations = server.store.read(0, 2**31 - 1).operations
    found: dict[str, int] = {}
    for name, calls in zip(operations["span_name"].to_pylist(), operations["calls"].to_pylist(), strict=True):
        found[name] = found.get(name, 0) + calls
    return found


class Template:
    """Requests of so many traces of two spans, each with other ids, made by writing numbers into one request's bytes."""

    def __init__(self, traces: int) -> None:
        self.traces, self.spans = traces, 2 * traces
        batch = SpanBatch.concat([trace_of(0, number) for number in range(traces)])
        self._bytes = np.frombuffer(request(batch), np.uint8)
        text = self._bytes.tobytes()
        self._places = np.array(
            [at for number in range(traces) for at in _all(text, trace_of(0, number).table["trace_id"][0].as_py())]
        )

    def body(self, number: int) -> bytes:
        """The request of a number; equal numbers give equal requests."""
        changed = self._bytes.copy()
        for shift in range(3):  # the first byte of a trace id stays, or it might be none
            changed[self._places + 1 + shift] = number >> (8 * shift) & 0xFF
        return changed.tobytes()


def _all(text: bytes, part: bytes) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)
