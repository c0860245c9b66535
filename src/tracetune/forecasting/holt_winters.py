"""Robust exponential smoothing: a level, a damped trend and, from the second day on, a daily profile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import QUANTILES, Forecast
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import NotEnoughData
from tracetune.forecasting.feedback import FIRST_SPREAD, LEVEL_MINUTES, track_spread
from tracetune.forecasting.following import Remembered, Rows, nothing, replay
from tracetune.forecasting.scaling import band, floors_of, median_and_spread, noise_floor, to_model_scale
from tracetune.forecasting.windows import GAP_MINUTES

Array = NDArray[np.float64]

START_MINUTES = 15
"""The first level is the median of so many minutes."""

LEVEL, TREND, DAMPING = 0.05, 0.0005, 0.99
"""Gains of level and trend, and what is left of the trend after each minute.

A level gain of .05 averages over about 20 minutes; the trend is slow enough (TREND < LEVEL² / 4) not to swing.
"""

PROFILE = 0.3
"""Weight of the newest day in the daily profile."""

_MINUTES_PER_DAY = 1440
_PROFILE_MINUTES = 31  # the daily profile is smoothed over so many minutes: one day says little about one minute


@dataclass(slots=True)
class HoltWintersFollower(Remembered):
    """Level, trend, spread and daily profile of all series, and the forecasts that the gap still covers."""

    metric: Metric
    floor: Float[Array, " series"]
    first: Float[Array, "series start"]  # START_MINUTES, for the first level
    level: Float[Array, " series"]
    trend: Float[Array, " series"]
    sigma: Float[Array, " series"]  # one minute ahead
    off: Float[Array, " series"]  # GAP_MINUTES ahead
    profile: Float[Array, "series day_minute"]
    today: Float[Array, "series day_minute"]
    expected: Float[Array, "series gap"]  # GAP_MINUTES that were forecast and are still to come
    doubted: Float[Array, "series gap"]  # their spreads

    def step(self, values: Float[Array, " series"], calls: Float[Array, " series"]) -> Float[Array, "series quantile"]:  # noqa: ARG002 - a model without load
        """See ``Follower``; NaN for the first START_MINUTES + GAP_MINUTES."""
        seen, slot = to_model_scale(self.metric, values), self.minute % GAP_MINUTES
        middle, sigma = self.expected[:, slot].copy(), self.doubted[:, slot].copy()
        if self.minute < START_MINUTES:
            self.first[:, self.minute] = seen
        else:
            if self.minute == START_MINUTES:
                self.level, spread = median_and_spread(self.first)
                self.sigma = np.fmax(spread, self.floor)
                self.off = FIRST_SPREAD * self.sigma  # followed like the spread of one minute
            self.level = np.where(np.isnan(self.level), seen, self.level)  # a series that begins later
            counted = self._learn(seen)
            self.off = track_spread(self.off, counted - middle, self.sigma)
            self.expected[:, slot], self.doubted[:, slot] = self._expect(self.minute, GAP_MINUTES), self.off
        self.minute += 1
        return band(self.metric, middle, sigma)

    def ahead(self, minutes: int) -> Float[Array, "series minute quantile"]:
        """See ``Follower``."""
        after = range(1, minutes + 1)
        if not minutes or self.minute <= START_MINUTES:
            return nothing(len(self.level), minutes, len(QUANTILES))
        middle = np.stack([self._expect(self.minute - 1, each) for each in after], axis=1)
        sigma = np.stack([_spread_ahead(self.sigma, self.off, each) for each in after], axis=1)
        return band(self.metric, middle, sigma)

    def shift(self, rows: Rows, by: Float[Array, " row"]) -> None:
        """See ``Follower``; the profile is a difference from the level, and stays."""
        self.level[rows] += by
        self.first[rows] += by[:, None]
        self.today[rows] += by[:, None]
        self.expected[rows] += by[:, None]

    def _expect(self, minute: int, ahead: int) -> Float[Array, " series"]:
        """What is expected ``ahead`` minutes after ``minute``, the last that was learned."""
        drift = DAMPING * (1.0 - DAMPING**ahead) / (1.0 - DAMPING)
        return self.level + drift * self.trend + self.profile[:, (minute + ahead) % _MINUTES_PER_DAY]

    def _learn(self, values: Float[Array, " series"]) -> Float[Array, " series"]:
        """Move towards what was observed, as far as it may count; unobserved series drift along their trend."""
        if self.minute % _MINUTES_PER_DAY == 0:
            self._turn_day()
        expected = self._expect(self.minute - 1, 1)
        level = self.level.copy()
        counted = self.admit(values, expected, self.sigma)
        surprise = counted - expected - (self.level - level)  # a level that has just moved is no surprise
        clipped = np.nan_to_num(surprise)
        self.level = self.level + DAMPING * self.trend + LEVEL * clipped
        self.trend = DAMPING * self.trend + TREND * clipped
        self.sigma = track_spread(self.sigma, surprise, self.floor)
        self.today[:, self.minute % _MINUTES_PER_DAY] = counted
        return counted

    def _turn_day(self) -> None:
        weight = 1.0 if self.minute == _MINUTES_PER_DAY else PROFILE
        shape = _smooth(self.today)
        updated = np.where(np.isnan(shape), self.profile, (1.0 - weight) * self.profile + weight * shape)
        self.level = self.level + self.profile[:, -1] - updated[:, -1]
        self.trend = np.zeros_like(self.trend)  # the profile holds the daily slope from now on
        self.profile = updated
        self.today = np.full_like(self.profile, np.nan)


@dataclass(slots=True)
class HoltWintersPredictor:
    """Forecasts GAP_MINUTES ahead inside the history, and 1, 2, 3 … minutes ahead after it."""

    metric: Metric
    floors: dict[SeriesKey, float]
    name: str = "holt_winters"

    def follow(self, keys: tuple[SeriesKey, ...], start_minute: int) -> HoltWintersFollower:  # noqa: ARG002 - the day begins with the history
        """See ``Followed``."""
        floor, count = floors_of(self.floors, keys), len(keys)
        return HoltWintersFollower(
            minute=0,
            far=np.zeros(count),
            recent=nothing(count, LEVEL_MINUTES),
            metric=self.metric,
            floor=floor,
            first=nothing(count, START_MINUTES),
            level=nothing(count),
            trend=np.zeros(count),
            sigma=floor.copy(),
            off=FIRST_SPREAD * floor,
            profile=np.zeros((count, _MINUTES_PER_DAY)),
            today=nothing(count, _MINUTES_PER_DAY),
            expected=nothing(count, GAP_MINUTES),
            doubted=nothing(count, GAP_MINUTES),
        )

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        """See the port."""
        follower = self.follow(series.keys, series.start_minute)
        return replay(follower, self.name, series, self.metric, horizon_minutes)


@dataclass(slots=True)
class HoltWintersEstimator:
    """Learns only how noisy each series is; level, trend and profile are followed when predicting."""

    name: str = "holt_winters"

    def fit(self, series: SeriesBatch, metric: Metric, *, seed: int) -> HoltWintersPredictor:  # noqa: ARG002 - the port's seed; nothing here is random
        """See the port.

        Raises:
            NotEnoughData: where the first level and the gap already fill the history.
        """
        if series.length <= START_MINUTES + GAP_MINUTES:
            raise NotEnoughData(
                f"{series.length} minutes are too few for exponential smoothing",
                hint=f"give more than {START_MINUTES + GAP_MINUTES} minutes of traces",
            )
        floors = dict(zip(series.keys, noise_floor(metric, series[metric]).tolist(), strict=True))
        return HoltWintersPredictor(metric, floors)


def _spread_ahead(one: Float[Array, " series"], at_gap: Float[Array, " series"], ahead: int) -> Float[Array, " series"]:
    """The spread so many minutes ahead: the variance grows evenly, through what was met at one minute and at the gap."""
    growth = (at_gap**2 - one**2) / (GAP_MINUTES - 1)
    return np.sqrt(one**2 + growth * (ahead - 1))


def _smooth(day: Float[Array, "series day_minute"]) -> Float[Array, "series day_minute"]:
    """A day's deviation from its own mean, averaged around the clock; NaN where nothing near was observed."""
    seen = np.isfinite(day)
    half = _PROFILE_MINUTES // 2
    around = np.concatenate([day[:, -half:], day, day[:, :half]], axis=1)
    total = np.cumsum(np.pad(np.nan_to_num(around), ((0, 0), (1, 0))), axis=1)
    count = np.cumsum(np.pad(np.isfinite(around).astype(np.float64), ((0, 0), (1, 0))), axis=1)
    near = count[:, _PROFILE_MINUTES:] - count[:, :-_PROFILE_MINUTES]
    mean = np.where(seen.any(axis=1), np.nan_to_num(day).sum(axis=1) / np.maximum(seen.sum(axis=1), 1), 0.0)
    smooth = (total[:, _PROFILE_MINUTES:] - total[:, :-_PROFILE_MINUTES]) / np.maximum(near, 1.0)
    return np.where(near > 0, smooth - mean[:, None], np.nan)
