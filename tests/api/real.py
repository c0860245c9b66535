"""Real parts that tests talk to: a server of this application, Debian's Alertmanager, a receiver of webhooks."""

from __future__ import annotations

import json
import queue
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

PATIENCE_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own address
            return True
    except (OSError, urllib.error.URLError):
        return False


@contextmanager
def program(command: list[str], ready: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Debian program that answers at ``ready``; skipped with the reason where it is not installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)  # noqa: S603 - Debian's programs
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not answers(ready):
            assert process.poll() is None, (folder / "log.txt").read_text()
            assert time.monotonic() < deadline, (folder / "log.txt").read_text()
            time.sleep(0.02)  # it cannot be awaited: another program
        yield process
    finally:
        process.kill()
        process.wait()


def _of_the_docs(first_line: str) -> str:
    """What docs/server.md says that Alertmanager must be told, from a line on to the end of its block."""
    text = (Path(__file__).parents[2] / "docs" / "server.md").read_text("utf-8")
    begun = text.index(first_line)
    return text[begun : text.index("```", begun)]


@contextmanager
def alertmanager(folder: Path, hook: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Alertmanager that hands every group on to a webhook within moments."""
    config = f"""
route: {{receiver: hook, group_by: [incident], group_wait: 50ms, group_interval: 100ms, repeat_interval: 1h}}
receivers: [{{name: hook, webhook_configs: [{{url: "{hook}", send_resolved: true}}]}}]
{_of_the_docs("inhibit_rules:")}"""
    (folder / "am.yml").write_text(config)
    command = [
        "prometheus-alertmanager",
        "--config.file=am.yml",
        "--storage.path=amdata",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    with program(command, f"http://127.0.0.1:{port}/-/ready", folder) as process:
        yield process


@dataclass
class Receiver:
    """What a webhook was sent; ``status`` is what it answers."""

    url: str
    status: int = 200
    received: queue.Queue[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=queue.Queue)

    def next(self) -> dict[str, Any]:
        return self.received.get(timeout=PATIENCE_SECONDS)[1]

    def all(self) -> list[dict[str, Any]]:
        return [self.received.get_nowait()[1] for _ in range(self.received.qsize())]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A real HTTP server that keeps what it is sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.received.put(({name.lower(): value for name, value in self.headers.items()}, json.loads(body)))
            self.send_response(found.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application behind a real uvicorn; gives its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.01)  # uvicorn has no event to wait for from another thread
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
