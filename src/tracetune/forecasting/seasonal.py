"""The seasonal naive model: today at this minute is like earlier days at this minute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import QUANTILES, Forecast
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting.feedback import LEVEL_MINUTES
from tracetune.forecasting.following import Follower, Remembered, Rows, nothing, replay
from tracetune.forecasting.scaling import band, floors_of, median_and_spread, noise_floor, to_model_scale

Array = NDArray[np.float64]

MINUTES_PER_DAY = 1440
REACH_MINUTES = 7
"""Neighbours on either side of the same minute that count too: one value a day would be mostly noise."""

MOST_DAYS = 7
"""Older days say less about today than they cost."""

_MOST_MINUTES = (MOST_DAYS + 1) * MINUTES_PER_DAY  # the oldest neighbour lies REACH_MINUTES beyond MOST_DAYS


@dataclass(slots=True)
class SeasonalFollower(Remembered):
    """Up to MOST_DAYS of what was observed; it grows day by day, so that a short history takes little memory."""

    metric: Metric
    floor: Float[Array, " series"]
    past: Float[NDArray[np.float32], "series minute"]  # whole days; minute m lies at m modulo its length

    def step(self, values: Float[Array, " series"], calls: Float[Array, " series"]) -> Float[Array, "series quantile"]:  # noqa: ARG002 - a model without load
        """See ``Follower``; NaN on the first day."""
        seen = to_model_scale(self.metric, values)
        middle, sigma = self._expect(self.minute)
        self.admit(seen, middle, sigma)  # only for its moves: everything observed is remembered
        if self.minute == self.past.shape[1] and self.minute < _MOST_MINUTES:
            tomorrow = np.full((len(self.past), MINUTES_PER_DAY), np.nan, np.float32)
            self.past = np.concatenate([self.past, tomorrow], axis=1)
        self.past[:, self.minute % self.past.shape[1]] = seen
        self.minute += 1
        return band(self.metric, middle, sigma)

    def ahead(self, minutes: int) -> Float[Array, "series minute quantile"]:
        """See ``Follower``; NaN beyond a day."""
        if not minutes:
            return nothing(len(self.past), 0, len(QUANTILES))
        expected = [band(self.metric, *self._expect(self.minute + after)) for after in range(minutes)]
        return np.stack(expected, axis=1)

    def add(self, other: Follower) -> None:
        """See ``Follower``; a series that begins now has no earlier days, however many the others have."""
        added = other.state()
        width = self.past.shape[1] - added["past"].shape[1]
        added["past"] = np.pad(added["past"], ((0, 0), (0, width)), constant_values=np.nan)
        for name, values in added.items():
            setattr(self, name, np.concatenate([getattr(self, name), values]))

    def shift(self, rows: Rows, by: Float[Array, " row"]) -> None:
        """See ``Follower``."""
        self.past[rows] += by[:, None].astype(np.float32)

    def _expect(self, minute: int) -> tuple[Float[Array, " series"], Float[Array, " series"]]:
        days = range(1, min(MOST_DAYS, minute // MINUTES_PER_DAY) + 1)
        around = np.arange(-REACH_MINUTES, REACH_MINUTES + 1)
        at = np.concatenate([np.zeros(0, np.int64), *(minute - MINUTES_PER_DAY * day + around for day in days)])
        at = at[(at >= 0) & (at < self.minute)]  # beyond a day ahead, a part of the neighbours is still to come
        middle, spread = median_and_spread(self.past[:, at % self.past.shape[1]].astype(np.float64))
        return middle, np.maximum(spread, self.floor)


@dataclass(slots=True)
class SeasonalPredictor:
    """Forecasts by the median of the same minute, REACH_MINUTES around, of up to MOST_DAYS earlier days."""

    metric: Metric
    floors: dict[SeriesKey, float]
    name: str = "seasonal"

    def follow(self, keys: tuple[SeriesKey, ...], start_minute: int) -> SeasonalFollower:  # noqa: ARG002 - a day is a day
        """See ``Followed``."""
        past = np.full((len(keys), MINUTES_PER_DAY), np.nan, np.float32)
        return SeasonalFollower(
            minute=0,
            far=np.zeros(len(keys)),
            recent=nothing(len(keys), LEVEL_MINUTES),
            metric=self.metric,
            floor=floors_of(self.floors, keys),
            past=past,
        )

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        """See the port; NaN for minutes with less than a day of history, and beyond a day ahead."""
        follower = self.follow(series.keys, series.start_minute)
        return replay(follower, self.name, series, self.metric, horizon_minutes)


@dataclass(slots=True)
class SeasonalEstimator:
    """Learns only how noisy each series is; earlier days are looked up when predicting."""

    name: str = "seasonal"

    def fit(self, series: SeriesBatch, metric: Metric, *, seed: int) -> SeasonalPredictor:  # noqa: ARG002 - the port's seed; nothing here is random
        """See the port; any length is enough to learn from, and no forecast is given for the first day."""
        floors = dict(zip(series.keys, noise_floor(metric, series[metric]).tolist(), strict=True))
        return SeasonalPredictor(metric, floors)
