"""The network: one LSTM for all series, a head that also sees the inputs, and quantiles that cannot cross."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from tracetune.domain.forecasts import MIDDLE, QUANTILES
from tracetune.forecasting.cell import Weights
from tracetune.forecasting.windows import FEATURES

HIDDEN = 48
LEAST_STEP = 1e-3
"""Neighbouring quantiles differ by at least this many spreads: a band is never a line."""


def build(minutes: int) -> Any:  # noqa: ANN401 - a keras.Model; keras has no types
    """(window, minute, feature) to (window, minute, quantile), on each series' own scale."""
    features = keras.Input((minutes, len(FEATURES)))  # (window, minute, feature)
    state = layers.LSTM(HIDDEN, return_sequences=True)(features)  # (window, minute, HIDDEN)
    seen = layers.Concatenate()([state, features])  # (window, minute, HIDDEN + feature)
    mixed = layers.Dense(HIDDEN, activation="relu")(seen)  # (window, minute, HIDDEN)
    raw = layers.Dense(len(QUANTILES))(mixed)  # (window, minute, quantile)
    return keras.Model(features, ascending(raw))


def first_weights(seed: int) -> Weights:
    """What training begins with: drawn by numpy, so that every backend begins with the same.

    Source: Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks (2010), equation 16;
    orthogonal recurrence and an open forget gate by Jozefowicz et al., An Empirical Exploration of Recurrent Network
    Architectures (2015), section 2.
    """
    rng = np.random.default_rng((seed, HIDDEN))
    orthogonal, triangle = np.linalg.qr(rng.normal(size=(4 * HIDDEN, HIDDEN)))
    bias = np.zeros(4 * HIDDEN)
    bias[HIDDEN : 2 * HIDDEN] = 1.0
    seen = HIDDEN + len(FEATURES)
    parts = (
        _glorot(rng, len(FEATURES), 4 * HIDDEN),
        (orthogonal * np.sign(np.diag(triangle))).T,
        bias,
        _glorot(rng, seen, HIDDEN),
        np.zeros(HIDDEN),
        _glorot(rng, HIDDEN, len(QUANTILES)),
        np.zeros(len(QUANTILES)),
    )
    return Weights(*(each.astype(np.float32) for each in parts))


def put(network: Any, weights: Weights) -> None:  # noqa: ANN401 - a keras.Model
    """Set the network's weights; Keras lists them in the order of the layers, as ``Weights`` does."""
    network.set_weights([getattr(weights, each.name) for each in fields(weights)])


def _glorot(rng: np.random.Generator, inputs: int, outputs: int) -> NDArray[np.float64]:
    limit = np.sqrt(6.0 / (inputs + outputs))
    return rng.uniform(-limit, limit, (inputs, outputs))


def ascending(raw: Any) -> Any:  # noqa: ANN401 - tensors of any backend
    """The median, and from it outwards a positive step to each next quantile; same shape."""
    middle = raw[..., MIDDLE : MIDDLE + 1]
    up = ops.cumsum(ops.softplus(raw[..., MIDDLE + 1 :]) + LEAST_STEP, axis=-1)
    down = ops.cumsum(ops.softplus(ops.flip(raw[..., :MIDDLE], axis=-1)) + LEAST_STEP, axis=-1)
    return ops.concatenate([middle - ops.flip(down, axis=-1), middle, middle + up], axis=-1)


def weights(network: Any) -> Weights:  # noqa: ANN401 - a keras.Model
    """What training found, for the numpy cell; Keras lists it in the order of the layers."""
    tensors = (ops.convert_to_tensor(each) for each in network.weights)  # numpy 2 warns about Keras' own variables
    return Weights(*(np.asarray(ops.convert_to_numpy(each), np.float32) for each in tensors))


def pinball(target: Any, quantiles: Any) -> Any:  # noqa: ANN401 - tensors of any backend
    """Mean pinball loss over QUANTILES: (window, minute, 1) and (window, minute, quantile) to (window, minute)."""
    levels = ops.convert_to_tensor(QUANTILES, dtype=quantiles.dtype)
    error = target - quantiles
    return ops.mean(ops.maximum(levels * error, (levels - 1.0) * error), axis=-1)
