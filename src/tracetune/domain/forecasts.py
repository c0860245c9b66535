"""What was expected in each minute: quantiles of a forecast, and how far the model may be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.series import Metric, SeriesKey

QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
"""The levels every model forecasts; the first and the last bound the 98 % band."""

LOWER, MIDDLE, UPPER = 0, 3, 6
"""Positions of the band's lower bound, the median and the band's upper bound among QUANTILES."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a model may speak for one series: its error on held-back minutes beside the baselines'.

    Attributes:
        model: the model that won, by name (``lstm``, ``trailing_median``, ``seasonal``).
        pinball_loss: mean pinball loss of each candidate on the held-back minutes, by name; lower is better.
        coverage: share of held-back minutes inside the winner's 98 % band, 0 to 1; NaN where none was held back.
        event_f1: of each candidate, on excursions made up on held-back minutes of all series together; higher is better.
        reason: one clause for people, as "beats the trailing median by 12 % on 144 held-back minutes".
    """

    model: str
    pinball_loss: dict[str, float]
    coverage: float
    reason: str
    event_f1: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Expected quantiles of one metric, for minutes seen and for some to come.

    Column m of ``values`` is what was expected of minute ``start_minute + m`` from what was known before it (for a seen
    minute: with the model's gap between the newest input and the minute itself). NaN where nothing could be expected yet.

    Attributes:
        keys: (series,), as in the SeriesBatch it was made from.
        metric: what the values measure, in the metric's unit.
        start_minute: minutes since the Unix epoch of column 0.
        cutoff: number of columns that lie in the past; the rest is the future.
        values: (series, minute, quantile), ascending along the last axis.
        verdicts: one a series.
    """

    keys: tuple[SeriesKey, ...]
    metric: Metric
    start_minute: int
    cutoff: int
    values: NDArray[np.float64]
    verdicts: tuple[Verdict, ...]

    def __post_init__(self) -> None:
        expected = (len(self.keys), self.values.shape[1], len(QUANTILES))
        if self.values.shape != expected:
            raise ValueError(f"values are {self.values.shape}, not (series, minute, quantile) = {expected}")
