"""Levels with a memory of half an hour, two hours and eight hours, each as robust as a median, and their mean."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import Forecast
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import NotEnoughData
from tracetune.forecasting.feedback import FIRST_SPREAD, LEVEL_MINUTES, track_spread
from tracetune.forecasting.following import Remembered, Rows, nothing, replay
from tracetune.forecasting.scaling import band, floors_of, median_and_spread, noise_floor, to_model_scale
from tracetune.forecasting.windows import GAP_MINUTES

Array = NDArray[np.float64]

MEMORIES = np.array([30.0, 120.0, 480.0])
"""Minutes that count in each level. Their plain mean, because weights fitted to past errors were no better on three scales and
are one more thing to go wrong (docs/experiments/LOG.md).

Source: Bates, Granger, The Combination of Forecasts (1969).
"""

START_MINUTES = 15
"""The first levels are the median of so many minutes of a series."""

EDGE = 0.1
"""A minute moves a level by its distance up to so many spreads and no further: nearly the sign alone, which makes it a median."""

_INSIDE = 0.0797  # a normal value lies this often within EDGE spreads: what a level's step is divided by


@dataclass(slots=True)
class LevelsFollower(Remembered):
    """The levels, and the minutes that wait inside the gap."""

    metric: Metric
    floor: Float[Array, " series"]
    first: Float[Array, "series start"]  # the newest minutes of a series without levels, newest last
    levels: Float[Array, "series memory"]
    learned: Float[Array, " series"]  # number of minutes
    spread: Float[Array, " series"]  # of the errors made lately across the gap
    waiting: Float[Array, "series gap"]
    expected: Float[Array, "series gap"]

    def step(self, values: Float[Array, " series"], calls: Float[Array, " series"]) -> Float[Array, "series quantile"]:  # noqa: ARG002 - a model without load
        """See ``Follower``; NaN until START_MINUTES of a series are older than the gap."""
        seen, slot = to_model_scale(self.metric, values), self.minute % GAP_MINUTES
        if self.minute >= GAP_MINUTES:
            last = self.waiting[:, slot]
            self.spread = track_spread(self.spread, last - self.expected[:, slot], self.floor)
            self.learn(last)
        centre = self.levels.mean(axis=1)
        self.waiting[:, slot], self.expected[:, slot] = self.admit(seen, centre, self.spread), centre
        self.minute += 1
        return band(self.metric, centre, self.spread)

    def ahead(self, minutes: int) -> Float[Array, "series minute quantile"]:
        """See ``Follower``; like the newest levels, those of the gap's minutes too, and less surely the further off."""
        later = deepcopy(self)
        for waited in range(min(self.minute, GAP_MINUTES), 0, -1):
            later.learn(self.waiting[:, (self.minute - waited) % GAP_MINUTES])
        growth = np.sqrt(np.maximum(np.arange(minutes) - GAP_MINUTES, 0) / GAP_MINUTES + 1.0)
        middle = np.repeat(later.levels.mean(axis=1)[:, None], minutes, axis=1)
        return band(self.metric, middle, self.spread[:, None] * growth)

    def shift(self, rows: Rows, by: Float[Array, " row"]) -> None:
        """See ``Follower``."""
        for held in (self.first, self.levels, self.waiting, self.expected):
            held[rows] += by[:, None]

    def learn(self, values: Float[Array, " series"]) -> None:
        """Move each level towards the minute, by 1 / minutes until its memory is full; what was not observed moves nothing.

        Source: Robbins, Monro, A Stochastic Approximation Method (1951), section 5, example 1, for the quantile of 1/2;
        Huber, Robust Estimation of a Location Parameter (1964), for the edge.
        """
        known = np.isfinite(values)
        self.learned = self.learned + known
        pace = np.maximum(1.0 / MEMORIES, 1.0 / np.maximum(self.learned, 1.0)[:, None])
        away = np.nan_to_num((values[:, None] - self.levels) / self.spread[:, None])
        self.levels = self.levels + pace * self.spread[:, None] * np.clip(away, -EDGE, EDGE) / _INSIDE
        rows = np.flatnonzero(known & np.isnan(self.levels[:, 0]))
        if len(rows):
            self.first[rows] = np.concatenate([self.first[rows, 1:], values[rows, None]], axis=1)
            full = rows[np.isfinite(self.first[rows, 0])]
            self.levels[full] = median_and_spread(self.first[full])[0][:, None]


@dataclass(slots=True)
class LevelsPredictor:
    """Forecasts by the mean of three levels as they were GAP_MINUTES ago, with the spread of the errors made across the gap."""

    metric: Metric
    floors: dict[SeriesKey, float]
    name: str = "levels"

    def follow(self, keys: tuple[SeriesKey, ...], start_minute: int) -> LevelsFollower:  # noqa: ARG002 - no clock
        """See ``Followed``."""
        floor, count = floors_of(self.floors, keys), len(keys)
        return LevelsFollower(
            minute=0,
            far=np.zeros(count),
            recent=nothing(count, LEVEL_MINUTES),
            metric=self.metric,
            floor=floor,
            first=nothing(count, START_MINUTES),
            levels=nothing(count, len(MEMORIES)),
            learned=np.zeros(count),
            spread=FIRST_SPREAD * floor,
            waiting=nothing(count, GAP_MINUTES),
            expected=nothing(count, GAP_MINUTES),
        )

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        """See the port."""
        follower = self.follow(series.keys, series.start_minute)
        return replay(follower, self.name, series, self.metric, horizon_minutes)


@dataclass(slots=True)
class LevelsEstimator:
    """Learns only how noisy each series is; the levels are followed when predicting."""

    name: str = "levels"

    def fit(self, series: SeriesBatch, metric: Metric, *, seed: int) -> LevelsPredictor:  # noqa: ARG002 - the port's seed; nothing here is random
        """See the port.

        Raises:
            NotEnoughData: where the first levels and the gap already fill the history.
        """
        if series.length <= START_MINUTES + GAP_MINUTES:
            raise NotEnoughData(
                f"{series.length} minutes are too few for levels over hours",
                hint=f"give more than {START_MINUTES + GAP_MINUTES} minutes of traces",
            )
        floors = dict(zip(series.keys, noise_floor(metric, series[metric]).tolist(), strict=True))
        return LevelsPredictor(metric, floors)
