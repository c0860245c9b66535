"""Training the network on sampled windows of all series, by Keras on whatever backend and in however many processes."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tracetune.domain.series import Metric, SeriesBatch
from tracetune.errors import NotEnoughData
from tracetune.forecasting import checkpoints, tensorflow_workers
from tracetune.forecasting.batches import COLD_SHARE, WINDOW_MINUTES, WINDOWS_A_STEP, batch
from tracetune.forecasting.cell import Weights
from tracetune.forecasting.keras_backend import load_keras
from tracetune.forecasting.processes import Processes
from tracetune.forecasting.windows import LATENCIES, Inputs, Scales

LEAST_MINUTES = 240
"""Four hours: less does not fill the windows with anything new."""

STEPS = 320
LEARNING_RATE = 4e-3
FINE_TUNING_RATE = 1e-3
"""From weights that know something already: a larger rate forgets them first."""

CLIP_NORM = 1.0
CHECKPOINT_STEPS = 20

_RATE_STEPS, _COMPILING_STEPS = 20, 2
_HASHED_MINUTES = 16  # of each series; enough to tell one history from another, and quick for files


class Step(NamedTuple):
    """One training step that is done.

    Attributes:
        number, total: of this step, from 1, and of all.
        loss: of this step, on each series' scale.
        windows_per_second: lately.
        seconds_left: at this rate.
    """

    number: int
    total: int
    loss: float
    windows_per_second: float
    seconds_left: float


Progress = Callable[[Step], None]
"""Told each step; what it raises ends the training, and a model that was in use stays in use."""


@dataclass(frozen=True, slots=True)
class Course:
    """How to train.

    Attributes:
        seed: of the first weights and of the windows.
        steps: of WINDOWS_A_STEP windows.
        start: weights to go on from; None begins anew.
        progress: told each step.
        checkpoint: a file that training goes on from after it was killed; removed when it is done. Only the first of
            several processes writes it, and all read it.
        cold_share: see ``batches.batch``.
    """

    seed: int
    steps: int = STEPS
    start: Weights | None = None
    progress: Progress | None = None
    checkpoint: Path | None = None
    cold_share: float = COLD_SHARE

    def name(self, series: SeriesBatch) -> str:
        """A digest of everything that decides the result."""
        told = (series.keys, series.start_minute, series.length, self.seed, self.steps, self.cold_share)
        digest = hashlib.blake2b(repr(told).encode())
        for metric in (*LATENCIES, Metric.CALLS):
            some = series[metric][:, :: max(series.length // _HASHED_MINUTES, 1)]
            digest.update(np.ascontiguousarray(some).tobytes())
        for each in fields(self.start) if self.start else ():
            digest.update(getattr(self.start, each.name).tobytes())
        return digest.hexdigest()


def train(series: SeriesBatch, course: Course) -> tuple[Weights, Scales]:
    """The weights after the course, and the scales they were learned on.

    In several processes (see ``processes``) each makes its part of every step's windows, and all end with equal weights.

    Raises:
        NotEnoughData: below LEAST_MINUTES, or where no series was observed often enough.
        Unavailable: where Keras is not installed.
    """
    if series.length < LEAST_MINUTES:
        raise NotEnoughData(
            f"{series.length} minutes are too few to train the LSTM",
            hint=f"give at least {LEAST_MINUTES // 60} hours of traces",
        )
    scales = Scales.of(series)
    rows = np.flatnonzero(np.isfinite(scales.location.ravel()))
    if not len(rows):
        raise NotEnoughData("no series was observed often enough to train the LSTM", hint="give more traffic or time")
    keras = load_keras()
    processes = Processes.joined(keras)
    from tracetune.forecasting import lstm  # noqa: PLC0415 - imports keras, which takes seconds and may be missing

    network = lstm.build(WINDOW_MINUTES)
    lstm.put(network, course.start or lstm.first_weights(course.seed))
    top = FINE_TUNING_RATE if course.start else LEARNING_RATE
    warm = course.steps // 8
    rate = keras.optimizers.schedules.CosineDecay(
        top / 10.0, max(course.steps - warm, 1), warmup_target=top, warmup_steps=warm, alpha=0.02
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-4, global_clipnorm=CLIP_NORM)
    optimizer.build(network.trainable_variables)
    take = _step(network, optimizer, processes)
    name = course.name(series)
    done = checkpoints.restore(course.checkpoint, name, network, optimizer) if course.checkpoint else 0
    inputs, clock = Inputs.of(series, scales), _Clock(done, course.steps)
    for number in range(done, course.steps):
        made = batch(inputs, rows, seed=course.seed, step=number, part=processes.part, cold_share=course.cold_share)
        loss = take(made)
        if not processes.is_first:
            continue
        if course.progress is not None:
            course.progress(clock.step(number + 1, loss))
        if course.checkpoint is not None and (number + 1) % CHECKPOINT_STEPS == 0:
            checkpoints.save(course.checkpoint, name, number + 1, network, optimizer)
    if course.checkpoint is not None and processes.is_first:
        course.checkpoint.unlink(missing_ok=True)
    return lstm.weights(network), scales


def _step(network: Any, optimizer: Any, processes: Processes) -> tensorflow_workers.Step:  # noqa: ANN401 - Keras has no types
    """What learns from one batch, and returns the loss before it."""
    from tracetune.forecasting import lstm  # noqa: PLC0415 - as above

    if processes.workers is not None:
        return tensorflow_workers.step(network, optimizer, lstm.pinball, processes.workers)
    network.compile(optimizer=optimizer, loss=lstm.pinball)
    return lambda made: float(network.train_on_batch(made.features, made.targets, sample_weight=made.weights))


class _Clock:
    """The rate of the newest steps; the first of them compiled the network and tells nothing about the others."""

    def __init__(self, done: int, total: int) -> None:
        self._done, self._total = done, total
        self._times: deque[float] = deque([time.monotonic()], _RATE_STEPS)

    def step(self, number: int, loss: float) -> Step:
        self._times.append(time.monotonic())
        if number == self._done + _COMPILING_STEPS:
            self._times = deque(list(self._times)[-1:], _RATE_STEPS)
        seconds = (self._times[-1] - self._times[0]) / max(len(self._times) - 1, 1)
        rate = WINDOWS_A_STEP / seconds if seconds else 0.0
        return Step(number, self._total, loss, rate, seconds * (self._total - number))
