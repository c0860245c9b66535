"""One regression a series on harmonics of the day and the load of the minute, learned recursively, with a moving level."""

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
from tracetune.forecasting.scaling import band, floors_of, noise_floor, to_model_scale
from tracetune.forecasting.windows import GAP_MINUTES, LEAST_DAYS_FOR_CLOCK

Array = NDArray[np.float64]

START_MINUTES = 30
"""Forecasts are given once so many minutes of a series were learned."""

MEMORY = 1.0 - 1.0 / 2880.0
"""What is left of a minute's weight after each later one: two days count."""

LEVEL = 0.05
"""Gain of the level that the regression leaves over: about 20 minutes count."""

LOAD = 0.02
"""Gain of the usual load, from which a minute's load is measured."""

PRIOR = np.array([3.0, 0.5, 0.15, 0.2, 0.2, 0.1, 0.1])
"""How large each coefficient may be before anything was seen, on the logarithm of latency: the ridge.

Intercept, load and its square, then sine and cosine of the day and of half a day.
"""

_DAY = 1440
_CLOCK_FROM = LEAST_DAYS_FOR_CLOCK * _DAY  # switched on after one day, losses were 7 % above the trailing median's


@dataclass(slots=True)
class RegressionFollower(Remembered):
    """Coefficients and their uncertainty, and the minutes that wait inside the gap."""

    metric: Metric
    start_minute: int
    floor: Float[Array, " series"]
    coefficients: Float[Array, "series feature"]
    uncertainty: Float[Array, "series feature feature"]
    level: Float[Array, " series"]  # of what the regression leaves over
    spread: Float[Array, " series"]
    learned: Float[Array, " series"]  # number of minutes
    load: Float[Array, " series"]  # usual; NaN until calls were seen
    lightest: Float[Array, " series"]  # of the loads that were learned from, as distances from the usual one …
    heaviest: Float[Array, " series"]  # … a parabola says nothing beyond them
    waiting: Float[Array, "series gap"]
    shown: Float[Array, "series gap feature"]
    expected: Float[Array, "series gap"]

    def step(self, values: Float[Array, " series"], calls: Float[Array, " series"]) -> Float[Array, "series quantile"]:
        """See ``Follower``; NaN until START_MINUTES were learned."""
        slot = self.minute % GAP_MINUTES
        if self.minute >= GAP_MINUTES:
            self._learn(self.shown[:, slot], self.waiting[:, slot], self.expected[:, slot])
        features = self._features(calls, self.minute)
        middle = np.where(self.learned >= START_MINUTES, self._predict(self._within(features)), np.nan)
        seen = to_model_scale(self.metric, values)
        self.waiting[:, slot] = self.admit(seen, middle, self.spread)
        self.shown[:, slot], self.expected[:, slot] = features, middle
        self.minute += 1
        return band(self.metric, middle, self.spread)

    def ahead(self, minutes: int) -> Float[Array, "series minute quantile"]:
        """See ``Follower``; at the usual load, and less surely the further off."""
        unknown, count = nothing(len(self.level)), len(self.level)
        middle, sigma = nothing(count, minutes), nothing(count, minutes)
        for after in range(minutes):
            middle[:, after] = self._predict(self._features(unknown, self.minute + after))
            sigma[:, after] = self.spread * np.sqrt(max(after - GAP_MINUTES, 0) / GAP_MINUTES + 1.0)
        quantiles = band(self.metric, middle, sigma)
        return np.where((self.learned >= START_MINUTES)[:, None, None], quantiles, nothing(len(QUANTILES)))

    def shift(self, rows: Rows, by: Float[Array, " row"]) -> None:
        """See ``Follower``."""
        self.coefficients[rows, 0] += by
        self.waiting[rows] += by[:, None]
        self.expected[rows] += by[:, None]

    def _predict(self, features: Float[Array, "series feature"]) -> Float[Array, " series"]:
        predicted: Array = (features * self.coefficients).sum(axis=1) + self.level
        return predicted

    def _within(self, features: Float[Array, "series feature"]) -> Float[Array, "series feature"]:
        """The features at the nearest load that was learned from."""
        near = features.copy()
        near[:, 1] = np.clip(features[:, 1], self.lightest, self.heaviest)
        near[:, 2] = near[:, 1] ** 2
        return near

    def _features(self, calls: Float[Array, " series"], minute: int) -> Float[Array, "series feature"]:
        features = np.zeros((len(calls), len(PRIOR)))
        features[:, 0] = 1.0
        if self.metric is not Metric.CALLS:
            load = np.log1p(calls)
            self.load = np.where(np.isnan(self.load), load, self.load)
            features[:, 1] = np.clip(np.nan_to_num(load - self.load), -2.0, 2.0)
            features[:, 2] = features[:, 1] ** 2
            self.load = self.load + LOAD * np.nan_to_num(load - self.load)
        if minute >= _CLOCK_FROM:
            angle = 2.0 * np.pi * ((self.start_minute + minute) % _DAY) / _DAY
            features[:, 3:] = [np.sin(angle), np.cos(angle), np.sin(2.0 * angle), np.cos(2.0 * angle)]
        return features

    def _learn(
        self,
        features: Float[Array, "series feature"],
        values: Float[Array, " series"],
        expected: Float[Array, " series"],
    ) -> None:
        """One minute of recursive least squares for the series that were observed in it.

        Source: Ljung, Söderström, Theory and Practice of Recursive Identification (1983), equation 2.21; what the
        forgetting adds to an uncertainty is limited to what it was at first, or it would grow without end in quiet hours.
        """
        known = np.isfinite(values)
        error = np.where(known, values - (features * self.coefficients).sum(axis=1), 0.0)
        turned = np.einsum("sij,sj->si", self.uncertainty, features)
        gain = turned / (MEMORY + (turned * features).sum(axis=1))[:, None]
        narrowed = (self.uncertainty - gain[:, :, None] * turned[:, None, :]) / MEMORY
        most = (PRIOR / self.floor[:, None]) ** 2
        shrink = np.sqrt(np.minimum(most / np.einsum("sii->si", narrowed), 1.0))
        narrowed *= shrink[:, :, None] * shrink[:, None, :]
        self.uncertainty = np.where(known[:, None, None], narrowed, self.uncertainty)
        self.coefficients = self.coefficients + gain * error[:, None]
        left = np.where(known, values - (features * self.coefficients).sum(axis=1), self.level)
        self.level = self.level + LEVEL * (left - self.level)
        self.spread = track_spread(self.spread, values - expected, self.floor)
        self.learned = self.learned + known
        self.lightest = np.where(known, np.minimum(self.lightest, features[:, 1]), self.lightest)
        self.heaviest = np.where(known, np.maximum(self.heaviest, features[:, 1]), self.heaviest)


