from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from tracetune.errors import InvalidSettings
from tracetune.forecasting import weights
from tracetune.forecasting.processes import COORDINATOR, COUNT, NUMBER, Processes

ROOT = Path(__file__).resolve().parents[2]

TRAIN = """
import sys
from pathlib import Path
from tests.forecasting import estimator_checks as checks
from tracetune.forecasting import weights
from tracetune.forecasting.training import Course, train
losses = []
found, _ = train(checks.small(), Course(seed=3, steps=6, progress=lambda step: losses.append(step.loss)))
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(out: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    usual = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "KERAS_"))}
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", TRAIN, str(out)],
        cwd=ROOT,
        env={**usual, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow  # three processes load Keras; that the parts of a step are together the whole is tested in test_batches
def test_two_processes_train_what_one_does(tmp_path: Path) -> None:
    coordinator = f"127.0.0.1:{_free_port()}"
    started = [_start(tmp_path / "alone.npz", {})]
    for number in range(2):
        joined = {COUNT: "2", NUMBER: str(number), COORDINATOR: coordinator}
        started.append(_start(tmp_path / f"{number}.npz", joined))
    for process in started:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said

    alone, first, second = (weights.load(tmp_path / f"{name}.npz") for name in ("alone", "0", "1"))

    np.testing.assert_allclose(first[1]["losses"], alone[1]["losses"], rtol=1e-4)
    for each in fields(alone[0]):
        np.testing.assert_array_equal(getattr(first[0], each.name), getattr(second[0], each.name))
        np.testing.assert_allclose(getattr(first[0], each.name), getattr(alone[0], each.name), atol=2e-4)
