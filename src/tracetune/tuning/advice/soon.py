"""The load of the next minutes: what was just seen, where it is heading, and the change that the forecast sees coming."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.analysis import Learned
from tracetune.domain.forecasts import MIDDLE, QUANTILES
from tracetune.domain.series import Metric

Floats = NDArray[np.float64]

P90 = QUANTILES.index(0.9)

AHEAD_MINUTES = 10
"""So far the forecast counts: a pod takes a minute to start, and an autoscaler gives one up only after five."""

DELAY_MINUTES = 2.0
"""From the middle of the newest minute to the middle of the one in which replicas that it asks for serve."""

TREND_MINUTES = 5

SURE = 2.0
"""A slope counts beyond so many standard errors."""


def soon_calls_per_second(service_name: str, learned: Learned) -> float:
    """Calls a second that a service is to be ready for now; NaN where no minute of it was observed lately.

    The larger of two:

    - the newest minute, with a rise that is sure continued for DELAY_MINUTES;
    - the load of the last TREND_MINUTES times the change that the forecast sees in the next AHEAD_MINUTES, the highest
      median over the median of those minutes, and no more than the highest 90th percentile. A forecast counts by its
      change and not by its level, because after an hour that no model knew its level is wrong for long, and its bands
      are wide.
    """
    rows = [row for row, key in enumerate(learned.series.keys) if key.service_name == service_name]
    calls = np.nansum(learned.series[Metric.CALLS][rows], axis=0) / 60
    calls = np.where(learned.series.observed, calls, np.nan)
    seen = _heading(calls[-TREND_MINUTES:])
    return max(seen, _forecast(service_name, learned, calls)) if math.isfinite(seen) else math.nan


def _heading(lately: Floats) -> float:
    """Where the load of these minutes goes, a line being drawn through them; noise is at least that of chance."""
    known = np.flatnonzero(~np.isnan(lately))
    if not len(known):
        return math.nan
    newest = float(lately[known[-1]])
    if len(known) < TREND_MINUTES:
        return newest
    away = known - known.mean()
    spread = float(away @ away)
    slope = float(away @ lately) / spread
    residual = lately - lately.mean() - slope * away
    by_chance = lately.mean() / 60  # a minute's calls are Poisson at best, and this is their rate a second
    error = math.sqrt(max(float(residual @ residual) / (len(known) - 2), by_chance) / spread)
    return newest + slope * DELAY_MINUTES if slope > SURE * error else newest


def _forecast(service_name: str, learned: Learned, calls: Floats) -> float:
    forecast = learned.forecasts.get(Metric.CALLS)
    if forecast is None or forecast.values.shape[1] <= forecast.cutoff:
        return 0.0
    rows = [row for row, key in enumerate(forecast.keys) if key.service_name == service_name]
    ahead = forecast.values[rows, forecast.cutoff : forecast.cutoff + AHEAD_MINUTES]  # (series, minute, quantile)
    first = max(forecast.cutoff - TREND_MINUTES, 0)
    behind = forecast.values[rows, first : forecast.cutoff]
    # column m of both is of the same minute: a forecast begins with the series that it was made from
    seen = calls[first : forecast.cutoff]
    expected = np.nansum(behind[..., MIDDLE], axis=0)[: len(seen)] / 60
    both = np.isfinite(seen) & (expected > 0)
    most = float(np.nansum(ahead[..., P90], axis=0).max(initial=0.0)) / 60
    if not both.any():
        return most
    coming = float(np.nansum(ahead[..., MIDDLE], axis=0).max(initial=0.0)) / 60
    return min(float(seen[both].mean()) * coming / float(expected[both].mean()), most)
