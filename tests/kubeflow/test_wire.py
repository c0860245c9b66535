"""Requests that cannot be meant, as bytes on the wire to KServe's real server: the protocol's error, and it answers on."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import numpy as np
import pytest

pytest.importorskip("kserve", reason="not installed: make .venv/.full")

MINUTES = 3
CALLS = np.array([1.0, 2.0, 3.0], np.float32).tobytes()
KEYS = struct.pack("<I", 1) + b"a" + struct.pack("<I", 1) + b"b"
START = struct.pack("<q", 29_000_000)
MANY = 3_000_000


def _request(**changes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Three minutes of one series, with what is changed of each input; None leaves it out."""
    inputs = {
        "keys": {"shape": [1, 2], "datatype": "BYTES", "data": ["a", "b"]},
        "start_minute": {"shape": [1], "datatype": "INT64", "data": [29_000_000]},
        "calls": {"shape": [1, MINUTES], "datatype": "FP32", "data": [1, 2, 3]},
    }
    kept = {
        name: {**each, **(changes.get(name) or {})} for name, each in inputs.items() if changes.get(name, 1) is not None
    }
    return {"inputs": [{"name": name, **each} for name, each in kept.items()]}


class Rest:
    """Posts to the model, and asks whether it is well after that."""

    def __init__(self, client: httpx.Client, port: int) -> None:
        self._client = client
        self._url = f"http://127.0.0.1:{port}/v2/models/tracetune/infer"

    def post(self, content: bytes, *, json_bytes: int | None = None, model: str = "tracetune") -> httpx.Response:
        """The answer; with ``json_bytes`` the content is that much JSON and then binary data."""
        headers = {"content-type": "application/json"}
        if json_bytes is not None:
            headers = {
                "content-type": "application/octet-stream",
                "inference-header-content-length": str(json_bytes),
            }
        return self._client.post(self._url.replace("tracetune", model), content=content, headers=headers)

    def is_well(self) -> bool:
        """Whether a good request is answered."""
        return self.post(json.dumps(_request()).encode()).status_code == 200


@pytest.fixture
def rest(ports: tuple[int, int]) -> Iterator[Rest]:
    with httpx.Client(timeout=120, trust_env=False) as client:
        yield Rest(client, ports[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"calls": None}, "calls is missing"),
        ({"calls": {"shape": [1, 9]}}, "calls cannot be read as FP32 [1, 9]"),
        ({"calls": {"shape": [10**9, 10**9]}}, "calls cannot be read"),
        ({"calls": {"shape": [3]}}, "calls has the shape [3]"),
        ({"calls": {"datatype": "FP99"}}, "calls cannot be read as FP99"),
        ({"calls": {"datatype": "BYTES"}}, "calls holds object"),
        ({"calls": {"data": ["x", "y", "z"]}}, "calls cannot be read as FP32"),
        ({"keys": {"datatype": "FP32", "data": [1.0]}}, "keys cannot be read"),
        ({"start_minute": {"data": [2**70]}}, "start_minute cannot be read as INT64"),
        ({"calls": {"shape": [1, MANY], "data": [1] * MANY}}, "3,000,000 minutes in one request"),
    ],
)
def test_json_that_cannot_be_meant_is_400_with_the_input_named(rest: Rest, change: dict[str, Any], said: str) -> None:
    answer = rest.post(json.dumps(_request(**change)).encode())

    assert (answer.status_code, said in answer.json()["error"]) == (400, True), answer.text
    assert rest.is_well()


def test_input_given_twice_broken_json_and_another_model_are_told_apart(rest: Rest) -> None:
    twice = _request()
    twice["inputs"].append(twice["inputs"][2])

    assert "calls is given twice" in rest.post(json.dumps(twice).encode()).json()["error"]
    assert 400 <= rest.post(b"{").status_code < 500
    assert 400 <= rest.post(b"\x00\xff" * 50).status_code < 500
    assert rest.post(json.dumps({"inputs": {}}).encode()).status_code == 422
    assert rest.post(json.dumps(_request()).encode(), model="other").status_code == 404
    assert rest.is_well()


def _binary(size: int, **calls: Any) -> bytes:
    request = _request(calls={"parameters": {"binary_data_size": size}, **calls})
    del request["inputs"][2]["data"]
    return json.dumps(request).encode()