@dataclass(slots=True)
class RegressionPredictor:
    """Forecasts by the load of the minute itself and what was learned up to GAP_MINUTES before it."""

    metric: Metric
    floors: dict[SeriesKey, float]
    name: str = "regression"

    def follow(self, keys: tuple[SeriesKey, ...], start_minute: int) -> RegressionFollower:
        """See ``Followed``."""
        floor, count = floors_of(self.floors, keys), len(keys)
        return RegressionFollower(
            minute=0,
            far=np.zeros(count),
            recent=nothing(count, LEVEL_MINUTES),
            metric=self.metric,
            start_minute=start_minute,
            floor=floor,
            coefficients=np.zeros((count, len(PRIOR))),
            uncertainty=np.eye(len(PRIOR)) * ((PRIOR / floor[:, None]) ** 2)[:, None, :],
            level=np.zeros(count),
            spread=FIRST_SPREAD * floor,
            learned=np.zeros(count),
            load=nothing(count),
            lightest=np.zeros(count),
            heaviest=np.zeros(count),
            waiting=nothing(count, GAP_MINUTES),
            shown=np.zeros((count, GAP_MINUTES, len(PRIOR))),
            expected=nothing(count, GAP_MINUTES),
        )

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        """See the port."""
        follower = self.follow(series.keys, series.start_minute)
        return replay(follower, self.name, series, self.metric, horizon_minutes)


@dataclass(slots=True)
class RegressionEstimator:
    """Learns only how noisy each series is; the coefficients are followed when predicting."""

    name: str = "regression"

    def fit(self, series: SeriesBatch, metric: Metric, *, seed: int) -> RegressionPredictor:  # noqa: ARG002 - the port's seed; nothing here is random
        """See the port.

        Raises:
            NotEnoughData: where the gap leaves too few minutes to learn from.
        """
        if series.length <= START_MINUTES + GAP_MINUTES:
            raise NotEnoughData(
                f"{series.length} minutes are too few for the regression",
                hint=f"give more than {START_MINUTES + GAP_MINUTES} minutes of traces",
            )
        floors = dict(zip(series.keys, noise_floor(metric, series[metric]).tolist(), strict=True))
        return RegressionPredictor(metric, floors)
