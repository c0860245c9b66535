"""The Open Inference Protocol, as the clients of KServe and of Triton speak it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks
from tests.kubeflow.test_inference import tensors

from tracetune.forecasting.learn import Normal
from tracetune.kubeflow.inference import infer

pytest.importorskip("kserve", reason="not installed: make .venv/.full")
pytest.importorskip("tritonclient.http", reason="not installed: make .venv/.full")


def json_inputs(request: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = {"keys": "BYTES", "start_minute": "INT64"}
    return [
        {
            "name": name,
            "shape": list(values.shape),
            "datatype": kinds.get(name, "FP64"),
            "data": [each.decode() if isinstance(each, bytes) else each for each in values.reshape(-1).tolist()],
        }
        for name, values in request.items()
        if name not in {"latency_p50", "latency_p95"}  # JSON has no NaN
    ]


def test_metadata_names_inputs_and_outputs(ports: tuple[int, int]) -> None:
    found = httpx.get(f"http://127.0.0.1:{ports[0]}/v2/models/tracetune", trust_env=False).json()

    assert {"keys", "start_minute", "calls", "latency_p95"} <= {each["name"] for each in found["inputs"]}
    assert {"calls.quantiles", "latency_p95.score"} <= {each["name"] for each in found["outputs"]}


def test_plain_json_gets_plain_json(ports: tuple[int, int]) -> None:
    request = tensors(checks.small())
    request["calls"] = np.nan_to_num(request["calls"])

    answer = httpx.post(
        f"http://127.0.0.1:{ports[0]}/v2/models/tracetune/infer",
        json={"inputs": json_inputs(request)},
        timeout=60,
        trust_env=False,
    )

    assert answer.status_code == 200, answer.text
    names = {each["name"] for each in answer.json()["outputs"]}
    assert names == {"calls.quantiles", "calls.score"}


TRITON = """
import sys
import numpy as np
import tritonclient.grpc, tritonclient.http
request = np.load(sys.argv[1], allow_pickle=True)
for module, port in ((tritonclient.http, sys.argv[2]), (tritonclient.grpc, sys.argv[3])):
    inputs = []
    for name in request.files:
        kind = {"keys": "BYTES", "start_minute": "INT64"}.get(name, "FP32")
        array = request[name] if kind != "FP32" else request[name].astype(np.float32)
        inputs.append(module.InferInput(name, list(array.shape), kind))
        inputs[-1].set_data_from_numpy(array)
    client = module.InferenceServerClient(f"127.0.0.1:{port}")
    answer = client.infer("tracetune", inputs)
    names = ("calls.quantiles", "latency_p95.quantiles", "latency_p95.score")
    np.savez(f"{sys.argv[4]}/{module.__name__}.npz", **{name: answer.as_numpy(name) for name in names})
    client.close()
"""


def test_triton_clients_get_the_same_binary_tensors_by_rest_and_by_grpc(
    ports: tuple[int, int], normal: Normal, tmp_path: Path
) -> None:
    request = tensors(checks.small())
    np.savez(tmp_path / "request.npz", **request)
    # in a process of its own: Triton's messages and KServe's have the same names, and one process takes only one of them
    command = [sys.executable, "-c", TRITON, str(tmp_path / "request.npz"), *map(str, ports), str(tmp_path)]
    subprocess.run(command, check=True, timeout=120)  # noqa: S603 - our own words

    wanted = infer(normal, request)
    for name in ("tritonclient.http", "tritonclient.grpc"):
        with np.load(tmp_path / f"{name}.npz") as found:
            for output in found.files:
                np.testing.assert_allclose(found[output], wanted[output], rtol=1e-4, atol=1e-4)


def test_kserve_clients_agree_too(ports: tuple[int, int], normal: Normal) -> None:
    from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

    request = tensors(checks.small())
    wanted = infer(normal, request)
    inputs = []
    for name, values in request.items():
        kind = {"keys": "BYTES", "start_minute": "INT64"}.get(name, "FP32")
        array = values if kind != "FP32" else values.astype(np.float32)
        each = InferInput(name=name, shape=list(array.shape), datatype=kind)
        each.set_data_from_numpy(array, binary_data=True)
        inputs.append(each)

    async def ask() -> tuple[Any, Any]:
        body = InferRequest(model_name="tracetune", infer_inputs=inputs)
        rest = InferenceRESTClient(RESTConfig(protocol="v2", timeout=60))
        by_rest = await rest.infer(f"http://127.0.0.1:{ports[0]}", body, model_name="tracetune")
        await rest.close()
        grpc = InferenceGRPCClient(url=f"127.0.0.1:{ports[1]}")
        by_grpc = await grpc.infer(body)
        await grpc.close()
        return by_rest, by_grpc

    for answer in asyncio.run(ask()):
        found = {each.name: each.as_numpy() for each in answer.outputs}
        assert set(found) == set(wanted)
        np.testing.assert_allclose(found["latency_p95.quantiles"], wanted["latency_p95.quantiles"], rtol=1e-4)
