"""Robust exponential smoothing: a level, a damped trend and, from the second day on, a daily profile."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import Forecast
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import NotEnoughData
from tracetune.forecasting.feedback import FIRST_SPREAD, Feedback, track_spread
from tracetune.forecasting.scaling import band, median_and_spread, noise_floor, to_model_scale, uncompared
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
class _State:
    """Level, trend, spread and daily profile of all series after some minute."""

    level: Float[Array, " series"]
    trend: Float[Array, " series"]
    sigma: Float[Array, " series"]
    floor: Float[Array, " series"]
    profile: Float[Array, "series day_minute"]
    today: Float[Array, "series day_minute"] = field(init=False)
    feedback: Feedback = field(init=False)

    def __post_init__(self) -> None:
        self.today = np.full_like(self.profile, np.nan)
        self.feedback = Feedback(len(self.level))

    def expect(self, minute: int, ahead: int) -> Float[Array, " series"]:
        """What is expected ``ahead`` minutes after ``minute``."""
        drift = DAMPING * (1.0 - DAMPING**ahead) / (1.0 - DAMPING)
        return self.level + drift * self.trend + self.profile[:, (minute + ahead) % _MINUTES_PER_DAY]

    def learn(self, minute: int, values: Float[Array, " series"]) -> Float[Array, " series"]:
        """Move towards what was observed in ``minute``, as far as it may count; unobserved series drift along their trend."""
        if minute and minute % _MINUTES_PER_DAY == 0:
            self._turn_day(minute)
        expected = self.expect(minute - 1, 1)
        surprise = self.feedback.admit(values, expected, self.sigma) - expected
        clipped = np.nan_to_num(surprise)
        self.level = self.level + DAMPING * self.trend + LEVEL * clipped
        self.trend = DAMPING * self.trend + TREND * clipped
        self.sigma = track_spread(self.sigma, surprise, self.floor)
        self.today[:, minute % _MINUTES_PER_DAY] = expected + surprise
        return expected + surprise

    def _turn_day(self, minute: int) -> None:
        weight = 1.0 if minute == _MINUTES_PER_DAY else PROFILE
        shape = _smooth(self.today)
        updated = np.where(np.isnan(shape), self.profile, (1.0 - weight) * self.profile + weight * shape)
        slot = minute % _MINUTES_PER_DAY
        self.level = self.level + self.profile[:, slot - 1] - updated[:, slot - 1]
        self.trend = np.zeros_like(self.trend)  # the profile holds the daily slope from now on
        self.profile = updated
        self.today = np.full_like(self.profile, np.nan)


@dataclass(slots=True)
class HoltWintersPredictor:
    """Forecasts GAP_MINUTES ahead inside the history, and 1, 2, 3 … minutes ahead after it."""

    metric: Metric
    floors: dict[SeriesKey, float]
    name: str = "holt_winters"

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        """See the port; NaN for the first START_MINUTES + GAP_MINUTES."""
        values = to_model_scale(self.metric, series[self.metric])
        least = min(self.floors.values(), default=0.0)
        floor = np.array([self.floors.get(key, least) for key in series.keys])
        length = series.length + horizon_minutes
        middle, sigma = np.full((len(values), length), np.nan), np.full((len(values), length), np.nan)
        level, spread = median_and_spread(values[:, :START_MINUTES])
        flat = np.zeros((len(values), _MINUTES_PER_DAY))
        state = _State(level, np.zeros(len(values)), np.fmax(spread, floor), floor, flat)
        off = (
            FIRST_SPREAD * state.sigma
        )  # how far off a forecast is GAP_MINUTES ahead, followed like the spread of one minute
        for minute in range(START_MINUTES, series.length):
            state.level = np.where(np.isnan(state.level), values[:, minute], state.level)  # a series that begins later
            counted = state.learn(minute, values[:, minute])
            off = track_spread(off, counted - middle[:, minute], state.sigma)
            if minute + GAP_MINUTES < length:
                middle[:, minute + GAP_MINUTES] = state.expect(minute, GAP_MINUTES)
                sigma[:, minute + GAP_MINUTES] = off
        for ahead in range(1, horizon_minutes + 1):
            middle[:, series.length - 1 + ahead] = state.expect(series.length - 1, ahead)
            sigma[:, series.length - 1 + ahead] = _spread_ahead(state.sigma, off, ahead)
        verdicts = uncompared(self.name, len(series.keys))
        quantiles = band(self.metric, middle, sigma)
        return Forecast(series.keys, self.metric, series.start_minute, series.length, quantiles, verdicts)


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
