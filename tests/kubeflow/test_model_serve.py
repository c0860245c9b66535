"""`tracetune model serve`, a process of its own, when its registry (SeaweedFS) goes away, and with models that cannot be used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks
from tests.kubeflow.conftest import free_port, until_ready
from tests.kubeflow.test_inference import tensors
from tests.kubeflow.test_serving import json_inputs
from tests.stores import storage

from tracetune.forecasting import bundle
from tracetune.forecasting.learn import Normal
from tracetune.stores.models import registry_in

pytest.importorskip("kserve", reason="not installed: make .venv/.full")
pytest.importorskip("boto3", reason="not installed: make .venv/.full")

SERVE = [sys.executable, "-m", "tracetune", "model", "serve"]
PLACE = "s3://models/shop"


@pytest.fixture
def file(normal: Normal, tmp_path: Path) -> Path:
    path = tmp_path / "model.npz"
    bundle.save(path, normal, {"version": "1"})
    return path


@pytest.fixture
def registry_ports(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of a bucket with one model in production, which is started and ended by the test."""
    if storage.WEED is None:
        pytest.skip("SeaweedFS is not installed: make .venv/.full")
    ports = storage.free_ports()
    for name, value in storage.environment(ports[3]).items():
        monkeypatch.setenv(name, value)
    with storage.seaweedfs_process(tmp_path, ports) as (port, _):
        storage.make_bucket(port, "models")
        registry_in(PLACE).publish(file.read_bytes(), {}, created="2026-03-02T12:00:00Z")
        registry_in(PLACE).promote("1", len)
    return ports


def _refused(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own words
        [*SERVE, *arguments], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode > 0
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.slow
def test_models_are_served_on_when_the_registry_has_gone_and_a_new_server_says_that_it_cannot_start(
    tmp_path: Path, registry_ports: list[int]
) -> None:
    http_port, grpc_port, said = free_port(), free_port(), tmp_path / "serve.log"
    ports = ["--http-port", str(http_port), "--grpc-port", str(grpc_port)]
    request = tensors(checks.small())
    request["calls"] = np.nan_to_num(request["calls"])
    with said.open("wb") as log, storage.seaweedfs_process(tmp_path, registry_ports):
        process = subprocess.Popen([*SERVE, "--registry", PLACE, *ports], stdout=log, stderr=log)  # noqa: S603 - ours
        until_ready(process, http_port, said)
    try:
        url = f"http://127.0.0.1:{http_port}/v2/models/tracetune"
        answer = httpx.post(f"{url}/infer", json={"inputs": json_inputs(request)}, timeout=60, trust_env=False)
        ready = httpx.get(f"{url}/ready", timeout=30, trust_env=False)
        refused = _refused("--registry", PLACE)
    finally:
        process.terminate()
        process.wait(timeout=60)

    assert answer.status_code == 200, answer.text
    assert {each["name"] for each in answer.json()["outputs"]} == {"calls.quantiles", "calls.score"}
    assert ready.status_code == 200
    assert "s3://models cannot be reached" in refused


def test_damaged_model_is_refused_before_any_port_is_taken(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:1000])

    assert "holds no learned models" in _refused("--file", str(file))


def test_model_of_a_newer_tracetune_is_refused_with_its_format(
    file: Path, normal: Normal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "FORMAT", 2)
    bundle.save(file, normal, {})

    assert "their format is 2, and this one reads 1" in _refused("--file", str(file))
