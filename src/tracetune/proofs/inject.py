"""Slowdowns put into real series: that operation's own latency only, for some minutes, by a factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.anomalies import Anomaly, AnomalyKind
from tracetune.domain.series import Metric, SeriesBatch

SLOW_KINDS = (AnomalyKind.SLOWER, AnomalyKind.LOAD)
"""What a slowdown may be called: load excuses it, and it is caught all the same."""

_LATENCIES = (Metric.LATENCY_P50, Metric.LATENCY_P95, Metric.SELF_TIME_P50, Metric.SELF_TIME_P95)

LEAST_CALLS = 1.0
"""An operation without a call a minute on average has nothing to slow down there."""

CLEAR_MINUTES = 30
"""Nothing real may have happened to the operation so shortly before or after."""


@dataclass(frozen=True, slots=True)
class Slowdown:
    """One operation, ``factor`` times as slow in the minutes at positions ``[first, last)``."""

    row: int
    first: int
    last: int
    factor: float


def slowed(series: SeriesBatch, slowdowns: Sequence[Slowdown]) -> SeriesBatch:
    """The series with these slowdowns in them; calls and errors stay as they were, and the input too."""
    factors = np.ones((len(series.keys), series.length))
    for each in slowdowns:
        factors[each.row, each.first : each.last] *= each.factor
    metrics = {
        metric: values * factors if metric in _LATENCIES else values for metric, values in series.metrics.items()
    }
    return replace(series, metrics=metrics)


def eligible(series: SeriesBatch, real: Sequence[Anomaly], first: int, last: int) -> NDArray[np.bool_]:
    """The series (series,) with calls in the minutes ``[first, last)`` and nothing real around them."""
    calls = np.nan_to_num(series[Metric.CALLS][:, first:last])
    free: NDArray[np.bool_] = calls.mean(axis=1) >= LEAST_CALLS
    free &= bool(series.observed[first:last].all())
    place = {key: row for row, key in enumerate(series.keys)}
    for anomaly in real:
        begun = anomaly.onset - series.start_minute
        over = (anomaly.end or series.start_minute + series.length) - series.start_minute
        if begun < last + CLEAR_MINUTES and over > first - CLEAR_MINUTES:
            free[place[anomaly.key]] = False
    return free


def catches(found: Sequence[Anomaly], series: SeriesBatch, first: int, last: int) -> set[int]:
    """The rows for which one of these anomalies says slow in the minutes ``[first, last)``."""
    place = {key: row for row, key in enumerate(series.keys)}
    start = series.start_minute
    return {
        place[each.key]
        for each in found
        if each.kind in SLOW_KINDS and each.onset - start < last and (each.end is None or each.end - start > first)
    }
