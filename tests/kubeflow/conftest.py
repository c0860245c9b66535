"""One server for all tests of serving: KServe takes seconds to start."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.forecasting import estimator_checks as checks

from tracetune.forecasting import bundle
from tracetune.forecasting.learn import Normal, baselines, study

SERVE = """
import pathlib, sys
from tracetune.kubeflow.serving import serve
serve(pathlib.Path(sys.argv[1]), http_port=int(sys.argv[2]), grpc_port=int(sys.argv[3]))
"""
STARTING_SECONDS = 120  # kserve takes seconds to import, and a minute where nothing else gets a core


@pytest.fixture(scope="session")
def normal() -> Normal:
    learned, _ = study(checks.small(), estimators=baselines(), seed=0)
    return learned


@pytest.fixture(scope="session")
def ports(normal: Normal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """The REST and the gRPC port of a server in a process of its own."""
    file = tmp_path_factory.mktemp("models") / "models.npz"
    bundle.save(file, normal, {"version": "1"})
    http_port, grpc_port = free_port(), free_port()
    command = [sys.executable, "-c", SERVE, str(file), str(http_port), str(grpc_port)]
    said = file.with_suffix(".log")  # not a pipe: KServe logs every error, and would wait where nobody reads
    with (
        said.open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log) as process,  # noqa: S603 - our own words
    ):
        try:
            until_ready(process, http_port, said)
            yield http_port, grpc_port
        finally:
            process.terminate()
            process.wait(timeout=60)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def until_ready(process: subprocess.Popen[bytes], port: int, said: Path) -> None:
    end = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"the server ended: {said.read_text()[-2000:]}")
        try:
            if httpx.get(f"http://127.0.0.1:{port}/v2/health/ready", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError("the server was not ready in time")
