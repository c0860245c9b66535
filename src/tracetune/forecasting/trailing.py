"""The trailing median: what an operation did half an hour ago is what it does now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import Forecast
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import NotEnoughData
from tracetune.forecasting.feedback import FIRST_SPREAD, Feedback, track_spread
from tracetune.forecasting.scaling import (
    LEAST_OBSERVED,
    band,
    median_and_spread,
    noise_floor,
    to_model_scale,
    uncompared,
)
from tracetune.forecasting.windows import GAP_MINUTES

Array = NDArray[np.float64]

WINDOW_MINUTES = 30
"""The newest half hour that the gap leaves."""


@dataclass(slots=True)
class TrailingMedianPredictor:
    """Forecasts by the median of WINDOW_MINUTES that ended GAP_MINUTES ago, with the spread met in them."""

    metric: Metric
    floors: dict[SeriesKey, float]
    name: str = "trailing_median"

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        """See the port; a minute to come is expected to be like the last WINDOW_MINUTES, and less surely the further off."""
        values = to_model_scale(self.metric, series[self.metric])
        least = min(self.floors.values(), default=0.0)
        floor = np.array([self.floors.get(key, least) for key in series.keys])
        middle, sigma = _past(values, floor)
        ahead = np.arange(horizon_minutes)
        # A random walk's error grows with the root of the distance; inside the gap it is what was measured at the gap.
        growth = np.sqrt(np.maximum(ahead - GAP_MINUTES, 0) / GAP_MINUTES + 1.0)
        last_middle, last_spread = median_and_spread(values[:, -WINDOW_MINUTES:])
        last_sigma = np.fmax(last_spread, sigma[:, -1])
        quantiles = np.concatenate(
            [
                band(self.metric, middle, sigma),
                band(self.metric, np.repeat(last_middle[:, None], len(ahead), axis=1), last_sigma[:, None] * growth),
            ],
            axis=1,
        )
        verdicts = uncompared(self.name, len(series.keys))
        return Forecast(series.keys, self.metric, series.start_minute, series.length, quantiles, verdicts)


@dataclass(slots=True)
class TrailingMedianEstimator:
    """Learns only how noisy each series is; the median itself needs no training."""

    name: str = "trailing_median"

    def fit(self, series: SeriesBatch, metric: Metric, *, seed: int) -> TrailingMedianPredictor:  # noqa: ARG002 - the port's seed; nothing here is random
        """See the port.

        Raises:
            NotEnoughData: where there are too few minutes for one window behind the gap.
        """
        if series.length < GAP_MINUTES + LEAST_OBSERVED:
            raise NotEnoughData(
                f"{series.length} minutes are too few for a trailing median",
                hint=f"give at least {GAP_MINUTES + LEAST_OBSERVED} minutes of traces",
            )
        floors = dict(zip(series.keys, noise_floor(metric, series[metric]).tolist(), strict=True))
        return TrailingMedianPredictor(metric, floors)


def _past(
    values: Float[Array, "series minute"], floor: Float[Array, " series"]
) -> tuple[Float[Array, "series minute"], Float[Array, "series minute"]]:
    """Middle and spread of each minute.

    The spread is the larger of that in the window and of how far off forecasts were lately: a level that wanders is
    steady inside a window, and yet elsewhere after the gap.
    """
    kept = values.copy()  # what later windows see
    feedback = Feedback(len(values))
    tracked = FIRST_SPREAD * floor
    middle, sigma = np.full_like(values, np.nan), np.full_like(values, np.nan)
    for minute in range(GAP_MINUTES, values.shape[1]):
        last = minute - GAP_MINUTES
        tracked = track_spread(tracked, kept[:, last] - middle[:, last], floor)
        centre, spread = median_and_spread(kept[:, max(last - WINDOW_MINUTES + 1, 0) : last + 1])
        width = np.maximum(spread, tracked)
        middle[:, minute], sigma[:, minute] = centre, width
        kept[:, minute] = feedback.admit(values[:, minute], centre, width)
    return middle, sigma
