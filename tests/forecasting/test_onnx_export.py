"""The network's step as ONNX, run by ONNX's own runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tracetune.forecasting.cell import Array, State, Weights, step
from tracetune.forecasting.onnx_export import INPUTS, OUTPUTS, write_onnx


def random_weights(features: int = 12, hidden: int = 48, quantiles: int = 7) -> Weights:
    rng = np.random.default_rng(3)

    def some(*shape: int) -> Array:
        return rng.normal(0.0, 0.4, shape).astype(np.float32)

    return Weights(
        some(features, 4 * hidden),
        some(hidden, 4 * hidden),
        some(4 * hidden),
        some(hidden + features, hidden),
        some(hidden),
        some(hidden, quantiles),
        some(quantiles),
    )


def test_runtime_gives_the_cells_numbers_minute_after_minute(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="not installed: make .venv/.full")
    weights = random_weights()
    write_onnx(tmp_path / "step.onnx", weights)
    session = runtime.InferenceSession(str(tmp_path / "step.onnx"), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(4)
    state = State.first(30, weights)
    hidden, memory = state.hidden, state.memory
    for _ in range(20):
        features = rng.normal(size=(30, 12)).astype(np.float32)

        expected, state = step(weights, features, state)
        given = dict(zip(INPUTS, (features, hidden, memory), strict=True))
        quantiles, hidden, memory = session.run(list(OUTPUTS), given)

        np.testing.assert_allclose(quantiles, expected, atol=1e-5)
        np.testing.assert_allclose(memory, state.memory, atol=1e-5)
