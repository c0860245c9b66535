"""A trained network at work: minute by minute over all series, with its own expectations limiting what it is fed."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import LOWER, MIDDLE, QUANTILES, UPPER, Forecast
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting.cell import State, Weights, step
from tracetune.forecasting.feedback import LEVEL_MINUTES
from tracetune.forecasting.following import Remembered, Rows, nothing, replay
from tracetune.forecasting.scaling import NORMAL_QUANTILES, from_model_scale, location_and_scale, to_model_scale
from tracetune.forecasting.windows import (
    GAP_MINUTES,
    LATENCIES,
    LATENCY_LIMIT,
    LEVEL_UNIT,
    MINUTES_PER_DAY,
    REACH_MINUTES,
    Scales,
    running_mean,
    stack_features,
)

Array = NDArray[np.float64]
Single = NDArray[np.float32]

WARM_UP_MINUTES = 2 * GAP_MINUTES
"""The network's first answers know almost nothing; they are not given."""

SCALE_MINUTES = 30
"""A series that training did not see gets its place and spread from so many of its own minutes."""

_BAND_SIGMAS = float(NORMAL_QUANTILES[UPPER] - NORMAL_QUANTILES[LOWER])


@dataclass(slots=True)
class LstmFollower(Remembered):
    """The network's state, and of the past what its features need; latencies are kept as logarithms."""

    weights: Weights
    metric: Metric
    start_minute: int
    knows_clock: bool
    location: Float[Array, " series"]  # NaN until known
    scale: Float[Array, " series"]
    calls_location: Float[Array, " series"]
    calls_scale: Float[Array, " series"]
    age: Float[Array, " series"]  # minutes followed on this scale
    hidden: Float[Single, "series hidden"]
    memory: Float[Single, "series hidden"]
    waiting: Float[Array, "series gap"]  # GAP_MINUTES as the network will see them
    calls_before: Float[Array, " series"]
    days: Float[Single, "series day_minute"]  # running mean of earlier days; minutes enter when the gap is over
    first: Float[
        Array, "series start"
    ]  # SCALE_MINUTES of latency and of calls, newest last, where the scale is unknown
    first_calls: Float[Array, "series start"]

    def step(self, values: Float[Array, " series"], calls: Float[Array, " series"]) -> Float[Array, "series quantile"]:
        """See ``Follower``; NaN in the first WARM_UP_MINUTES of a series on its scale."""
        seen, level = to_model_scale(self.metric, values), np.log1p(calls)
        slot = self.minute % GAP_MINUTES
        if self.minute >= GAP_MINUTES:
            past = (self.minute - GAP_MINUTES) % MINUTES_PER_DAY
            self.days[:, past] = running_mean(self.days[:, past].astype(np.float64), self.waiting[:, slot])
        known = np.isfinite(self.location)
        scaled, state = step(self.weights, self._features(level), State(self.hidden, self.memory))
        # A series without a scale has shown the network nothing: it begins empty when the scale is known.
        self.hidden, self.memory = (
            np.where(known[:, None], part, np.float32(0.0)) for part in (state.hidden, state.memory)
        )
        quantiles = self.location[:, None] + self.scale[:, None] * scaled
        sigma = (quantiles[:, UPPER] - quantiles[:, LOWER]) / _BAND_SIGMAS
        self.waiting[:, slot] = self.admit(seen, quantiles[:, MIDDLE], sigma)
        self.calls_before = level
        quantiles[self.age < WARM_UP_MINUTES] = np.nan
        self.age += known
        self._find_scales(seen, level, ~known)
        self.minute += 1
        return from_model_scale(self.metric, quantiles)

    def ahead(self, minutes: int) -> Float[Array, "series minute quantile"]:
        """See ``Follower``; the network goes on without calls and, beyond the gap, without latency."""
        unknown = nothing(len(self.location))
        later = deepcopy(self)
        quantiles = nothing(len(self.location), minutes, len(QUANTILES))
        for after in range(minutes):
            quantiles[:, after] = later.step(unknown, unknown)
        return quantiles

    def shift(self, rows: Rows, by: Float[Array, " row"]) -> None:
        """See ``Follower``; place and past move together, so that the network sees no difference."""
        self.location[rows] += by
        self.waiting[rows] += by[:, None]
        self.first[rows] += by[:, None]
        self.days[rows] += by[:, None].astype(np.float32)

    def _features(self, level: Float[Array, " series"]) -> Float[Single, "series feature"]:
        of_day = (self.start_minute + self.minute) % MINUTES_PER_DAY
        return stack_features(
            before_gap=(self.waiting[:, self.minute % GAP_MINUTES] - self.location) / self.scale,
            calls=(level - self.calls_location) / self.calls_scale,
            level=level / LEVEL_UNIT,
            minute_before=(self.calls_before - self.calls_location) / self.calls_scale,
            other_days=self._other_days(),
            angle=np.asarray(2.0 * np.pi * of_day / MINUTES_PER_DAY),
            knows_clock=self.knows_clock,
            is_p95=np.asarray(self.metric is LATENCIES[1]),
            log_scale=np.log(self.scale),
        )

    def _other_days(self) -> Float[Array, " series"]:
        if self.minute + REACH_MINUTES < MINUTES_PER_DAY:
            return nothing(len(self.location))
        near = np.arange(self.minute - REACH_MINUTES, self.minute + REACH_MINUTES + 1) % MINUTES_PER_DAY
        values = (self.days[:, near] - self.location[:, None]) / self.scale[:, None]
        known = np.isfinite(values)
        total = np.where(known, np.clip(values, -LATENCY_LIMIT, LATENCY_LIMIT), 0.0).sum(axis=1)
        with np.errstate(invalid="ignore"):
            mean: Array = total / known.sum(axis=1)
        return mean

    def _find_scales(
        self, seen: Float[Array, " series"], level: Float[Array, " series"], unknown: NDArray[np.bool_]
    ) -> None:
        """Keep the observed minutes of series without a scale; the last of SCALE_MINUTES decides it."""
        rows = np.flatnonzero(unknown & np.isfinite(seen))
        if not len(rows):
            return
        for held, newest in ((self.first, seen), (self.first_calls, level)):
            held[rows] = np.concatenate([held[rows, 1:], newest[rows, None]], axis=1)
        full = rows[np.isfinite(self.first[rows, 0])]
        if len(full):
            self.location[full], self.scale[full] = location_and_scale(self.first[full])
            self.calls_location[full], self.calls_scale[full] = location_and_scale(self.first_calls[full])


