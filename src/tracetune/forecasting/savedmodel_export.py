"""Writes the network's step as a TensorFlow SavedModel, for TensorFlow Serving and whoever reads that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tracetune.domain.forecasts import MIDDLE
from tracetune.errors import Unavailable
from tracetune.forecasting.cell import LEAST_STEP, Weights
from tracetune.forecasting.keras_backend import load_tensorflow

INPUTS, OUTPUTS = ("features", "hidden", "memory"), ("quantiles", "hidden_after", "memory_after")


def write_savedmodel(folder: Path, weights: Weights) -> None:
    """Write ``cell.step`` with the signature ``serving_default``: one minute of all rows, the state in and out.

    Raises:
        Unavailable: TensorFlow is not installed.
    """
    try:
        tf: Any = load_tensorflow()
    except ImportError as error:
        raise Unavailable(
            "writing a SavedModel needs TensorFlow, which is not installed", hint="pip install 'tracetune[tensorflow]'"
        ) from error
    module = tf.Module()
    module.weights = {name: tf.Variable(getattr(weights, name), trainable=False) for name in Weights.__slots__}
    widths = (weights.kernel.shape[0], len(weights.recurrent), len(weights.recurrent))
    signature = [tf.TensorSpec([None, width], tf.float32, name) for name, width in zip(INPUTS, widths, strict=True)]

    @tf.function(input_signature=signature)
    def step(features: Any, hidden: Any, memory: Any) -> dict[str, Any]:  # noqa: ANN401 - tensors
        found = module.weights
        gates = features @ found["kernel"] + hidden @ found["recurrent"] + found["bias"]
        admit, forget, candidate, release = tf.split(gates, 4, axis=1)
        memory_after = tf.sigmoid(forget) * memory + tf.sigmoid(admit) * tf.tanh(candidate)
        hidden_after = tf.sigmoid(release) * tf.tanh(memory_after)
        seen = tf.concat([hidden_after, features], axis=1)  # (row, hidden + feature)
        mixed = tf.nn.relu(seen @ found["mix_kernel"] + found["mix_bias"])
        quantiles = _ascending(tf, mixed @ found["head_kernel"] + found["head_bias"])
        return dict(zip(OUTPUTS, (quantiles, hidden_after, memory_after), strict=True))

    module.step = step
    tf.saved_model.save(module, str(folder), signatures={"serving_default": step})


def _ascending(tf: Any, raw: Any) -> Any:  # noqa: ANN401 - the library and its tensors
    """As in the cell: from the median outwards a positive step to each next quantile."""
    least = np.float32(LEAST_STEP)
    middle = raw[:, MIDDLE : MIDDLE + 1]
    up = tf.cumsum(tf.nn.softplus(raw[:, MIDDLE + 1 :]) + least, axis=1)
    down = tf.cumsum(tf.nn.softplus(raw[:, :MIDDLE][:, ::-1]) + least, axis=1)
    return tf.concat([middle - down[:, ::-1], middle, middle + up], axis=1)
