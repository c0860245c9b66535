"""The Numenta Anomaly Benchmark by the product's trailing median, with the tail of each file's scores learned as it goes.

One setting for all files, nothing fitted to one of them: values are scaled by what was seen in the file's probation, a step is a
reading, whatever its interval, and the score is how rare the departure is among those before it. The trailing median follows
30 readings with a gap of 15, as for latencies.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quality import nab_data
from quality.nab_scorer import best, probation
from quality.volume import vus_pr
from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting.scaling import MAD_TO_SIGMA, NORMAL_QUANTILES
from tracetune.forecasting.trailing import TrailingMedianEstimator

Array = NDArray[np.float64]

COMMON = 0.95
"""The running quantile beyond which scores are the tail."""

REPEATED = 60
"""An alarm begins only where the score is higher than in so many readings before: an incident is reported once."""

LEARNED_READINGS = 190  # probation of the shortest file, about: only how noisy readings are is learned from them
_FIRST_READINGS = 100
_LIMIT = 300.0  # spreads; further off is only far
_SHIFT = (
    310.0  # the product takes logarithms of what it is given: exp(value + _SHIFT) is above zero, and returns as it was
)
_MOST_SIGMAS = 1000.0


def measure() -> dict[str, Any]:
    """The score of single departures, against the file's own tail, where they begin, and beside the file's first level."""
    if not nab_data.folder().is_dir():
        return {"skipped": f"{nab_data.folder()} is not there; TRACETUNE_DATA names the folder that holds it"}
    files = nab_data.files()
    truth = nab_data.truth(files)
    values = [each.values for each in files]
    departed = departures(values)
    rare, far = tail(departed), tail(np.abs(np.nan_to_num(scaled(values))))
    tried = {
        "departures": departed,
        "rare departures": rare,
        "rare departures, where they begin": begins(rare),
        "rare departures or a level unlike the probation's, where they begin": begins(np.maximum(rare, far)),
    }
    scores = {
        name: best(
            np.concatenate([each[: len(file.values)] for each, file in zip(score, files, strict=True)]), truth
        ).score
        for name, score in tried.items()
    }
    return {"files": len(files), "windows": truth.count, "scores": scores, "VUS-PR": _volumes(tried, files)}


def _volumes(tried: dict[str, Array], files: list[nab_data.File]) -> dict[str, float]:
    """By score, the mean over the files that have windows behind their probation."""
    return {
        name: float(np.nanmean([_volume(score, file) for score, file in zip(scores, files, strict=True)]))
        for name, scores in tried.items()
    }


def _volume(scores: Array, file: nab_data.File) -> float:
    labelled = np.zeros(len(file.values), np.bool_)
    for first, last in file.windows:
        labelled[first : last + 1] = True
    begin = probation(len(labelled))
    return vus_pr(scores[begin : len(labelled)], labelled[begin:])


def departures(values: list[Array]) -> Array:
    """How far each reading is from what was expected of it, in spreads; (file, reading), zero behind a file's end."""
    padded = scaled(values)
    metrics = dict.fromkeys(Metric, np.exp(padded + _SHIFT))
    keys = tuple(SeriesKey(str(row), "") for row in range(len(values)))
    series = SeriesBatch(keys, 0, metrics, np.ones(padded.shape[1], np.bool_), np.ones(len(values)))
    fitted = TrailingMedianEstimator().fit(series.between(0, LEARNED_READINGS), Metric.LATENCY_P95, seed=0)
    expected = np.log(fitted.predict(series, horizon_minutes=0).values) - _SHIFT
    sigma = (expected[:, :, UPPER] - expected[:, :, LOWER]) / (NORMAL_QUANTILES[UPPER] - NORMAL_QUANTILES[LOWER])
    departed: Array = np.minimum(np.nan_to_num(np.abs(padded - expected[:, :, MIDDLE]) / sigma), _MOST_SIGMAS)
    return departed


def scaled(values: list[Array]) -> Array:
    """Readings in spreads of their file's probation about its median; (file, reading), NaN behind a file's end."""
    padded = np.full((len(values), max(map(len, values))), np.nan)
    for row, each in enumerate(values):
        padded[row, : len(each)] = _scaled(each)
    return padded


def tail(scores: Array) -> Array:
    """Minus the logarithm of each score's probability by an exponential tail fitted to the scores before it; 0 below.

    Source: the peaks over a threshold of Siffer et al., Anomaly Detection in Streams with Extreme Value Theory (2017), section
    3, with the shape of the tail held at 0; the threshold by Robbins, Monro, A Stochastic Approximation Method (1951).
    """
    threshold = np.quantile(scores[:, :_FIRST_READINGS], 0.9, axis=1)
    excess = 0.1 + 0.5 * np.maximum(threshold, 0.5)
    rare = np.zeros_like(scores)
    for reading, each in enumerate(scores.T):
        beyond = each > threshold
        rare[:, reading] = np.where(beyond, (each - threshold) / excess - np.log1p(-COMMON), 0.0)
        gain = 1.0 / (reading + 20)
        lift = np.minimum(each - threshold, 10.0 * excess) - excess
        threshold = np.maximum(threshold + 8.0 * gain * excess * (beyond - (1.0 - COMMON)), 0.0)
        excess = np.maximum(np.where(beyond, excess + max(20.0 * gain, 0.002) * lift, excess), 0.05)
    return rare


def begins(scores: Array) -> Array:
    """The scores where they are higher than all of the last REPEATED; 0 elsewhere."""
    padded = np.pad(scores, ((0, 0), (REPEATED, 0)), constant_values=-1.0)
    before = np.lib.stride_tricks.sliding_window_view(padded, REPEATED, axis=1)[:, :-1].max(axis=2)
    return np.where(scores > before, scores, 0.0)


def _scaled(values: Array) -> Array:
    """A file's readings in spreads of its probation about the median of that."""
    seen = values[: probation(len(values))]
    middle = np.median(seen)
    spread = max(
        MAD_TO_SIGMA * float(np.median(np.abs(seen - middle))),
        float(np.median(np.abs(np.diff(seen)))),
        0.05 * float(seen.std()),
        1e-9 * max(1.0, float(np.abs(seen).max())),
    )
    scaled: Array = np.clip((values - middle) / spread, -_LIMIT, _LIMIT)
    return scaled
