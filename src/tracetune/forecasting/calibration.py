"""Conformal widening: the bands of a model are scaled until they cover what they promise on held-back minutes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import LOWER, MIDDLE, QUANTILES, UPPER
from tracetune.domain.series import Metric
from tracetune.forecasting.scaling import from_model_scale, to_model_scale

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LEAST_MINUTES = 200  # the 1 % tail of fewer pooled minutes is a guess: leave the band alone
_LEAST, _MOST = 0.5, 4.0  # beyond these the model is wrong rather than narrow, and the gate shows it


@dataclass(frozen=True, slots=True)
class Widening:
    """Factors on the distance of the quantiles below and above the median; 1 leaves a band as it is."""

    below: float = 1.0
    above: float = 1.0

    def apply(
        self, metric: Metric, quantiles: Float[Array, "series minute quantile"]
    ) -> Float[Array, "series minute quantile"]:
        """The scaled quantiles, in the metric's unit, still ascending."""
        scaled = to_model_scale(metric, quantiles)
        middle = scaled[:, :, MIDDLE : MIDDLE + 1]
        factor = np.where(np.arange(len(QUANTILES)) < MIDDLE, self.below, self.above)
        return from_model_scale(metric, middle + (scaled - middle) * factor)


def widening(
    metric: Metric,
    values: Float[Array, "series minute"],
    quantiles: Float[Array, "series minute quantile"],
    counted: Bool[Mask, "series minute"],
) -> Widening:
    """The factors with which each side of the band would have missed 1 % of the counted minutes, pooled over all series.

    Pooled, because one series has too few minutes for its own 1 % tail.

    Source: Romano, Patterson, Candès, Conformalized Quantile Regression (2019), section 4, with the distance to the
    bound measured in widths of the band, and each side apart.
    """
    counted = counted & np.isfinite(values) & np.isfinite(quantiles[:, :, MIDDLE])
    if counted.sum() < _LEAST_MINUTES:
        return Widening()
    seen = to_model_scale(metric, values[counted])
    expected = to_model_scale(metric, quantiles[counted])
    middle = expected[:, MIDDLE]
    with np.errstate(divide="ignore", invalid="ignore"):
        above = (seen - middle) / (expected[:, UPPER] - middle)
        below = (middle - seen) / (middle - expected[:, LOWER])
    return Widening(_tail(below, QUANTILES[UPPER]), _tail(above, QUANTILES[UPPER]))


def _tail(distance: Float[Array, " minute"], level: float) -> float:
    finite = np.sort(distance[np.isfinite(distance)])
    if len(finite) < _LEAST_MINUTES:
        return 1.0
    rank = min(int(np.ceil((len(finite) + 1) * level)) - 1, len(finite) - 1)
    return float(np.clip(finite[rank], _LEAST, _MOST))
