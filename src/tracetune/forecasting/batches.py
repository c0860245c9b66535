"""What the network is shown in each training step: random windows of all series, with made-up excursions in some inputs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from tracetune.forecasting.windows import FEATURES, GAP_MINUTES, LATENCY_LIMIT, Inputs

Single = NDArray[np.float32]

WINDOW_MINUTES = 120
BURN_IN_MINUTES = 20
"""The first minutes of a window do not count: the state begins empty there, and does not when predicting."""

WINDOWS_A_STEP = 64

EXCURSION_SHARE = 0.5
"""Share of the windows in which the inputs, and not the targets, hold a made-up anomaly: so the network learns not to
follow one. It is the change that turned the best forecaster into the best detector (docs/experiments/LOG.md)."""

BLIND_SHARE = 0.25
"""Share of the windows whose end is hidden, as the future is: no calls from some minute on, no latency from the gap after."""

COLD_SHARE = 0.1
"""Share of the windows shown as of a series that was never seen before: some are met after every training."""

_TARGET_LIMIT = 12.0
_LATENCY, _LATENCY_KNOWN = FEATURES.index("latency_before_gap"), FEATURES.index("latency_before_gap_known")
_CALLS = [FEATURES.index(name) for name in ("calls", "calls_level", "calls_known")]
_CALLS_BEFORE = FEATURES.index("calls_minute_before")
_DAYS = [at for at, name in enumerate(FEATURES) if name.startswith(("latency_other_days", "sine", "cosine"))]
_LOG_SCALE = FEATURES.index("log_scale")

_CHANCES = 13
"""Uniform numbers a window.

0 whether there is an excursion, 1 where, 2 how long, 3 how large, 4 which way, 5 which shape; 6 whether the end is hidden,
7 from where; 8 whether the series is new, 9 to 12 how uncertain.
"""


class Batch(NamedTuple):
    """One training step, or one process's part of it."""

    features: Float[Single, "window minute feature"]
    targets: Float[Single, "window minute 1"]
    weights: Float[Single, "window minute"]  # 0 where the target is unknown or burnt in


class Part(NamedTuple):
    """Which windows of each step this process makes: every ``of``-th, from ``number`` on."""

    number: int = 0
    of: int = 1


def batch(
    inputs: Inputs,
    rows: Int[NDArray[np.int64], " row"],
    *,
    seed: int,
    step: int,
    part: Part,
    cold_share: float = COLD_SHARE,
) -> Batch:
    """The windows of one step; they depend on the seed and the step alone, so that training can begin anywhere.

    Args:
        inputs: all series.
        rows: to choose from, see ``Inputs``.
        seed: of the training.
        step: 0 for the first.
        part: of the step's windows; the parts together are the same windows as the whole.
        cold_share: of the windows shown as of a series that was just seen for the first time.
    """
    rng = np.random.default_rng((seed, step))
    chosen = rng.choice(rows, WINDOWS_A_STEP)
    first = rng.integers(0, inputs.series.length - WINDOW_MINUTES + 1, WINDOWS_A_STEP)
    chances = rng.random((WINDOWS_A_STEP, _CHANCES))
    mine = slice(part.number, None, part.of)
    minutes = np.arange(WINDOW_MINUTES)
    at = first[mine, None] + minutes  # (window, minute)
    features = inputs.features(chosen[mine], at)
    targets = inputs.latency(chosen[mine], at)
    counted = np.isfinite(targets) & (minutes >= BURN_IN_MINUTES)
    for window, target, drawn in zip(features, targets, chances[mine], strict=True):
        if drawn[8] < cold_share:
            _make_cold(window, target, drawn)
        _add_excursion(window, drawn)
        _hide_end(window, drawn)
    clipped = np.clip(np.nan_to_num(targets), -_TARGET_LIMIT, _TARGET_LIMIT)
    return Batch(features, clipped[:, :, None].astype(np.float32), counted.astype(np.float32))


def _make_cold(
    window: Float[Single, "minute feature"],
    target: Float[NDArray[np.float64], " minute"],
    drawn: Float[NDArray[np.float64], " chance"],
) -> None:
    """Show a window as of a series known for half an hour: no other days, no clock, and its place and spread uncertain."""
    window[:, _DAYS] = 0.0
    move, stretch = 1.5 * (drawn[9] + drawn[10] - 1.0), np.exp(drawn[11] + drawn[12] - 1.0)
    known = window[:, _LATENCY_KNOWN]
    window[:, _LATENCY] = np.clip((window[:, _LATENCY] - move) / stretch, -LATENCY_LIMIT, LATENCY_LIMIT) * known
    window[:, _LOG_SCALE] += np.log(stretch)
    target -= move
    target /= stretch


def _add_excursion(window: Float[Single, "minute feature"], drawn: Float[NDArray[np.float64], " chance"]) -> None:
    """Perhaps add a step or a ramp of 1 to 10 spreads over 2 to 90 minutes to the latency that the window sees."""
    if drawn[0] >= EXCURSION_SHARE:
        return
    first = int(drawn[1] * (WINDOW_MINUTES - 1))
    length = min(int(2.0 * 45.0 ** drawn[2]), WINDOW_MINUTES - first)
    size = 10.0 ** drawn[3] * (1.0 if drawn[4] < 0.75 else -1.0)
    shape = np.full(length, size) if drawn[5] < 0.7 else np.linspace(0.0, size, length)
    here = slice(first, first + length)
    moved = window[here, _LATENCY] + shape * window[here, _LATENCY_KNOWN]
    window[here, _LATENCY] = np.clip(moved, -LATENCY_LIMIT, LATENCY_LIMIT)


def _hide_end(window: Float[Single, "minute feature"], drawn: Float[NDArray[np.float64], " chance"]) -> None:
    """Perhaps hide what will not be known of the future, from some minute on."""
    if drawn[6] >= BLIND_SHARE:
        return
    last = BURN_IN_MINUTES + int(drawn[7] * (WINDOW_MINUTES - BURN_IN_MINUTES))
    window[last:, _CALLS] = 0.0
    window[last + 1 :, _CALLS_BEFORE] = 0.0
    window[last + GAP_MINUTES :, [_LATENCY, _LATENCY_KNOWN]] = 0.0
