"""The same network in numpy, one minute of all series at once; it knows nothing of the framework that trained it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import MIDDLE

Array = NDArray[np.float32]

LEAST_STEP = np.float32(1e-3)
"""As in the network: neighbouring quantiles differ by at least this."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Everything that training found, float32; the gates lie side by side as input, forget, candidate, output."""

    kernel: Float[Array, "feature gates"]
    recurrent: Float[Array, "hidden gates"]
    bias: Float[Array, " gates"]
    mix_kernel: Float[Array, "hidden_and_feature hidden"]
    mix_bias: Float[Array, " hidden"]
    head_kernel: Float[Array, "hidden quantile"]
    head_bias: Float[Array, " quantile"]


@dataclass(frozen=True, slots=True)
class State:
    """What the network remembers of each row after a minute."""

    hidden: Float[Array, "row hidden"]
    memory: Float[Array, "row hidden"]

    @classmethod
    def first(cls, rows: int, weights: Weights) -> State:
        """Nothing remembered."""
        nothing = np.zeros((rows, len(weights.recurrent)), np.float32)
        return cls(nothing, nothing)


def step(
    weights: Weights, features: Float[Array, "row feature"], state: State
) -> tuple[Float[Array, "row quantile"], State]:
    """The quantiles of one minute, on each series' scale, and the state after it.

    Source: Hochreiter, Schmidhuber, Long Short-Term Memory (1997), with the forget gate of Gers et al. (2000).
    """
    # One product a gate: its columns then lie together, and elementwise functions run four times as fast on them.
    gates = [
        features @ weights.kernel[:, gate] + state.hidden @ weights.recurrent[:, gate] + weights.bias[gate]
        for gate in _gates(len(weights.recurrent))
    ]
    admit, forget, candidate, release = _sigmoid(gates[0]), _sigmoid(gates[1]), np.tanh(gates[2]), _sigmoid(gates[3])
    memory = forget * state.memory + admit * candidate  # (row, hidden)
    hidden = release * np.tanh(memory)
    seen = np.concatenate([hidden, features], axis=1)  # (row, hidden + feature)
    mixed = np.maximum(seen @ weights.mix_kernel + weights.mix_bias, 0.0)
    return _ascending(mixed @ weights.head_kernel + weights.head_bias), State(hidden, memory)


def _gates(size: int) -> list[slice]:
    return [slice(at * size, (at + 1) * size) for at in range(4)]


def _ascending(raw: Float[Array, "row quantile"]) -> Float[Array, "row quantile"]:
    middle = raw[:, MIDDLE : MIDDLE + 1]
    up = np.cumsum(_softplus(raw[:, MIDDLE + 1 :]) + LEAST_STEP, axis=1)
    down = np.cumsum(_softplus(raw[:, MIDDLE - 1 :: -1]) + LEAST_STEP, axis=1)
    return np.concatenate([middle - down[:, ::-1], middle, middle + up], axis=1)


def _sigmoid(values: Array) -> Array:
    # By the hyperbolic tangent, which does not overflow and is one pass.
    half: Array = np.float32(0.5) * (np.tanh(np.float32(0.5) * values) + np.float32(1.0))
    return half


def _softplus(values: Array) -> Array:
    positive: Array = np.log1p(np.exp(-np.abs(values))) + np.maximum(values, np.float32(0.0))
    return positive