@pytest.mark.parametrize(
    ("size", "data", "changed_length"),
    [
        (12, CALLS[:7], None),  # cut off amid a number
        (12, b"", None),
        (8, CALLS, None),
        (-4, CALLS, None),
        (12, CALLS, 10),  # the JSON would end early
        (12, CALLS, 10**9),
        (12, CALLS, -5),
    ],
)
def test_binary_data_that_are_cut_off_or_miscounted_are_400(
    rest: Rest, size: int, data: bytes, changed_length: int | None
) -> None:
    head = _binary(size)

    answer = rest.post(head + data, json_bytes=len(head) if changed_length is None else changed_length)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]
    assert rest.is_well()


def test_nan_is_not_observed_and_infinity_is_refused(rest: Rest) -> None:
    head = _binary(12)
    nan, infinite = (np.array([1.0, value, 3.0], np.float32).tobytes() for value in (np.nan, np.inf))

    unobserved = rest.post(head + nan, json_bytes=len(head))
    refused = rest.post(head + infinite, json_bytes=len(head))

    assert unobserved.status_code == 200
    assert (refused.status_code, "infinite" in refused.json()["error"]) == (400, True)


@pytest.fixture
def grpc_model(ports: tuple[int, int]) -> Iterator[Any]:
    """Infers by gRPC with raw contents, or with any message at all."""
    import grpc
    from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages

    with grpc.insecure_channel(f"127.0.0.1:{ports[1]}") as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")

        def ask(raw: Sequence[bytes], *, model: str = "tracetune", **changes: Any) -> str:
            """The name of the status."""
            request = messages.ModelInferRequest(model_name=model, raw_input_contents=raw)
            for each in _request(**changes)["inputs"]:
                request.inputs.add(name=each["name"], datatype=each["datatype"], shape=each["shape"])
            return send(request.SerializeToString())

        def send(content: bytes) -> str:
            try:
                call(content, timeout=120)
            except grpc.RpcError as error:
                return str(error.code().name)
            return "OK"

        ask.send = send  # type: ignore[attr-defined]
        yield ask


GOOD = (KEYS, START, CALLS)


@pytest.mark.parametrize(
    ("raw", "changes", "status"),
    [
        ((KEYS, START, CALLS[:7]), {}, "INVALID_ARGUMENT"),
        ((b"", b"", b""), {}, "INVALID_ARGUMENT"),
        ((KEYS, START), {}, "INVALID_ARGUMENT"),
        ((*GOOD, CALLS), {}, "INVALID_ARGUMENT"),
        ((struct.pack("<I", 10**9) + b"a", START, CALLS), {}, "INVALID_ARGUMENT"),  # a length that lies
        ((b"\x02\x00\x00\x00\xff\xff" * 2, START, CALLS), {}, "INVALID_ARGUMENT"),  # no UTF-8
        (GOOD, {"calls": {"shape": [-1, -5]}}, "INVALID_ARGUMENT"),
        (GOOD, {"calls": {"shape": [10**9, 10**9]}}, "INVALID_ARGUMENT"),
        (GOOD, {"calls": {"datatype": "FP99"}}, "INVALID_ARGUMENT"),
        (GOOD, {"calls": {"datatype": "INT64"}}, "INVALID_ARGUMENT"),
        (GOOD[:2], {"calls": None}, "INVALID_ARGUMENT"),
        ((KEYS, START, np.full(3, np.inf, np.float32).tobytes()), {}, "INVALID_ARGUMENT"),
        ((KEYS, START, np.full(3, np.nan, np.float32).tobytes()), {}, "OK"),
        ((KEYS, START, np.ones(MANY, np.float32).tobytes()), {"calls": {"shape": [1, MANY]}}, "RESOURCE_EXHAUSTED"),
    ],
)
def test_raw_tensors_that_do_not_fit_have_the_protocols_status(
    grpc_model: Any, raw: Sequence[bytes], changes: dict[str, Any], status: str
) -> None:
    assert grpc_model(raw, **changes) == status
    assert grpc_model(GOOD) == "OK"


def test_other_models_and_messages_that_are_none_are_refused(grpc_model: Any) -> None:
    assert grpc_model(GOOD, model="other") == "NOT_FOUND"
    assert grpc_model.send(b"\xff\xff\xff\xff garbage") != "OK"
    assert grpc_model(GOOD) == "OK"
