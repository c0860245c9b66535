"""What the live test needs beside the lab: a running `tracetune serve`, Alertmanager, a receiver of its alerts, a history."""

from __future__ import annotations

import json
import queue
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import zstandard
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tracetune_lab.recordings import Recording, varint

PATIENCE_SECONDS = 60.0
MINUTE_NANO = 60_000_000_000


class Told(NamedTuple):
    """One alert as Alertmanager passed it on, and when it came."""

    at_unix_seconds: float
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def receiver() -> Iterator[tuple[str, queue.Queue[Told]]]:
    """A real HTTP server that keeps every alert it is sent; gives its address and the alerts."""
    alerts: queue.Queue[Told] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            for alert in body["alerts"]:
                alerts.put(Told(time.time(), alert["status"], alert["labels"], alert["annotations"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", alerts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def alertmanager(folder: Path, hook: str) -> Iterator[str]:
    """Debian's Alertmanager, which passes each incident on at once; gives its address."""
    (folder / "alertmanager.yml").write_text(
        "route: {receiver: hook, group_by: [incident], group_wait: 50ms, group_interval: 1s, repeat_interval: 6h}\n"
        f'receivers: [{{name: hook, webhook_configs: [{{url: "{hook}", send_resolved: true}}]}}]\n'
        # As docs/server.md says: a warning that became critical is not said to be resolved.
        "inhibit_rules: [{source_matchers: ['severity=\"critical\"'], target_matchers: ['severity=\"warning\"'], "
        "equal: [incident]}]\n"
    )
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=alerts"]
    options = [f"--web.listen-address={address}", "--cluster.listen-address=", "--log.level=warn"]
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen([*command, *options], cwd=folder, stdout=log, stderr=log)
    try:
        _wait_for(f"http://{address}/-/ready", process)
        yield f"http://{address}"
    finally:
        _end(process)


@contextmanager
def server(folder: Path, alerts_to: str) -> Iterator[dict[str, int]]:
    """`tracetune serve` on free ports, telling Alertmanager of every warning; gives its ports by name."""
    (folder / "tracetune.toml").write_text(f'[alerts]\nalertmanager_url = "{alerts_to}"\n')
    command = [str(Path(sys.executable).with_name("tracetune")), "serve", "--json", "--directory", str(folder / "data")]
    ports = [
        word for name in ("--port", "--otlp-http-port", "--otlp-grpc-port", "--zipkin-port") for word in (name, "0")
    ]
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *ports, "--grace", "5", "--config", str(folder / "tracetune.toml")],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()  # printed when spans are taken, absent when it dies
        assert line, (folder / "serve.log").read_text()
        yield json.loads(line)["ports"]
    finally:
        _end(process)


def fill_store(folder: Path, recording: Recording, until_unix_nano: int, times: int) -> None:
    """Give the server a past: a quiet part of a recording, several times over, moved in time so that it ends just now.

    Real minutes of a real shop; only their dates are changed. The store is filled by `tracetune analyze`.
    """
    first = recording.manifest.load_started_unix_nano // MINUTE_NANO
    last, now = until_unix_nano // MINUTE_NANO, time.time_ns() // MINUTE_NANO
    framed = []
    for number in range(times):
        move = (now - last - number * (last - first)) * MINUTE_NANO
        salt = secrets.token_bytes(8)
        moved = (_moved(each, (first * MINUTE_NANO, last * MINUTE_NANO), move, salt) for each in recording.payloads())
        framed += [varint(len(payload)) + payload for payload in moved]
    (folder / "past.otlp.zst").write_bytes(zstandard.ZstdCompressor().compress(b"".join(framed)))
    (folder / "data").mkdir(exist_ok=True)
    store = f"chdb://{(folder / 'data' / 'store').absolute()}"
    command = [str(Path(sys.executable).with_name("tracetune")), "analyze", str(folder / "past.otlp.zst")]
    subprocess.run([*command, "--store", store, "--model", "baselines", "--quiet"], check=True, capture_output=True)


def _moved(payload: bytes, period: tuple[int, int], nanoseconds: int, salt: bytes) -> bytes:
    message = ExportTraceServiceRequest.FromString(payload)
    for scope in (scope for resource in message.resource_spans for scope in resource.scope_spans):
        kept = [span for span in scope.spans if period[0] <= span.start_time_unix_nano < period[1]]
        del scope.spans[:]
        for span in kept:
            span.start_time_unix_nano += nanoseconds
            span.end_time_unix_nano += nanoseconds
            span.trace_id = salt + span.trace_id[8:]
            scope.spans.append(span)
    return message.SerializeToString()


def _wait_for(url: str, process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - an address of ours
                return
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)  # another program cannot be awaited


def _end(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
