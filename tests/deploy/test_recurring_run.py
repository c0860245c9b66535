"""The example of a nightly run, by Kubeflow Pipelines' own client against a server that keeps what it is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("kfp", reason="not installed: make .venv/.full")

FOLDER = Path(__file__).parents[2] / "deploy" / "kubeflow"


@contextmanager
def pipelines() -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """The API as far as the example asks it, and what was posted to it."""
    posted: list[tuple[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._give({"experiments": [{"experiment_id": "e-1", "display_name": "tracetune"}], "multi_user": False})

        def do_POST(self) -> None:
            posted.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
            self._give({"experiment_id": "e-1", "display_name": "tracetune", "recurring_run_id": "r-1"})

        def _give(self, document: Any) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", posted
    finally:
        server.shutdown()
        server.server_close()


def test_nightly_run_is_asked_for_with_the_shipped_pipeline() -> None:
    with pipelines() as (url, posted):
        words = ("--host", url, "--registry", "s3://models/shop")
        command = [sys.executable, str(FOLDER / "recurring_run.py"), *words]
        environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(  # noqa: S603 - ours
            command, capture_output=True, text=True, check=False, timeout=300, env=environment
        )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "r-1"
    ((_, asked),) = [each for each in posted if each[0].endswith("/recurringruns")]
    assert asked["trigger"]["cron_schedule"]["cron"] == "0 17 3 * * *"
    assert int(asked["max_concurrency"]) == 1
    assert asked["no_catchup"] is True
    assert asked["runtime_config"]["parameters"]["registry"] == "s3://models/shop"
    (ir, _) = yaml.safe_load_all((FOLDER / "pipeline.yaml").read_text())
    assert asked["pipeline_spec"]["pipeline_spec"]["pipelineInfo"] == ir["pipelineInfo"]
