"""Judges a variant on the two days after its history: events found by 5 of 10 minutes, and the loss of its quantiles."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ablations.variants import APART, VARIANTS
from quality.events import Truth, at_false_alarms, best_f1
from quality.generator import truth_of
from tracetune.anomalies.rules import QUICK, gather
from tracetune.anomalies.scores import departure, with_enough_calls
from tracetune.domain.forecasts import Forecast
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.forecasting.gate import pinball_loss
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.training import Course, train
from tracetune.forecasting.windows import LATENCIES
from tracetune.ports import Predictor
from tracetune.testing.history import History, Size, make_history

Array = NDArray[np.float64]

SIZE = Size(apps=4, services=8, days=3, test_days=2, test_rate=0.5)
FALSE_ALARMS = 0.05
ALONE_STEPS = 120

GIVEN = {
    "applications": SIZE.apps,
    "services of each": SIZE.services,
    "minutes of history": (SIZE.days - SIZE.test_days) * 1440,
    "days judged": SIZE.test_days,
    "false alarms a series-day": FALSE_ALARMS,
    "series that learn alone": APART,
}


@cache
def _history(seed: int) -> History:
    return make_history(seed, SIZE)


def measure(seed: int, name: str) -> dict[str, float]:
    """Every figure of one variant on one seed."""
    variant = VARIANTS[name]
    variant.prepare()
    history = _history(seed)
    first = history.test_from - variant.minutes
    context = history.series.between(first, history.series.length)
    learned = context.between(0, variant.minutes)
    truth = truth_of(history)
    chosen = _busiest(truth)
    if variant.apart:
        return _judged(context.only(chosen), _alone(learned.only(chosen)), variant.minutes, _rows(truth, chosen))
    model = variant.learn(learned)
    found = _judged(context, model, variant.minutes, truth)
    if name == "whole":
        some = _judged(context.only(chosen), model, variant.minutes, _rows(truth, chosen))
        found |= {f"{figure}, same series": value for figure, value in some.items()}
    return found


def _judged(context: SeriesBatch, model: Callable[[Metric], Predictor], minutes: int, truth: Truth) -> dict[str, float]:
    scores, losses = [], {}
    for metric in LATENCIES:
        bands = model(metric).predict(context, horizon_minutes=0).values
        scores.append(with_enough_calls(departure(metric, context[metric], bands), context[Metric.CALLS]))
        losses[metric] = pinball_loss(context[metric], bands)[:, minutes:]
    evidence = gather(np.fmax(*scores), QUICK)[:, minutes:]
    reached = at_false_alarms(evidence, truth, FALSE_ALARMS)
    return {
        "F1": best_f1(evidence, truth),
        "recall": reached.recall,
        "events": float(len(reached.found)),
        "loss": _share(losses[LATENCIES[1]], context[LATENCIES[1]][:, minutes:], truth),
    }


def _share(losses: Array, values: Array, truth: Truth) -> float:
    """Median over series of the mean loss over the mean value, on normal minutes."""
    counted = truth.normal & np.isfinite(losses) & np.isfinite(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # series without one normal minute
        means = [np.nanmean(np.where(counted, each, np.nan), axis=1) for each in (losses, values)]
    return float(np.nanmedian(means[0] / means[1]))


def _alone(history: SeriesBatch) -> Callable[[Metric], Predictor]:
    """A network for each series, from that series alone."""
    trained = [train(history.only([row]), Course(0, ALONE_STEPS)) for row in range(len(history.keys))]

    def model(metric: Metric) -> Predictor:
        return _Each([LstmPredictor(*each, metric) for each in trained])

    return model


class _Each:
    """Predictors of one series each, side by side."""

    name = "each alone"

    def __init__(self, predictors: list[LstmPredictor]) -> None:
        self._predictors = predictors

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        """See the port."""
        parts = [
            each.predict(series.only([row]), horizon_minutes=horizon_minutes)
            for row, each in enumerate(self._predictors)
        ]
        values = np.concatenate([each.values for each in parts])
        verdicts = tuple(verdict for each in parts for verdict in each.verdicts)
        return replace(parts[0], keys=series.keys, values=values, verdicts=verdicts)


def _busiest(truth: Truth) -> list[int]:
    """The series with the most events, which tell most about recall."""
    events = [len(np.unique(row[row > 0])) for row in truth.event]
    return sorted(np.argsort(events, kind="stable")[::-1][:APART].tolist())


def _rows(truth: Truth, rows: list[int]) -> Truth:
    return Truth(truth.event[rows], truth.normal[rows])
