"""Online Boutique's latencies forecast 1, 5 and 15 minutes ahead: ours beside the naive and the trailing median.

Server p95 of every pod and p95 of the front end on two days, each a series. Models learn from the first six hours; from then on
every minute is an origin: what is forecast h minutes ahead has seen nothing after that origin, the load of its minute neither.
Error is the mean absolute scaled error: the mean absolute error over that of the one-minute naive forecast on the learned minutes
(Hyndman, Koehler, Another look at measures of forecast accuracy, 2006, section 4); the median over series is reported.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.forecasts import MIDDLE
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting.following import Follower
from tracetune.forecasting.holt_winters import HoltWintersEstimator
from tracetune.forecasting.levels import LevelsEstimator
from tracetune.forecasting.network import LstmEstimator
from tracetune.forecasting.regression import RegressionEstimator
from tracetune.forecasting.trailing import TrailingMedianEstimator

Array = NDArray[np.float64]
Simple = TrailingMedianEstimator | LevelsEstimator | HoltWintersEstimator | RegressionEstimator
DAYS = ("2022-08-22", "2022-08-23")
METRIC = Metric.LATENCY_P95
HORIZONS = (1, 5, 15)
LEARNED_MINUTES = 360
TRAILING_MINUTES = {"trailing 30-minute median": 30, "trailing 4-hour median": 240}
"""The first is the bar; the second tells whether a longer memory would pay."""


def measure() -> dict[str, Any]:
    """Median MASE by model and horizon over the series of both days."""
    folder = Path(os.environ.get("TRACETUNE_DATA", "../shared/data")) / "nezha_onlineboutique_metrics"
    if not folder.is_dir():
        return {"skipped": f"{folder} is not there; TRACETUNE_DATA names the folder that holds it"}
    by_day = [scaled_errors(day_series(folder / "rca_data" / day / "metric")) for day in DAYS]
    errors = {model: {h: np.concatenate([each[model][h] for each in by_day]) for h in HORIZONS} for model in by_day[0]}
    return {
        "series": len(errors["naive"][1]),
        "median_mase": {
            model: {str(h): float(np.nanmedian(each)) for h, each in by_horizon.items()}
            for model, by_horizon in errors.items()
        },
    }


def scaled_errors(series: SeriesBatch) -> dict[str, dict[int, Array]]:
    """MASE of each series by model and horizon, over the minutes after LEARNED_MINUTES."""
    values = series[METRIC]
    scale = np.nanmean(np.abs(np.diff(values[:, :LEARNED_MINUTES], axis=1)), axis=1)
    middles = {**references(values), **_ours(series)}
    judged = np.arange(series.length) >= LEARNED_MINUTES
    errors = {model: {h: np.abs(values - middle) for h, middle in each.items()} for model, each in middles.items()}
    everywhere = {h: judged & np.isfinite([each[h] for each in errors.values()]).all(axis=0) for h in HORIZONS}
    return {
        model: {h: _mean(error, everywhere[h]) / scale for h, error in each.items()} for model, each in errors.items()
    }


def references(values: Array) -> dict[str, dict[int, Array]]:
    """What the naive and the trailing medians said h minutes before of every minute; NaN before they knew enough."""
    said = {"naive": values}
    for name, minutes in TRAILING_MINUTES.items():
        said[name] = np.full(values.shape, np.nan)
        windows = np.lib.stride_tricks.sliding_window_view(values, minutes, axis=1)
        said[name][:, minutes - 1 :] = np.nanmedian(windows, axis=2)
    return {name: {h: _later(each, h) for h in HORIZONS} for name, each in said.items()}


def _ours(series: SeriesBatch) -> dict[str, dict[int, Array]]:
    learned = series.between(0, LEARNED_MINUTES)
    estimators: dict[str, Simple | LstmEstimator] = {
        "tracetune's trailing median": TrailingMedianEstimator(),
        "tracetune's levels": LevelsEstimator(),
        "tracetune's Holt-Winters": HoltWintersEstimator(),
        "tracetune's regression": RegressionEstimator(),
        "tracetune's shipped network": LstmEstimator(steps=0),
        "tracetune's network, trained further": LstmEstimator(),
    }
    return {
        name: rolling(estimator.fit(learned, METRIC, seed=0).follow(series.keys, series.start_minute), series)
        for name, estimator in estimators.items()
    }


def rolling(follower: Follower, series: SeriesBatch) -> dict[int, Array]:
    """The medians that a follower gave h minutes before each minute, by h."""
    said = {h: np.full(series[METRIC].shape, np.nan) for h in HORIZONS}
    for minute in range(series.length):
        follower.step(series[METRIC][:, minute], series[Metric.CALLS][:, minute])
        if minute + 1 < LEARNED_MINUTES - max(HORIZONS):
            continue
        ahead = follower.ahead(max(HORIZONS))[:, :, MIDDLE]
        for h in HORIZONS:
            if minute + h < series.length:
                said[h][:, minute + h] = ahead[:, h - 1]
    return said


def day_series(folder: Path) -> SeriesBatch:
    """One day's pods and front end; a pod's first row is minute 0 of it, and a p95 of 0 was not observed."""
    rows = {path.stem.split("-")[0]: _rows(path) for path in sorted(folder.glob("*-*_metric.csv"))}
    found = {
        name: (_of(each, "PodServerLatencyP95(s)"), 60.0 * _of(each, "PodWorkload(Ops)")) for name, each in rows.items()
    }
    front = _of(_rows(folder / "front_service.csv"), "LatencyP95(s)")
    found["front end"] = (front, found["frontend"][1])
    length = min(min(len(each) for each in pair) for pair in found.values())
    p95, calls = (np.stack([pair[at][:length] for pair in found.values()]) for at in (0, 1))
    p95 = np.where(p95 > 0, p95, np.nan)
    metrics = dict.fromkeys(Metric, p95) | {Metric.CALLS: calls, Metric.ERROR_RATIO: np.zeros_like(calls)}
    keys = tuple(SeriesKey(name, "") for name in found)
    return SeriesBatch(keys, 0, metrics, np.ones(length, np.bool_), np.ones(len(keys)))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open() as text:
        return list(csv.DictReader(text))


def _of(rows: list[dict[str, str]], name: str) -> Array:
    return np.array([float(row[name] or "nan") for row in rows])


def _later(values: Array, minutes: int) -> Array:
    moved = np.full(values.shape, np.nan)
    moved[:, minutes:] = values[:, :-minutes]
    return moved


def _mean(values: Array, where: NDArray[np.bool_]) -> Array:
    total: Array = np.where(where, values, 0.0).sum(axis=1) / where.sum(axis=1)
    return total
