"""What a model may see of a minute: the gap, and the network's features, made for a few windows at a time."""

from __future__ import annotations

from dataclasses import dataclass

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
    "latency_yesterday",  # mean of the same minute a day ago and 7 minutes around
    "latency_yesterday_known",
    "sine_of_day",
    "cosine_of_day",
    "is_p95",
    "log_scale",
)
"""The last axis of every window, in this order."""

MINUTES_PER_DAY = 1440
LEAST_DAYS_FOR_CLOCK = 2
"""With fewer days of training the time of day names single minutes, anomalies too, and is withheld."""

YESTERDAY_REACH = 7
LATENCY_LIMIT = 8.0  # spreads; further off is only "far"
_CALLS_LIMIT = 6.0
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
        pairs = [location_and_scale(to_model_scale(metric, series[metric])) for metric in LATENCIES]
        calls_location, calls_scale = location_and_scale(np.log1p(series[Metric.CALLS]))
        return cls(
            series.keys,
            np.stack([location for location, _ in pairs]),
            np.stack([scale for _, scale in pairs]),
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
    """Scaled series, from which the features of any window are made; ahead of the last minute all is unknown.

    Attributes:
        latency: (row, minute), rows as in LATENCIES; NaN where not observed.
        calls, level: (series, minute).
        yesterday: (row, minute), the mean around the same minute a day ago.
    """

    start_minute: int
    scales: Scales
    latency: Float[Array, "row minute"]
    calls: Float[Array, "series minute"]
    level: Float[Array, "series minute"]
    yesterday: Float[Array, "row minute"]

    @classmethod
    def of(cls, series: SeriesBatch, scales: Scales, *, ahead: int = 0) -> Inputs:
        """The series on these scales, with ``ahead`` more minutes of which nothing is known."""
        scales = scales.for_keys(series.keys)
        later = ((0, 0), (0, ahead))
        scaled = [
            (to_model_scale(metric, series[metric]) - scales.location[at][:, None]) / scales.scale[at][:, None]
            for at, metric in enumerate(LATENCIES)
        ]
        latency = np.pad(np.concatenate(scaled), later, constant_values=np.nan)
        logarithm = np.pad(np.log1p(series[Metric.CALLS]), later, constant_values=np.nan)
        calls = (logarithm - scales.calls_location[:, None]) / scales.calls_scale[:, None]
        return cls(series.start_minute, scales, latency, calls, logarithm / LEVEL_UNIT, _a_day_before(latency))

    def features(
        self, latency: Float[Array, "row minute"], rows: Int[Counts, " window"], minutes: Int[Counts, "window step"]
    ) -> Float[NDArray[np.float32], "window step feature"]:
        """The features of these minutes of these rows.

        Args:
            latency: what is known of it, as ``self.latency`` or with feedback; used only up to the gap.
            rows: one a window.
            minutes: positions on the grid, a window a row.
        """
        row = rows[:, None]
        series = row % len(self.calls)
        before_gap = np.where(minutes >= GAP_MINUTES, latency[row, np.maximum(minutes - GAP_MINUTES, 0)], np.nan)
        calls = self.calls[series, minutes]
        minute_before = np.where(minutes > 0, self.calls[series, np.maximum(minutes - 1, 0)], np.nan)
        yesterday = self.yesterday[row, minutes]
        angle = 2.0 * np.pi * ((self.start_minute + minutes) % MINUTES_PER_DAY) / MINUTES_PER_DAY
        clock = float(self.scales.knows_clock)
        return stack_features(
            before_gap=before_gap,
            calls=calls,
            level=self.level[series, minutes],
            minute_before=minute_before,
            yesterday=yesterday,
            clock=(clock * np.sin(angle), clock * np.cos(angle)),
            is_p95=row >= len(self.calls),
            log_scale=np.log(self.scales.scale.ravel())[row],
        )


def stack_features(  # noqa: PLR0913 - one argument a kind of feature
    *,
    before_gap: Float[Array, "*place"],
    calls: Float[Array, "*place"],
    level: Float[Array, "*place"],
    minute_before: Float[Array, "*place"],
    yesterday: Float[Array, "*place"],
    clock: tuple[Float[Array, "*_"], Float[Array, "*_"]],
    is_p95: Bool[NDArray[np.bool_], "*_"],
    log_scale: Float[Array, "*_"],
) -> Float[NDArray[np.float32], "*place feature"]:
    """The features in their order, with what is unknown at zero and marked so; in training and in use the same."""
    features = np.empty((*before_gap.shape, len(FEATURES)), np.float32)
    columns = (
        _filled(before_gap, LATENCY_LIMIT),
        np.isfinite(before_gap),
        _filled(calls, _CALLS_LIMIT),
        np.nan_to_num(level),
        np.isfinite(calls),
        _filled(minute_before, _CALLS_LIMIT),
        _filled(yesterday, LATENCY_LIMIT),
        np.isfinite(yesterday),
        *clock,
        is_p95,
        np.nan_to_num(log_scale),
    )
    for at, column in enumerate(columns):
        features[..., at] = column
    return features


def _filled(values: Array, limit: float) -> Array:
    return np.clip(np.nan_to_num(values), -limit, limit)


def _a_day_before(latency: Float[Array, "row minute"]) -> Float[Array, "row minute"]:
    reach = YESTERDAY_REACH
    past = latency[:, : max(latency.shape[1] - MINUTES_PER_DAY + reach, 0)]
    known = np.isfinite(past)
    width = 2 * reach + 1
    total, count = (
        np.cumsum(np.pad(part, ((0, 0), (reach + 1, reach))), axis=1)
        for part in (np.clip(np.nan_to_num(past), -LATENCY_LIMIT, LATENCY_LIMIT), known.astype(np.float64))
    )
    with np.errstate(invalid="ignore"):
        mean = (total[:, width:] - total[:, :-width]) / (count[:, width:] - count[:, :-width])
    result = np.full_like(latency, np.nan)
    length = max(latency.shape[1] - MINUTES_PER_DAY, 0)
    result[:, MINUTES_PER_DAY:] = mean[:, :length]
    return result
