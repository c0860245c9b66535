"""Predictions of the past: how far the model's intervals miss what the sample itself saw, block by block."""

from __future__ import annotations

import numpy as np

from tracetune.tuning.queues.model import QUANTILES, Model
from tracetune.tuning.queues.observed import Floats, Ints
from tracetune.tuning.queues.predict import quantiles, replayed

LEAST_TRACES = 200
"""A block with fewer traces shows no tail."""

MOST_BLOCKS = 8
MOST_TRACES = 2500
_SEEDS = 6
_WARM_UP_SHARE = 0.05


def back_test(model: Model, begun: Floats, took: Floats, minute: Ints) -> tuple[Floats, tuple[float, float]]:
    """The factor by which intervals must be widened at each quantile, and the drift of the error with load.

    Each block of minutes is run again with its own arrivals and traces drawn from the whole sample. The factor is the 90 %
    quantile over blocks of how far (as a ratio) the truth lies outside the interval of the runs.

    Source: Romano, Patterson and Candes 2019, "Conformalized quantile regression", section 3, on a logarithmic scale.

    Returns:
        (quantile,) factors, at least 1; slope of log(observed / predicted) per doubling of load with its t value.
    """
    outside, error, load = [], [], []
    for rows in _blocks(minute, len(model.traces)):
        rows = rows[np.argsort(begun[rows])][:MOST_TRACES]  # noqa: PLW2901
        counted = rows[int(_WARM_UP_SHARE * len(rows)) :]
        truth = np.log(quantiles(took[counted]))
        runs = np.log(np.stack([_again(model, begun[rows] - begun[rows[0]], seed) for seed in range(_SEEDS)]))
        low, high = runs.min(axis=0), runs.max(axis=0)
        outside.append(np.maximum(0.0, np.maximum(truth - high, low - truth)))
        error.append(float(truth[1] - np.median(runs[:, 1])))
        load.append(len(rows) / max(begun[rows[-1]] - begun[rows[0]], 1e-9))
    if not outside:
        return np.full(len(QUANTILES), 1.1), (0.0, 0.0)
    return np.exp(np.quantile(np.stack(outside), 0.9, axis=0)), _drift(np.log2(load), np.array(error))


def _blocks(minute: Ints, traces: int) -> list[Ints]:
    """Some of the sample's minutes, alone or with the next ones until there are enough traces; from low to high load."""
    order = np.argsort(minute, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(minute[order])) + 1) if traces else []
    blocks: list[Ints] = []
    held: list[Ints] = []
    for part in parts:
        if held and minute[part[0]] != minute[held[-1][0]] + 1:
            held = []
        held.append(part)
        if sum(map(len, held)) >= LEAST_TRACES:
            blocks.append(np.concatenate(held))
            held = []
    blocks.sort(key=len)
    if len(blocks) <= MOST_BLOCKS:
        return blocks
    return [blocks[place] for place in np.linspace(0, len(blocks) - 1, MOST_BLOCKS).round().astype(int)]


def _again(model: Model, begin: Floats, seed: int) -> Floats:
    chosen = np.random.default_rng(seed).integers(0, len(model.traces), len(begin))
    outcome = replayed(model, model.best, chosen, begin, seed)
    return quantiles(np.concatenate(outcome.of_endpoint))


def _drift(load: Floats, error: Floats) -> tuple[float, float]:
    if len(load) < 5 or np.ptp(load) < 0.4:
        return 0.0, 0.0
    x = load - load.mean()
    slope = float((x * error).sum() / (x * x).sum())
    residual = error - error.mean() - slope * x
    spread = np.sqrt((residual**2).sum() / (len(load) - 2) / (x * x).sum())
    return slope, float(slope / max(spread, 1e-9))
