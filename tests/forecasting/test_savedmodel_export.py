"""The network's step as a SavedModel, loaded again by TensorFlow in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from tests.forecasting.test_onnx_export import random_weights

from tracetune.forecasting.cell import State, step

WRITE = """
import sys, numpy as np
from pathlib import Path
from tracetune.forecasting.cell import Weights
from tracetune.forecasting.savedmodel_export import write_savedmodel
found = np.load(sys.argv[1])
write_savedmodel(Path(sys.argv[2]), Weights(**{name: found[name] for name in Weights.__slots__}))
"""
RUN = """
import sys, numpy as np, tensorflow as tf
found = np.load(sys.argv[1])
step = tf.saved_model.load(sys.argv[2]).signatures["serving_default"]
answer = step(**{name: tf.constant(found[name]) for name in ("features", "hidden", "memory")})
np.savez(sys.argv[3], **{name: values.numpy() for name, values in answer.items()})
"""


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed: make .venv/.full")
def test_tensorflow_gives_the_cells_numbers(tmp_path: Path) -> None:
    weights = random_weights()
    rng = np.random.default_rng(4)
    features = rng.normal(size=(30, 12)).astype(np.float32)
    hidden, memory = (rng.normal(0.0, 0.5, (30, 48)).astype(np.float32) for _ in range(2))
    np.savez(tmp_path / "weights.npz", **{name: getattr(weights, name) for name in weights.__slots__})
    np.savez(tmp_path / "given.npz", features=features, hidden=hidden, memory=memory)

    for script, arguments in ((WRITE, ("weights.npz", "model")), (RUN, ("given.npz", "model", "answer.npz"))):
        paths = [str(tmp_path / each) for each in arguments]
        subprocess.run([sys.executable, "-c", script, *paths], check=True, timeout=300)  # noqa: S603 - our own words

    expected, after = step(weights, features, State(hidden, memory))
    with np.load(tmp_path / "answer.npz") as answer:
        np.testing.assert_allclose(answer["quantiles"], expected, atol=1e-5)
        np.testing.assert_allclose(answer["hidden_after"], after.hidden, atol=1e-5)
