"""What a model may see of a minute: the gap, and the network's features, made for a few windows at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting.scaling import location_and_scale, to_model_scale

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

GAP_MINUTES = 15
"""Minutes between the newest value used and the minute forecast: an anomaly cannot feed its own expectation at once."""

LATENCIES = (Metric.LATENCY_P50, Metric.LATENCY_P95)
"""The network's rows are all series of the first, then all of the second; one network learns both."""

FEATURES = (
    "latency_before_gap",  # scaled to the series' own median and spread
    "latency_before_gap_known",
    "calls",  # of the forecast minute itself, scaled to the series
    "calls_level",  # the same as ln(1 + calls) / 5: how noisy a quantile of so few calls must be
    "calls_known",
    "calls_minute_before",
    "latency_other_days",  # running mean of earlier days at this minute, and 7 minutes around
    "latency_other_days_known",
    "sine_of_day",
    "cosine_of_day",
    "sine_of_half_day",
    "cosine_of_half_day",
    "is_p95",
    "log_scale",
)
"""The last axis of every window, in this order."""

MINUTES_PER_DAY = 1440
LEAST_DAYS_FOR_CLOCK = 2
"""With fewer days of training the time of day names single minutes, anomalies too, and is withheld."""

REACH_MINUTES = 7
"""Neighbours on either side of the same minute of other days that count too."""

NEWEST_DAY = 0.4
"""Weight of the newest day in the running mean of days."""

_MOST_DAYS = 7  # in training; older days have a weight below .03
LATENCY_LIMIT = 8.0  # spreads; further off is only "far"
_CALLS_LIMIT = 6.0
_SERIES_AT_ONCE = 200  # two weeks of so many series are sorted in 100 MB
LEVEL_UNIT = 5.0  # ln(1 + 150 calls a minute): keeps the level near 1


@dataclass(frozen=True, slots=True)
class Scales:
    """Where each series lies, learned on the training minutes and kept with the weights.

    Attributes:
        location, scale: (metric, series) of the logarithm of latency; NaN where too little was observed.
        calls_location, calls_scale: (series,) of ln(1 + calls).
        knows_clock: whether there were enough days to learn from the time of day.
    """

    keys: tuple[SeriesKey, ...]
    location: Float[Array, "metric series"]
    scale: Float[Array, "metric series"]
    calls_location: Float[Array, " series"]
    calls_scale: Float[Array, " series"]
    knows_clock: bool

    @classmethod
    def of(cls, series: SeriesBatch) -> Scales:
        """The scales of these minutes."""
        parts = [
            _scales(series.only(range(first, min(first + _SERIES_AT_ONCE, len(series.keys)))))
            for first in range(0, len(series.keys), _SERIES_AT_ONCE)
        ]
        location, scale, calls_location, calls_scale = (
            np.concatenate([part[at] for part in parts], axis=-1) for at in range(4)
        )
        return cls(
            series.keys,
            location,
            scale,
            np.nan_to_num(calls_location),
            np.where(np.isnan(calls_scale), 1.0, calls_scale),
            series.length >= LEAST_DAYS_FOR_CLOCK * MINUTES_PER_DAY,
        )

    def for_keys(self, keys: tuple[SeriesKey, ...]) -> Scales:
        """The same scales in the order of ``keys``; NaN for series that were not there in training."""
        place = {key: at for at, key in enumerate(self.keys)}
        at = np.array([place.get(key, len(self.keys)) for key in keys], np.int64)

        def pick(values: Array) -> Array:
            return np.concatenate([values, np.full((*values.shape[:-1], 1), np.nan)], axis=-1)[..., at]

        return Scales(
            keys,
            pick(self.location),
            pick(self.scale),
            np.nan_to_num(pick(self.calls_location)),
            np.nan_to_num(pick(self.calls_scale), nan=1.0),
            self.knows_clock,
        )


