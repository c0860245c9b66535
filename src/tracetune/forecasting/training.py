"""Training the network on sampled windows of all series, by Keras on whatever backend it runs on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from tracetune.domain.series import Metric, SeriesBatch
from tracetune.errors import NotEnoughData, Unavailable
from tracetune.forecasting.cell import Weights
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.windows import FEATURES, GAP_MINUTES, LATENCIES, Inputs, Scales

Array = NDArray[np.float64]
Single = NDArray[np.float32]

LEAST_MINUTES = 240
"""Four hours: less does not fill the windows with anything new."""

WINDOW_MINUTES = 120
BURN_IN_MINUTES = 20
"""The first minutes of a window do not count: the state begins empty there, and does not when predicting."""

WINDOWS_A_STEP = 64
STEPS = 320
LEARNING_RATE = 4e-3
CLIP_NORM = 1.0

EXCURSION_SHARE = 0.5
"""Share of the windows in which the inputs, and not the targets, hold a made-up anomaly: so the network learns not to
follow one. It is the change that turned the best forecaster into the best detector (docs/experiments/LOG.md)."""

BLIND_SHARE = 0.25
"""Share of the windows whose end is hidden, as the future is: no calls from some minute on, no latency from the gap after."""

Progress = Callable[[int, int, float], None]
"""Told the step, the number of steps and the loss of that step, on each series' scale."""

_LATENCY_LIMIT = 12.0
_LATENCY, _LATENCY_KNOWN = FEATURES.index("latency_before_gap"), FEATURES.index("latency_before_gap_known")
_CALLS = [FEATURES.index(name) for name in ("calls", "calls_level", "calls_known")]
_CALLS_BEFORE = FEATURES.index("calls_minute_before")


class Batch(NamedTuple):
    """One training step."""

    features: Float[Single, "window minute feature"]
    targets: Float[Single, "window minute 1"]
    weights: Float[Single, "window minute"]  # 0 where the target is unknown or burnt in


@dataclass(slots=True)
class LstmEstimator:
    """One network over all series and both latencies.

    Both are trained together, so the second ``fit`` on the same minutes and seed only looks up what the first one learned.

    Attributes:
        steps: training steps of WINDOWS_A_STEP windows.
        progress: told each step.
    """

    steps: int = STEPS
    progress: Progress | None = None
    name: str = "lstm"
    _trained: dict[str, tuple[Weights, Scales]] = field(default_factory=dict, repr=False)

    def fit(self, series: SeriesBatch, metric: Metric, *, seed: int) -> LstmPredictor:
        """See the port.

        Raises:
            NotEnoughData: below LEAST_MINUTES, or where no series was observed often enough.
            Unavailable: where Keras is not installed.
        """
        if metric not in LATENCIES:
            raise ValueError(f"the network forecasts latency, not {metric}")
        if series.length < LEAST_MINUTES:
            raise NotEnoughData(
                f"{series.length} minutes are too few to train the LSTM",
                hint=f"give at least {LEAST_MINUTES // 60} hours of traces",
            )
        name = _fingerprint(series, seed, self.steps)
        if name not in self._trained:
            self._trained[name] = train(series, seed=seed, steps=self.steps, progress=self.progress)
        return LstmPredictor(*self._trained[name], metric)


def train(series: SeriesBatch, *, seed: int, steps: int, progress: Progress | None) -> tuple[Weights, Scales]:
    """The weights after ``steps`` steps, and the scales they were learned on."""
    scales = Scales.of(series)
    inputs = Inputs.of(series, scales)
    rows = np.flatnonzero(np.isfinite(scales.location.ravel()))
    if not len(rows):
        raise NotEnoughData("no series was observed often enough to train the LSTM", hint="give more traffic or time")
    keras = load_keras()
    from tracetune.forecasting import lstm  # noqa: PLC0415 - imports keras, which takes seconds and may be missing

    network = lstm.build(WINDOW_MINUTES, seed=seed)
    rate = keras.optimizers.schedules.CosineDecay(
        LEARNING_RATE / 10.0,
        max(steps - steps // 8, 1),
        warmup_target=LEARNING_RATE,
        warmup_steps=steps // 8,
        alpha=0.02,
    )
    network.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-4, global_clipnorm=CLIP_NORM), loss=lstm.pinball
    )
    for number, batch in enumerate(batches(inputs, rows, steps=steps, seed=seed), start=1):
        loss = network.train_on_batch(batch.features, batch.targets, sample_weight=batch.weights)
        if progress is not None:
            progress(number, steps, float(loss))
    return lstm.weights(network), scales


