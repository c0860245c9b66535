from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tracetune.forecasting.keras_backend import backend, can_train


def test_training_is_possible_where_keras_and_jax_are_installed() -> None:
    assert can_train()


def test_a_backend_that_is_not_there_cannot_train(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "no_such_backend")

    assert backend() == "no_such_backend"
    assert not can_train()


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed: make .venv/.full")
@pytest.mark.parametrize(("said", "chatters"), [(None, False), ("0", True)])
def test_tensorflow_talks_only_where_it_is_asked_to(said: str | None, chatters: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    environment |= {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
    environment |= {} if said is None else {"TF_CPP_MIN_LOG_LEVEL": said}
    program = "from tracetune.forecasting import keras_backend as kb; kb.load_keras().ops.ones(3) + 1"

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )

    assert bool(done.stderr) is chatters, done.stderr