@dataclass(frozen=True, slots=True)
class Inputs:
    """Series and their scales, from which the features of any window are made when they are asked for.

    Nothing is made ahead for all minutes: ten thousand series of two weeks can lie in files, and only what a window needs
    is read. Rows are all series of the first of LATENCIES, then all of the second.
    """

    series: SeriesBatch
    scales: Scales

    @classmethod
    def of(cls, series: SeriesBatch, scales: Scales) -> Inputs:
        """The series on these scales."""
        return cls(series, scales.for_keys(series.keys))

    def latency(self, rows: Int[Counts, " window"], minutes: Int[Counts, "window step"]) -> Float[Array, "window step"]:
        """The scaled latency of these minutes of these rows; NaN before the first minute and where not observed."""
        count = len(self.series.keys)
        place, metric = rows % count, rows // count
        values = np.full(minutes.shape, np.nan)
        for at, name in enumerate(LATENCIES):
            chosen = metric == at
            series = place[chosen]
            seen = to_model_scale(name, _picked(self.series[name], series, minutes[chosen]))
            values[chosen] = (seen - self.scales.location[at, series][:, None]) / self.scales.scale[at, series][:, None]
        return values

    def features(
        self, rows: Int[Counts, " window"], minutes: Int[Counts, "window step"]
    ) -> Float[NDArray[np.float32], "window step feature"]:
        """The features of these minutes of these rows; the minutes of a window follow each other."""
        series = rows % len(self.series.keys)
        location, scale = self.scales.calls_location[series][:, None], self.scales.calls_scale[series][:, None]
        level, before = (np.log1p(_picked(self.series[Metric.CALLS], series, minutes - ago)) for ago in (0, 1))
        angle = 2.0 * np.pi * ((self.series.start_minute + minutes) % MINUTES_PER_DAY) / MINUTES_PER_DAY
        return stack_features(
            before_gap=self.latency(rows, minutes - GAP_MINUTES),
            calls=(level - location) / scale,
            level=level / LEVEL_UNIT,
            minute_before=(before - location) / scale,
            other_days=self._other_days(rows, minutes),
            angle=angle,
            knows_clock=self.scales.knows_clock,
            is_p95=rows[:, None] >= len(self.series.keys),
            log_scale=np.log(self.scales.scale.ravel())[rows][:, None],
        )

    def _other_days(
        self, rows: Int[Counts, " window"], minutes: Int[Counts, "window step"]
    ) -> Float[Array, "window step"]:
        """The running mean of days, oldest first, and of the minutes around; NaN where no day before was observed."""
        width = 2 * REACH_MINUTES + 1
        around = np.arange(-REACH_MINUTES, minutes.shape[1] + REACH_MINUTES)
        days = min(_MOST_DAYS, int(minutes.max()) // MINUTES_PER_DAY + 1)
        mean = np.full((len(rows), len(around)), np.nan)
        for day in range(days, 0, -1):
            seen = self.latency(rows, minutes[:, :1] + around - day * MINUTES_PER_DAY)
            mean = running_mean(mean, seen)
        known = np.isfinite(mean)
        total, count = (
            np.cumsum(np.pad(part, ((0, 0), (1, 0))), axis=1)
            for part in (np.where(known, np.clip(mean, -LATENCY_LIMIT, LATENCY_LIMIT), 0.0), known.astype(np.float64))
        )
        with np.errstate(invalid="ignore"):
            smooth: Array = (total[:, width:] - total[:, :-width]) / (count[:, width:] - count[:, :-width])
        return smooth


def _scales(series: SeriesBatch) -> tuple[Array, Array, Array, Array]:
    pairs = [location_and_scale(to_model_scale(metric, series[metric])) for metric in LATENCIES]
    return (
        np.stack([location for location, _ in pairs]),
        np.stack([scale for _, scale in pairs]),
        *location_and_scale(np.log1p(series[Metric.CALLS])),
    )


def running_mean(mean: Float[Array, "*place"], newest: Float[Array, "*place"]) -> Float[Array, "*place"]:
    """The mean after one more day; what is unknown changes nothing, and the first day counts in full."""
    moved = (1.0 - NEWEST_DAY) * mean + NEWEST_DAY * newest
    return np.where(np.isnan(newest), mean, np.where(np.isnan(mean), newest, moved))


def _picked(
    values: Float[NDArray[Any], "series minute"], series: Int[Counts, " window"], minutes: Int[Counts, "window step"]
) -> Float[Array, "window step"]:
    """Values at these places, which may lie in a file; NaN before the first minute."""
    picked = values[series[:, None], np.maximum(minutes, 0)].astype(np.float64)
    picked[minutes < 0] = np.nan
    return picked


def stack_features(  # noqa: PLR0913 - one argument a kind of feature
    *,
    before_gap: Float[Array, "*place"],
    calls: Float[Array, "*place"],
    level: Float[Array, "*place"],
    minute_before: Float[Array, "*place"],
    other_days: Float[Array, "*place"],
    angle: Float[Array, "*_"],
    knows_clock: bool,
    is_p95: Bool[NDArray[np.bool_], "*_"],
    log_scale: Float[Array, "*_"],
) -> Float[NDArray[np.float32], "*place feature"]:
    """The features in their order, with what is unknown at zero and marked so; in training and in use the same."""
    features = np.empty((*before_gap.shape, len(FEATURES)), np.float32)
    clock = float(knows_clock)
    columns = (
        _filled(before_gap, LATENCY_LIMIT),
        np.isfinite(before_gap),
        _filled(calls, _CALLS_LIMIT),
        np.nan_to_num(level),
        np.isfinite(calls),
        _filled(minute_before, _CALLS_LIMIT),
        _filled(other_days, LATENCY_LIMIT),
        np.isfinite(other_days),
        clock * np.sin(angle),
        clock * np.cos(angle),
        clock * np.sin(2.0 * angle),
        clock * np.cos(2.0 * angle),
        is_p95,
        np.nan_to_num(log_scale),
    )
    for at, column in enumerate(columns):
        features[..., at] = column
    return features


def _filled(values: Array, limit: float) -> Array:
    return np.clip(np.nan_to_num(values), -limit, limit)
