"""Made-up excursions on held-back minutes: whether a model's bands would show a real one, or follow it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from tracetune.domain.forecasts import MIDDLE, UPPER
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.forecasting.scaling import to_model_scale

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

LEAST_MINUTES = 60
"""Fewer held-back minutes leave no room for an excursion with calm minutes around it."""

MOST_SERIES = 200
"""So many are enough to tell models apart; all would double the time of learning."""

SHORTEST, LONGEST = 10, 31
FACTORS = (1.3, 3.0)
NEEDED, WINDOW = 5, 10
"""Evidence as in detection: so many of so many minutes."""

_LEVELS = np.array([0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 1.0])


@dataclass(frozen=True, slots=True)
class Made:
    """Some series, each with one excursion upwards.

    Attributes:
        calm, changed: the same series without and with it.
        onset, minutes: (series,), position and length of the excursion.
    """

    calm: SeriesBatch
    changed: SeriesBatch
    onset: Int[Counts, " series"]
    minutes: Int[Counts, " series"]


def make(series: SeriesBatch, metric: Metric, first: int, *, seed: int) -> Made | None:
    """Up to MOST_SERIES series with an excursion of ``metric`` after position ``first``; None where there is no room."""
    if series.length - first < LEAST_MINUTES or not series.keys:
        return None
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(series.keys))[:MOST_SERIES])
    calm = series.only(rows.tolist())
    minutes = rng.integers(SHORTEST, LONGEST, len(rows))
    onset = rng.integers(first + WINDOW, series.length - minutes)
    factor = np.exp(rng.uniform(math.log(FACTORS[0]), math.log(FACTORS[1]), len(rows)))
    at = np.arange(series.length)
    inside = (at >= onset[:, None]) & (at < (onset + minutes)[:, None])
    values = np.where(inside, calm[metric] * factor[:, None], calm[metric])
    changed = replace(calm, metrics={**calm.metrics, metric: values})
    return Made(calm, changed, onset, minutes)


def event_f1(
    made: Made,
    metric: Metric,
    calm: Float[Array, "series minute quantile"],
    changed: Float[Array, "series minute quantile"],
    first: int,
) -> float:
    """The best F1 over thresholds at which excursions are found and calm minutes after ``first`` raise alarms.

    An excursion is found if evidence reaches the threshold inside it and did not before; an alarm without one is false.
    """
    quiet = _evidence(made.calm[metric], metric, calm)
    stirred = _evidence(made.changed[metric], metric, changed)
    judged = np.isfinite(quiet[:, first:]).any(axis=1)
    if not judged.any():
        return 0.0
    peak = np.array([part[at : at + n].max() for part, at, n in zip(stirred, made.onset, made.minutes, strict=True)])
    before = stirred[np.arange(len(stirred)), made.onset - 1]
    levels = np.quantile(quiet[:, first:][np.isfinite(quiet[:, first:])], _LEVELS) + 1e-9
    best = 0.0
    for level in levels:
        found = int((judged & (peak >= level) & (before < level)).sum())
        above = quiet[:, first:] >= level
        false = int((above[:, 1:] & ~above[:, :-1]).sum())
        best = max(best, 2.0 * found / max(found + false + int(judged.sum()), 1))
    return best


def _evidence(
    values: Float[Array, "series minute"], metric: Metric, quantiles: Float[Array, "series minute quantile"]
) -> Float[Array, "series minute"]:
    middle, upper = (to_model_scale(metric, quantiles[:, :, at]) for at in (MIDDLE, UPPER))
    with np.errstate(divide="ignore", invalid="ignore"):
        score = (to_model_scale(metric, values) - middle) / (upper - middle)
    known = np.where(np.isfinite(score), score, -np.inf)
    padded = np.pad(known, ((0, 0), (WINDOW - 1, 0)), constant_values=-np.inf)
    evidence = np.empty_like(known)
    for row, part in enumerate(padded):  # one at a time: all windows together would take ten times the memory
        windows = np.lib.stride_tricks.sliding_window_view(part, WINDOW)
        evidence[row] = np.partition(windows, WINDOW - NEEDED, axis=1)[:, WINDOW - NEEDED]
    return evidence
