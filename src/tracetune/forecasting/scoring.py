"""A trained network at work: minute by minute over all series, with its own expectations limiting what it is fed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import LOWER, MIDDLE, QUANTILES, UPPER, Forecast
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.forecasting.cell import State, Weights, step
from tracetune.forecasting.feedback import Feedback
from tracetune.forecasting.scaling import NORMAL_QUANTILES, from_model_scale, uncompared
from tracetune.forecasting.windows import FEATURES, GAP_MINUTES, LATENCIES, Inputs, Scales

Array = NDArray[np.float64]

WARM_UP_MINUTES = 2 * GAP_MINUTES
"""The network's first answers know almost nothing; they are not given."""

_BLOCK_MINUTES = 60  # features are made for so many minutes at a time: 10,000 series take 60 MB
_BEFORE_GAP = FEATURES.index("latency_before_gap")
_LATENCY_LIMIT = 8.0
_BAND_SIGMAS = float(NORMAL_QUANTILES[UPPER] - NORMAL_QUANTILES[LOWER])


@dataclass(slots=True)
class LstmPredictor:
    """Weights and scales, for one of the two latencies."""

    weights: Weights
    scales: Scales
    metric: Metric
    name: str = "lstm"

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        """See the port; NaN in the first WARM_UP_MINUTES, and for series that training did not see enough of."""
        metric = LATENCIES.index(self.metric)
        inputs = Inputs.of(series, self.scales, ahead=horizon_minutes)
        rows = np.arange(metric * len(series.keys), (metric + 1) * len(series.keys))
        scaled = run(self.weights, inputs, rows)
        scaled[:, :WARM_UP_MINUTES] = np.nan
        location, scale = (part[metric][:, None, None] for part in (inputs.scales.location, inputs.scales.scale))
        values = from_model_scale(self.metric, location + scale * scaled)
        verdicts = uncompared(self.name, len(series.keys))
        return Forecast(series.keys, self.metric, series.start_minute, series.length, values, verdicts)


def run(weights: Weights, inputs: Inputs, rows: NDArray[np.int64]) -> Float[Array, "series minute quantile"]:
    """Quantiles on each series' scale for every minute of these rows."""
    length = inputs.latency.shape[1]
    fed = inputs.latency.copy()  # what later minutes see
    feedback = Feedback(len(rows))
    state = State.first(len(rows), weights)
    quantiles = np.empty((len(rows), length, len(QUANTILES)))
    for first in range(0, length, _BLOCK_MINUTES):
        minutes = np.arange(first, min(first + _BLOCK_MINUTES, length))
        block = inputs.features(fed, rows, np.broadcast_to(minutes, (len(rows), len(minutes))))
        for at, minute in enumerate(minutes):
            if minute >= GAP_MINUTES:  # the block was made before the feedback of its own minutes was known
                newest = fed[rows, minute - GAP_MINUTES]
                block[:, at, _BEFORE_GAP] = np.clip(np.nan_to_num(newest), -_LATENCY_LIMIT, _LATENCY_LIMIT)
            expected, state = step(weights, block[:, at], state)
            quantiles[:, minute] = expected
            sigma = (quantiles[:, minute, UPPER] - quantiles[:, minute, LOWER]) / _BAND_SIGMAS
            fed[rows, minute] = feedback.admit(inputs.latency[rows, minute], quantiles[:, minute, MIDDLE], sigma)
    return quantiles
