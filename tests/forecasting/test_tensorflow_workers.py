"""Tests of the gradients of TensorFlow's processes; that two of them train what one does is in test_processes."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

BOTH = """
import numpy as np
from tests.forecasting import estimator_checks as checks
from tracetune.forecasting import lstm, tensorflow_workers
from tracetune.forecasting.batches import WINDOW_MINUTES, Part, batch
from tracetune.forecasting.keras_backend import load_keras
from tracetune.forecasting.windows import Inputs, Scales
keras, workers = load_keras(), tensorflow_workers.join()
series = checks.small()
inputs = Inputs.of(series, Scales.of(series))
made = batch(inputs, np.arange(6), seed=0, step=0, part=Part())
losses = []
for own in (False, True):
    network = lstm.build(WINDOW_MINUTES)
    lstm.put(network, lstm.first_weights(0))
    optimizer = keras.optimizers.AdamW(1e-2, global_clipnorm=1e-3)
    optimizer.build(network.trainable_variables)
    network.compile(optimizer=optimizer, loss=lstm.pinball)
    take = tensorflow_workers.step(network, optimizer, lstm.pinball, workers)
    for _ in range(3):
        usual = lambda: float(network.train_on_batch(made.features, made.targets, sample_weight=made.weights))
        losses.append(take(made) if own else usual())
np.testing.assert_allclose(losses[:3], losses[3:], rtol=1e-5)
assert losses[2] < losses[0]
"""


@pytest.mark.slow  # loads TensorFlow; test_processes does so on every change
@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed: make .venv/.full")
def test_a_step_of_one_worker_is_a_step_of_keras() -> None:
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", BOTH], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr[-3000:]
