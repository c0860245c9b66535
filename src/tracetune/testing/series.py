"""Made-up series for tests of what learns from them."""

from __future__ import annotations

import numpy as np

from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.testing.build import DAY_START_UNIX_NANO

_MINUTES_PER_DAY = 1440


def random_series(seed: int, *, minutes: int = 3 * _MINUTES_PER_DAY, keys: int = 3, missing: int = 7) -> SeriesBatch:
    """Series whose calls follow the hour of the day, and whose latency rises with calls.

    Args:
        seed: equal seeds give equal series.
        minutes: from midnight on.
        keys: how many series; each has half the calls of the one before.
        missing: minutes of one outage of the traces, at two thirds of the time; NaN in every metric.
    """
    rng = np.random.default_rng(seed)
    minute = np.arange(minutes)
    load = 40 * (1 - 0.6 * np.cos(2 * np.pi * minute / _MINUTES_PER_DAY)) * 0.5 ** np.arange(keys)[:, None]
    calls = rng.poisson(load).astype(np.float64)  # (series, minute)
    quiet = calls == 0
    latency = 0.1 * (1 + load / 100) * np.exp(0.1 * rng.standard_normal(calls.shape))
    metrics = {
        Metric.CALLS: calls,
        Metric.ERROR_RATIO: np.where(quiet, np.nan, rng.binomial(calls.astype(np.int64), 0.01) / np.maximum(calls, 1)),
        Metric.LATENCY_P50: np.where(quiet, np.nan, latency),
        Metric.LATENCY_P95: np.where(quiet, np.nan, 2 * latency),
        Metric.SELF_TIME_P50: np.where(quiet, np.nan, 0.5 * latency),
        Metric.SELF_TIME_P95: np.where(quiet, np.nan, 0.9 * latency),
    }
    outage = (minute >= 2 * minutes // 3) & (minute < 2 * minutes // 3 + missing)
    for values in metrics.values():
        values[:, outage] = np.nan
    names = tuple(SeriesKey("shop", f"GET /{number}") for number in range(keys))
    return SeriesBatch(names, DAY_START_UNIX_NANO // 60_000_000_000, metrics, ~outage, np.ones(keys))
