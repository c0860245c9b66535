"""The seasonal naive model: today at this minute is like earlier days at this minute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import Forecast
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting.scaling import band, median_and_spread, noise_floor, to_model_scale, uncompared

Array = NDArray[np.float64]

MINUTES_PER_DAY = 1440
REACH_MINUTES = 7
"""Neighbours on either side of the same minute that count too: one value a day would be mostly noise."""

MOST_DAYS = 7
"""Older days say less about today than they cost."""


@dataclass(slots=True)
class SeasonalPredictor:
    """Forecasts by the median of the same minute, REACH_MINUTES around, of up to MOST_DAYS earlier days."""

    metric: Metric
    floors: dict[SeriesKey, float]
    name: str = "seasonal"

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        """See the port; NaN for minutes with less than a day of history, and beyond a day ahead."""
        values = to_model_scale(self.metric, series[self.metric])
        least = min(self.floors.values(), default=0.0)
        floor = np.array([self.floors.get(key, least) for key in series.keys])
        length = series.length + horizon_minutes
        middle, sigma = np.full((len(values), length), np.nan), np.full((len(values), length), np.nan)
        for minute in range(MINUTES_PER_DAY, length):
            middle[:, minute], spread = median_and_spread(_same_minute(values, minute))
            sigma[:, minute] = np.maximum(spread, floor)
        quantiles = band(self.metric, middle, sigma)
        verdicts = uncompared(self.name, len(series.keys))
        return Forecast(series.keys, self.metric, series.start_minute, series.length, quantiles, verdicts)


@dataclass(slots=True)
class SeasonalEstimator:
    """Learns only how noisy each series is; earlier days are looked up when predicting."""

    name: str = "seasonal"

    def fit(self, series: SeriesBatch, metric: Metric, *, seed: int) -> SeasonalPredictor:  # noqa: ARG002 - the port's seed; nothing here is random
        """See the port; any length is enough to learn from, and no forecast is given for the first day."""
        floors = dict(zip(series.keys, noise_floor(metric, series[metric]).tolist(), strict=True))
        return SeasonalPredictor(metric, floors)


def _same_minute(values: Float[Array, "series minute"], minute: int) -> Float[Array, "series sample"]:
    days = range(1, min(MOST_DAYS, minute // MINUTES_PER_DAY) + 1)
    first = [minute - MINUTES_PER_DAY * day - REACH_MINUTES for day in days]
    return np.concatenate([values[:, max(start, 0) : start + 2 * REACH_MINUTES + 1] for start in first], axis=1)
