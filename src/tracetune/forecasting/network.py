"""The LSTM as a candidate: the shipped network from the first half hour on, trained further on hours of one's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tracetune.domain.series import Metric, SeriesBatch
from tracetune.errors import NotEnoughData
from tracetune.forecasting import weights
from tracetune.forecasting.cell import Weights
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.training import Course, Progress, train
from tracetune.forecasting.windows import LATENCIES, Scales

LEAST_MINUTES = 20
"""Enough for the place and the spread of a series; the network itself was trained before."""

LEAST_MINUTES_TO_TUNE = 288
"""Six hours, less the fifth that the gate holds back: the shipped network as it is loses 5 % to the trailing median there,
and wins 4 % trained further (docs/experiments/LOG.md)."""

TUNING_STEPS = 240


@cache
def shipped() -> Weights:
    """The network in the package, trained by ``scripts/pretrain.py``; it needs no learning framework."""
    found, _ = weights.load(weights.SHIPPED)
    return found


@dataclass(slots=True)
class LstmEstimator:
    """One network over all series and both latencies.

    Both are trained together, so the second ``fit`` on the same minutes and seed only looks up what the first one learned.

    Attributes:
        steps: training steps beyond the shipped network; 0 uses it as it is, and needs no framework.
        progress: told each step.
        checkpoint: a file in which a killed training is found again.
        start: the network to go on from; None is the shipped one.
    """

    steps: int = TUNING_STEPS
    progress: Progress | None = None
    checkpoint: Path | None = None
    start: Weights | None = None
    name: str = "lstm"
    _trained: dict[str, tuple[Weights, Scales]] = field(default_factory=dict, repr=False)

    def fit(self, series: SeriesBatch, metric: Metric, *, seed: int) -> LstmPredictor:
        """See the port; below LEAST_MINUTES_TO_TUNE only the series' places and spreads are learned.

        Raises:
            NotEnoughData: below LEAST_MINUTES.
            Unavailable: where Keras is not installed, and there are steps and minutes to train.
        """
        if metric not in LATENCIES:
            raise ValueError(f"the network forecasts latency, not {metric}")
        if series.length < LEAST_MINUTES:
            raise NotEnoughData(
                f"{series.length} minutes are too few for the LSTM",
                hint=f"give at least {LEAST_MINUTES} minutes of traces",
            )
        start = self.start or shipped()
        if not self.steps or series.length < LEAST_MINUTES_TO_TUNE:
            return LstmPredictor(start, Scales.of(series), metric)
        course = Course(seed, self.steps, start, self.progress, self.checkpoint)
        name = course.name(series)
        if name not in self._trained:
            self._trained.clear()  # of other minutes: a process that learns every night would keep them all
            self._trained[name] = train(series, course)
        return LstmPredictor(*self._trained[name], metric)
