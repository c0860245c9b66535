from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks

from tracetune.errors import InvalidSettings
from tracetune.forecasting import weights
from tracetune.forecasting.cell import Weights
from tracetune.forecasting.processes import COORDINATOR, COUNT, NUMBER, TF_CONFIG, Processes
from tracetune.forecasting.training import Course, train

ROOT = Path(__file__).resolve().parents[2]
STEPS = 4

TRAIN = """
import sys
from pathlib import Path
from tests.forecasting import estimator_checks as checks
from tracetune.forecasting import weights
from tracetune.forecasting.training import Course, train
losses = []
found, _ = train(checks.small(), Course(seed=3, steps=4, progress=lambda step: losses.append(step.loss)))
weights.save(Path(sys.argv[1]), found, {"losses": losses})
"""


def test_without_the_variables_a_process_is_alone() -> None:
    alone = Processes.of({})

    assert alone.part.of == 1
    assert alone.is_first


def test_the_runtimes_variables_say_which_part_is_ours() -> None:
    second = Processes.of({COUNT: "4", NUMBER: "1", COORDINATOR: "trainer-0:6666"})

    assert second.part == (1, 4)
    assert not second.is_first


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({COUNT: "two"}, "must be numbers"),
        ({COUNT: "2", NUMBER: "2", COORDINATOR: "a:1"}, "is 2 of 2"),
        ({COUNT: "3", NUMBER: "0", COORDINATOR: "a:1"}, "cannot share 64 windows"),
        ({COUNT: "2", NUMBER: "0"}, "JAX_COORDINATOR_ADDRESS is missing"),
    ],
)
def test_impossible_variables_are_named(environment: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidSettings, match=message):
        Processes.of(environment)


def _cluster(**roles: list[str]) -> dict[str, Any]:
    return {"cluster": roles, "task": {"type": "worker", "index": 0}}


def test_tf_config_says_which_part_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    told = _cluster(chief=["a:1"], worker=["b:1", "c:1", "d:1"])
    first = told | {"task": {"type": "chief", "index": 0}}
    last = told | {"task": {"type": "worker", "index": 2}}

    assert Processes.of({TF_CONFIG: json.dumps(first)}).part == (0, 4)
    assert Processes.of({TF_CONFIG: json.dumps(last)}).part == (3, 4)
    assert Processes.of({COUNT: "4", NUMBER: "1", COORDINATOR: "a:1"}).part == (0, 1)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        (json.dumps({"cluster": {"worker": ["a:1"]}}), "cannot be read: KeyError 'task'"),
        (json.dumps(_cluster(worker=["a:1", "b:1"], ps=["c:1"])), "names worker 0 of ps, worker"),
        (json.dumps(_cluster(worker=["a:1", "b:1"]) | {"task": {"type": "worker", "index": 2}}), "names worker 2"),
        (json.dumps(_cluster(worker=["a:1", "b:1", "c:1"])), "cannot share 64 windows"),
    ],
)
def test_an_impossible_tf_config_is_named(monkeypatch: pytest.MonkeyPatch, told: str, message: str) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")

    with pytest.raises(InvalidSettings, match=message):
        Processes.of({TF_CONFIG: told})


def _free_ports(count: int) -> list[str]:
    with ExitStack() as open_sockets:
        probes = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]


def _trained(folder: Path, environments: list[dict[str, str]]) -> list[tuple[Weights, list[float]]]:
    """Weights and losses of processes that train together, each with its own part of the environment."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "KERAS_", "TF_"))}
    started = [
        subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", TRAIN, str(folder / f"{number}.npz")],
            cwd=ROOT,
            env={**usual, "CUDA_VISIBLE_DEVICES": "-1", **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, environment in enumerate(environments)
    ]
    try:
        for process in started:
            _, said = process.communicate(timeout=600)
            assert process.returncode == 0, said[-3000:]
    finally:
        for process in started:
            process.kill()  # one whose peer failed would wait for it
            process.wait()
    found = [weights.load(folder / f"{number}.npz") for number in range(len(environments))]
    return [(each, about["losses"]) for each, about in found]


@pytest.fixture(scope="module")
def alone() -> tuple[Weights, list[float]]:
    """What one process learns, on JAX."""
    losses: list[float] = []
    found, _ = train(checks.small(), Course(seed=3, steps=STEPS, progress=lambda step: losses.append(step.loss)))
    return found, losses


def _check_equal(
    first: tuple[Weights, list[float]], second: tuple[Weights, list[float]], alone: tuple[Weights, list[float]]
) -> None:
    assert len(first[1]) == STEPS
    assert second[1] == []  # the first one tells
    np.testing.assert_allclose(first[1], alone[1], rtol=1e-4)
    for each in fields(Weights):
        np.testing.assert_array_equal(getattr(first[0], each.name), getattr(second[0], each.name))
        np.testing.assert_allclose(getattr(first[0], each.name), getattr(alone[0], each.name), atol=2e-4)


def test_two_processes_on_jax_train_what_one_does(alone: tuple[Weights, list[float]], tmp_path: Path) -> None:
    [coordinator] = _free_ports(1)

    first, second = _trained(
        tmp_path, [{COUNT: "2", NUMBER: str(number), COORDINATOR: coordinator} for number in range(2)]
    )

    _check_equal(first, second, alone)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed: make .venv/.full")
def test_two_processes_on_tensorflow_train_what_one_does_on_jax(
    alone: tuple[Weights, list[float]], tmp_path: Path
) -> None:
    cluster = {"worker": _free_ports(2)}
    told = [json.dumps({"cluster": cluster, "task": {"type": "worker", "index": number}}) for number in range(2)]

    first, second = _trained(tmp_path, [{"KERAS_BACKEND": "tensorflow", TF_CONFIG: each} for each in told])

    _check_equal(first, second, alone)
