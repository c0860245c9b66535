"""How much history a model needs: the shipped network, trained further or from nothing, beside the baselines.

Run: python benchmarks/bench_history.py [--seed 1] [--without-training]. Each model learns from the minutes before the last three
hours of a made-up system and is judged on these, where nothing happens in truth: mean pinball loss over the trailing median's,
the median over series, and the share of minutes inside the uncalibrated 98 % band.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass

import numpy as np

from report import save
from tracetune.domain.forecasts import LOWER, UPPER
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.forecasting.gate import pinball_loss
from tracetune.forecasting.holt_winters import HoltWintersEstimator
from tracetune.forecasting.network import LstmEstimator
from tracetune.forecasting.regression import RegressionEstimator
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.trailing import TrailingMedianEstimator
from tracetune.forecasting.training import LEAST_MINUTES, Course, train
from tracetune.ports import Estimator, Predictor
from tracetune.testing.history import Size, make_history

METRIC = Metric.LATENCY_P95
JUDGED = 180
HISTORIES = {"30 min": 45, "2 h": 120, "6 h": 360, "24 h": 1440}


@dataclass(slots=True)
class FromNothing:
    """The same network without the shipped weights."""

    name: str = "lstm from nothing"

    def fit(self, series: SeriesBatch, metric: Metric, *, seed: int) -> Predictor:
        """See the port."""
        return LstmPredictor(*train(series, Course(seed)), metric)


def judge(
    estimator: Estimator, series: SeriesBatch, quiet: np.ndarray[tuple[int, int], np.dtype[np.bool_]]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], float]:
    """Mean loss of each series and the share inside the band, over the last JUDGED minutes."""
    predictor = estimator.fit(series.between(0, series.length - JUDGED), METRIC, seed=0)
    bands = predictor.predict(series, horizon_minutes=0).values[:, -JUDGED:]
    seen = series[METRIC][:, -JUDGED:]
    counted = quiet & np.isfinite(seen) & np.isfinite(bands[:, :, LOWER])
    inside = (seen >= bands[:, :, LOWER]) & (seen <= bands[:, :, UPPER])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # series without one quiet minute
        loss = np.nanmean(np.where(counted, pinball_loss(seen, bands), np.nan), axis=1)
    return loss, float(inside[counted].mean())


def main() -> None:
    """Print a line for each history and model, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-training", action="store_true")
    arguments = parser.parse_args()
    history = make_history(arguments.seed, Size(apps=3, days=3, test_days=1))
    end = history.test_from + 720
    figures: dict[str, float | str] = {"seed": arguments.seed}
    for name, minutes in HISTORIES.items():
        series = history.series.between(end - minutes - JUDGED, end)
        quiet = history.incident[:, end - JUDGED : end] == 0
        base, covered = judge(TrailingMedianEstimator(), series, quiet)
        figures[f"{name}: trailing median, coverage"] = round(covered, 3)
        contenders: dict[str, Estimator] = {"shipped network": LstmEstimator(steps=0)}
        if minutes >= 120:
            contenders |= {"smoothing": HoltWintersEstimator(), "regression": RegressionEstimator()}
        if minutes >= LEAST_MINUTES and not arguments.without_training:
            contenders["network from nothing"] = FromNothing()
        if minutes >= 1440 and not arguments.without_training:
            contenders["network trained further"] = LstmEstimator()
        for model, estimator in contenders.items():
            loss, covered = judge(estimator, series, quiet)
            figures[f"{name}: {model}, loss"] = round(float(np.nanmedian(loss / base)), 3)
            figures[f"{name}: {model}, coverage"] = round(covered, 3)
            print(f"{name:8} {model:24} loss {figures[f'{name}: {model}, loss']}  coverage {covered:.3f}", flush=True)
    save("history", [], **figures)


if __name__ == "__main__":
    main()
