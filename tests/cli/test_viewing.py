from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.api.real import PATIENCE_SECONDS, answers, free_port


def test_files_are_shown_in_the_pages_until_it_is_stopped(few_traces: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "tracetune", "view", str(few_traces), "--port", str(port), "--model", "baselines"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own command
    try:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "shows" in line)
        while not answers(f"http://127.0.0.1:{port}/healthz"):
            assert process.poll() is None
        asked = said.split()[0].partition("?")[2]  # all minutes of the files, and not the last three hours
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/overview?{asked}") as answer:
            shown = json.load(answer)
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=10 * PATIENCE_SECONDS)

    assert shown["headline"] in said
    assert asked == "from=2026-03-02T00:00:00Z&to=2026-03-02T00:01:00Z"