@dataclass(slots=True)
class LstmPredictor:
    """Weights and scales, for one of the two latencies."""

    weights: Weights
    scales: Scales
    metric: Metric
    name: str = "lstm"

    def follow(self, keys: tuple[SeriesKey, ...], start_minute: int) -> LstmFollower:
        """See ``Followed``."""
        scales, count = self.scales.for_keys(keys), len(keys)
        metric = LATENCIES.index(self.metric)
        state = State.first(count, self.weights)
        return LstmFollower(
            minute=0,
            far=np.zeros(count),
            recent=nothing(count, LEVEL_MINUTES),
            weights=self.weights,
            metric=self.metric,
            start_minute=start_minute,
            knows_clock=scales.knows_clock,
            location=scales.location[metric].copy(),
            scale=scales.scale[metric].copy(),
            calls_location=scales.calls_location.copy(),
            calls_scale=scales.calls_scale.copy(),
            age=np.zeros(count),
            hidden=state.hidden,
            memory=state.memory,
            waiting=nothing(count, GAP_MINUTES),
            calls_before=nothing(count),
            days=np.full((count, MINUTES_PER_DAY), np.nan, np.float32),
            first=nothing(count, SCALE_MINUTES),
            first_calls=nothing(count, SCALE_MINUTES),
        )

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        """See the port; NaN in the first WARM_UP_MINUTES, and a series that training did not see begins as long after."""
        follower = self.follow(series.keys, series.start_minute)
        return replay(follower, self.name, series, self.metric, horizon_minutes)
