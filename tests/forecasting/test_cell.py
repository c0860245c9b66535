from __future__ import annotations

import subprocess
import sys

import numpy as np

from tracetune.forecasting.cell import State, step
from tracetune.forecasting.keras_backend import load_keras
from tracetune.forecasting.windows import FEATURES


def test_numpy_cell_equals_keras() -> None:
    load_keras()
    from tracetune.forecasting import lstm

    network = lstm.build(40)
    lstm.put(network, lstm.first_weights(2))
    features = np.random.default_rng(1).normal(0.0, 2.0, (6, 40, len(FEATURES))).astype(np.float32)
    weights = lstm.weights(network)

    state, minutes = State.first(6, weights), []
    for minute in range(40):
        quantiles, state = step(weights, features[:, minute], state)
        minutes.append(quantiles)

    np.testing.assert_allclose(np.stack(minutes, axis=1), np.asarray(network(features)), atol=1e-5)


def test_scoring_imports_no_framework() -> None:
    program = (
        "import sys, tracetune.forecasting.scoring, tracetune.forecasting.weights; "
        "print(sorted({'keras', 'jax', 'tensorflow'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter

    assert done.stdout.strip() == "[]"