def batches(inputs: Inputs, rows: Int[NDArray[np.int64], " row"], *, steps: int, seed: int) -> Iterator[Batch]:
    """Windows of random rows from random minutes on, with excursions and blind ends in some."""
    rng = np.random.default_rng(seed)
    minutes = np.arange(WINDOW_MINUTES)
    for _ in range(steps):
        row = rng.choice(rows, WINDOWS_A_STEP)
        first = rng.integers(0, inputs.latency.shape[1] - WINDOW_MINUTES + 1, WINDOWS_A_STEP)
        at = first[:, None] + minutes  # (window, minute)
        features = inputs.features(inputs.latency, row, at)
        targets = inputs.latency[row[:, None], at]
        weights = np.isfinite(targets) & (minutes >= BURN_IN_MINUTES)
        _add_excursions(features, rng)
        _hide_ends(features, rng)
        clipped = np.clip(np.nan_to_num(targets), -_LATENCY_LIMIT, _LATENCY_LIMIT)
        yield Batch(features, clipped[:, :, None].astype(np.float32), weights.astype(np.float32))


def _add_excursions(features: Float[Single, "window minute feature"], rng: np.random.Generator) -> None:
    """Add a step or a ramp of 1 to 10 spreads over 2 to 90 minutes to the latency that some windows see."""
    for window in np.flatnonzero(rng.random(len(features)) < EXCURSION_SHARE):
        first = int(rng.integers(0, WINDOW_MINUTES - 1))
        length = min(int(np.exp(rng.uniform(np.log(2.0), np.log(90.0)))), WINDOW_MINUTES - first)
        size = np.exp(rng.uniform(0.0, np.log(10.0))) * (1.0 if rng.random() < 0.75 else -1.0)
        shape = np.full(length, size) if rng.random() < 0.7 else np.linspace(0.0, size, length)
        here = (window, slice(first, first + length))
        known = features[here][:, _LATENCY_KNOWN]
        features[(*here, _LATENCY)] = np.clip(features[(*here, _LATENCY)] + shape * known, -8.0, 8.0)


def _hide_ends(features: Float[Single, "window minute feature"], rng: np.random.Generator) -> None:
    """Hide what will not be known of the future, from some minute on in some windows."""
    for window in np.flatnonzero(rng.random(len(features)) < BLIND_SHARE):
        last = int(rng.integers(BURN_IN_MINUTES, WINDOW_MINUTES))
        features[window, last:, _CALLS] = 0.0
        features[window, last + 1 :, _CALLS_BEFORE] = 0.0
        features[window, last + GAP_MINUTES :, [_LATENCY, _LATENCY_KNOWN]] = 0.0


def load_keras() -> ModuleType:
    """Keras, on JAX unless KERAS_BACKEND says otherwise.

    Raises:
        Unavailable: where it is not installed, with the command that installs it.
    """
    os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        import keras  # noqa: PLC0415 - takes seconds, and is an optional part
    except ImportError as error:
        raise Unavailable(
            f"the LSTM cannot be trained: {error}", hint="install it with: pip install 'tracetune[learn]'"
        ) from error
    found: ModuleType = keras
    return found


def _fingerprint(series: SeriesBatch, seed: int, steps: int) -> str:
    digest = hashlib.blake2b(repr((series.keys, series.start_minute, seed, steps)).encode())
    for metric in (*LATENCIES, Metric.CALLS):
        digest.update(np.ascontiguousarray(series[metric]).tobytes())
    return digest.hexdigest()
