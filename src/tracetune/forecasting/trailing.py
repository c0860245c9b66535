"""The trailing median: what an operation did half an hour ago is what it does now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import Forecast
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import NotEnoughData
from tracetune.forecasting.feedback import FIRST_SPREAD, LEVEL_MINUTES, track_spread
from tracetune.forecasting.following import Remembered, Rows, nothing, replay
from tracetune.forecasting.scaling import (
    LEAST_OBSERVED,
    band,
    floors_of,
    median_and_spread,
    noise_floor,
    to_model_scale,
)
from tracetune.forecasting.windows import GAP_MINUTES

Array = NDArray[np.float64]

WINDOW_MINUTES = 30
"""The newest half hour that the gap leaves."""


@dataclass(slots=True)
class TrailingMedianFollower(Remembered):
    """The window that the gap leaves, and the minutes that wait inside the gap."""

    metric: Metric
    floor: Float[Array, " series"]
    spread: Float[Array, " series"]  # of the errors made lately across the gap
    window: Float[Array, "series window"]  # WINDOW_MINUTES; the order does not matter
    waiting: Float[Array, "series gap"]  # GAP_MINUTES as later windows see them
    expected: Float[Array, "series gap"]  # GAP_MINUTES of middles
    width: Float[Array, " series"]  # of the newest minute
    newest: Float[Array, "series window"]  # WINDOW_MINUTES as they were observed

    def step(self, values: Float[Array, " series"], calls: Float[Array, " series"]) -> Float[Array, "series quantile"]:  # noqa: ARG002 - a model without load
        """See ``Follower``.

        The spread is the larger of that in the window and of how far off forecasts were lately: a level that wanders is
        steady inside a window, and yet elsewhere after the gap.
        """
        seen, slot = to_model_scale(self.metric, values), self.minute % GAP_MINUTES
        if self.minute < GAP_MINUTES:
            centre, self.width, kept = nothing(len(values)), nothing(len(values)), seen
        else:
            last = self.waiting[:, slot]
            self.spread = track_spread(self.spread, last - self.expected[:, slot], self.floor)
            self.window[:, self.minute % WINDOW_MINUTES] = last
            centre, inside = median_and_spread(self.window)
            self.width = np.maximum(inside, self.spread)
            kept = self.admit(seen, centre, self.width)
        self.waiting[:, slot], self.expected[:, slot] = kept, centre
        self.newest[:, self.minute % WINDOW_MINUTES] = seen
        self.minute += 1
        return band(self.metric, centre, self.width)

    def ahead(self, minutes: int) -> Float[Array, "series minute quantile"]:
        """See ``Follower``; like the last WINDOW_MINUTES, and less surely the further off."""
        after = np.arange(minutes)
        # A random walk's error grows with the root of the distance; inside the gap it is what was measured at the gap.
        growth = np.sqrt(np.maximum(after - GAP_MINUTES, 0) / GAP_MINUTES + 1.0)
        middle, spread = median_and_spread(self.newest)
        sigma = np.fmax(spread, self.width)
        return band(self.metric, np.repeat(middle[:, None], minutes, axis=1), sigma[:, None] * growth)

    def shift(self, rows: Rows, by: Float[Array, " row"]) -> None:
        """See ``Follower``."""
        for held in (self.window, self.waiting, self.expected, self.newest):
            held[rows] += by[:, None]


@dataclass(slots=True)
class TrailingMedianPredictor:
    """Forecasts by the median of WINDOW_MINUTES that ended GAP_MINUTES ago, with the spread met in them."""

    metric: Metric
    floors: dict[SeriesKey, float]
    name: str = "trailing_median"

    def follow(self, keys: tuple[SeriesKey, ...], start_minute: int) -> TrailingMedianFollower:  # noqa: ARG002 - no clock
        """See ``Followed``."""
        floor, count = floors_of(self.floors, keys), len(keys)
        return TrailingMedianFollower(
            minute=0,
            far=np.zeros(count),
            recent=nothing(count, LEVEL_MINUTES),
            metric=self.metric,
            floor=floor,
            spread=FIRST_SPREAD * floor,
            window=nothing(count, WINDOW_MINUTES),
            waiting=nothing(count, GAP_MINUTES),
            expected=nothing(count, GAP_MINUTES),
            width=nothing(count),
            newest=nothing(count, WINDOW_MINUTES),
        )

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        """See the port."""
        follower = self.follow(series.keys, series.start_minute)
        return replay(follower, self.name, series, self.metric, horizon_minutes)


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
