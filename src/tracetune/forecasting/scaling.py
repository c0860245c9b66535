"""The scale on which a metric is modelled, and each series' place and spread on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import Verdict
from tracetune.domain.series import Metric, SeriesKey

Array = NDArray[np.float64]

NORMAL_QUANTILES = np.array(
    [-2.3263478740, -1.2815515655, -0.6744897502, 0.0, 0.6744897502, 1.2815515655, 2.3263478740]
)
"""The standard normal distribution at QUANTILES."""

MAD_TO_SIGMA = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation: 1 / 0.6745."""

LEAST_OBSERVED = 10
"""Fewer observed values than this say nothing about a median or a spread."""

_LEAST_SECONDS = 1e-6  # a duration of 0 is one below the clock's resolution; the logarithm needs a number
_AT_ONCE = 200  # two weeks of so many series are sorted in 100 MB
_LEAST_SPREAD = 0.02  # 2 % on the logarithmic scale: histogram buckets are that wide, so nothing is steadier


def to_model_scale(metric: Metric, values: Float[Array, "..."]) -> Float[Array, "..."]:
    """Latency as its logarithm, because slowness multiplies; calls as their square root.

    The square root makes the noise of a Poisson count equal at every level (Anscombe 1948). NaN stays NaN.
    """
    if metric is Metric.CALLS:
        return np.sqrt(values)
    if metric is Metric.ERROR_RATIO:
        raise ValueError("error_ratio has no forecast: errors are judged by exact binomial bounds")
    return np.log(np.maximum(values, _LEAST_SECONDS))


def from_model_scale(metric: Metric, values: Float[Array, "..."]) -> Float[Array, "..."]:
    """The inverse of ``to_model_scale``; below zero calls there is nothing."""
    if metric is Metric.CALLS:
        return np.square(np.maximum(values, 0.0))
    return np.exp(values)


def median_and_spread(values: Float[Array, "series sample"]) -> tuple[Float[Array, " series"], Float[Array, " series"]]:
    """Median and MAD-based standard deviation over the last axis; NaN where fewer than LEAST_OBSERVED were observed."""
    enough = np.isfinite(values).sum(axis=1) >= LEAST_OBSERVED
    middle = np.full(len(values), np.nan)
    spread = np.full(len(values), np.nan)
    if enough.any():
        chosen = values[enough]
        centre = _median(chosen)
        middle[enough] = centre
        spread[enough] = MAD_TO_SIGMA * _median(np.abs(chosen - centre[:, None]))
    return middle, spread


def noise_floor(metric: Metric, values: Float[Array, "series minute"]) -> Float[Array, " series"]:
    """A spread that no band of the series may undercut: half the noise from one minute to the next.

    From the median absolute difference of neighbours, which neither a daily rhythm nor a level shift widens.
    """
    parts = range(0, max(len(values), 1), _AT_ONCE)
    spread = np.concatenate([_step_spread(metric, values[at : at + _AT_ONCE]) for at in parts])
    least = 0.25 if metric is Metric.CALLS else _LEAST_SPREAD  # half the spread of a square-rooted Poisson count
    floor: Array = np.fmax(0.5 * spread / np.sqrt(2.0), least)
    return floor


def _step_spread(metric: Metric, values: Float[NDArray[Any], "series minute"]) -> Float[Array, " series"]:
    with np.errstate(invalid="ignore"):
        return median_and_spread(np.diff(to_model_scale(metric, values.astype(np.float64)), axis=1))[1]


def floors_of(floors: dict[SeriesKey, float], keys: tuple[SeriesKey, ...]) -> Float[Array, " series"]:
    """The floors of these series in their order; a series that is not among them gets the least of all."""
    least = min(floors.values(), default=_LEAST_SPREAD)
    return np.array([floors.get(key, least) for key in keys])


def location_and_scale(
    values: Float[Array, "series minute"],
) -> tuple[Float[Array, " series"], Float[Array, " series"]]:
    """Median, and the larger of the MAD and the minute-to-minute noise: where a network sees each series.

    NaN for series observed in fewer than LEAST_OBSERVED minutes.
    """
    location, spread = median_and_spread(values)
    _, step = median_and_spread(np.diff(values, axis=1))
    return location, np.where(np.isnan(location), np.nan, np.fmax(np.fmax(spread, step / np.sqrt(2.0)), _LEAST_SPREAD))


def band(
    metric: Metric, middle: Float[Array, "*minute"], sigma: Float[Array, "*minute"]
) -> Float[Array, "*minute quantile"]:
    """Quantiles in the metric's unit of a normal distribution on the model's scale."""
    return from_model_scale(metric, middle[..., None] + sigma[..., None] * NORMAL_QUANTILES)


def uncompared(model: str, count: int) -> tuple[Verdict, ...]:
    """The verdicts of a model that was not set beside any other."""
    return (Verdict(model, {}, float("nan"), "not compared with another model"),) * count


def _median(values: Float[Array, "series sample"]) -> Float[Array, " series"]:
    # A sort puts NaN last, so that the middle of the observed values is found by counting; np.nanmedian is 20 times slower.
    ordered = np.sort(values, axis=1)
    count = np.isfinite(values).sum(axis=1)
    row = np.arange(len(values))
    middle: Array = 0.5 * (ordered[row, (count - 1) // 2] + ordered[row, count // 2])
    return middle
