"""Learn what is normal: the forecast of every metric that has one, and what the data are too short or thin for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tracetune.domain.analysis import Learned
from tracetune.domain.forecasts import Forecast
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.errors import NotEnoughData
from tracetune.forecasting import gate
from tracetune.forecasting.holt_winters import HoltWintersEstimator
from tracetune.forecasting.levels import LevelsEstimator
from tracetune.forecasting.regression import RegressionEstimator
from tracetune.forecasting.seasonal import SeasonalEstimator
from tracetune.forecasting.trailing import TrailingMedianEstimator
from tracetune.forecasting.windows import LATENCIES
from tracetune.ports import Estimator

LEAST_MINUTES = 30
"""Shorter than this, nothing is said about what is normal."""

LEAST_MINUTES_TO_COMPETE = 360
"""From six hours on all candidates compete: below, there are too few held-back minutes for those that learn from nothing
else. The network was trained before, and competes with the trailing median from the first hour on."""

MINUTES_PER_DAY = 1440
THIN_CALLS_A_MINUTE = 10.0
"""Latency quantiles of fewer calls are mostly chance."""

Candidates = Mapping[Metric, Sequence[Estimator]]


def baselines() -> dict[Metric, list[Estimator]]:
    """For each metric the models that need no training, the simplest first; every other has to beat them."""
    simple: list[Estimator] = [
        TrailingMedianEstimator(),
        LevelsEstimator(),
        SeasonalEstimator(),
        HoltWintersEstimator(),
        RegressionEstimator(),
    ]
    return {metric: list(simple) for metric in (Metric.CALLS, *LATENCIES)}


@dataclass(frozen=True, slots=True)
class Normal:
    """What was learned of each metric, apart from the minutes it was learned from: it can judge later ones.

    Attributes:
        models: by metric; empty where the minutes were too few.
        limits: sentences that say what the minutes were too short or too thin for.
    """

    models: Mapping[Metric, gate.Chosen]
    limits: tuple[str, ...]

    def expect(self, series: SeriesBatch, *, horizon_minutes: int) -> Learned:
        """These minutes beside what was to be expected of them; a forecast uses nothing after its minute."""
        forecasts = {
            metric: chosen.expect(series, horizon_minutes=horizon_minutes) for metric, chosen in self.models.items()
        }
        return Learned(series, forecasts, self.limits)


def learn(series: SeriesBatch, *, estimators: Candidates, seed: int, horizon_minutes: int = 60) -> Learned:
    """The best forecast of each metric for every series, and the limits in words; see ``study``."""
    return study(series, estimators=estimators, seed=seed, horizon_minutes=horizon_minutes)[1]


def study(
    series: SeriesBatch,
    *,
    estimators: Candidates,
    seed: int,
    horizon_minutes: int = 60,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Normal, Learned]:
    """What is normal, as models that can judge later minutes and as forecasts of these, with the limits in words.

    Args:
        series: at least LEAST_MINUTES, or there are limits and no forecasts.
        estimators: candidates by metric, the simplest first, as from ``baselines``, or ``candidates.candidates`` with the
            LSTM; below LEAST_MINUTES_TO_COMPETE only the first and the LSTM may speak.
        seed: of everything random in training.
        horizon_minutes: how far beyond the last minute to forecast.
        progress: told after each metric how many of them are done.
    """
    forecasts: dict[Metric, Forecast] = {}

    def judged(metric: Metric, competing: Sequence[Estimator]) -> gate.Chosen:
        chosen, forecasts[metric] = gate.judged(series, metric, competing, seed=seed, horizon_minutes=horizon_minutes)
        return chosen

    normal = _by_metric(series, estimators, judged, progress)
    return normal, Learned(series, forecasts, normal.limits)


def prepare(
    series: SeriesBatch,
    *,
    estimators: Candidates,
    seed: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Normal:
    """What is normal, for later minutes alone: as ``study``, in a memory that does not grow with the history."""

    def chosen(metric: Metric, competing: Sequence[Estimator]) -> gate.Chosen:
        return gate.chosen(series, metric, competing, seed=seed)

    return _by_metric(series, estimators, chosen, progress)


def _by_metric(
    series: SeriesBatch,
    estimators: Candidates,
    choose: Callable[[Metric, Sequence[Estimator]], gate.Chosen],
    progress: Callable[[int, int], None],
) -> Normal:
    if not series.keys or series.length < LEAST_MINUTES:
        return Normal({}, (_too_short(series),))
    models: dict[Metric, gate.Chosen] = {}
    limits = _limits(series)
    for done, (metric, competing) in enumerate(estimators.items()):
        progress(done, len(estimators))
        allowed = competing if series.length >= LEAST_MINUTES_TO_COMPETE else _first_day(competing)
        try:
            models[metric] = choose(metric, allowed)
        except NotEnoughData as error:
            limits.append(f"No forecast of {metric}: {error.message}; {error.hint}.")
    return Normal(models, tuple(limits))


def _first_day(competing: Sequence[Estimator]) -> list[Estimator]:
    return [*competing[:1], *(each for each in competing[1:] if each.name == "lstm")]


def _too_short(series: SeriesBatch) -> str:
    if not series.keys:
        return "There is no operation to learn from: no span is the entry of a service."
    return (
        f"{_minutes(series.length)} of traces are too short to say what is normal; {LEAST_MINUTES} minutes are the least, "
        "a day is better."
    )


def _limits(series: SeriesBatch) -> list[str]:
    limits = []
    if series.length < LEAST_MINUTES_TO_COMPETE:
        limits.append(
            f"{_minutes(series.length)} of traces: what is normal is said by the trailing median or the network that came "
            "with tracetune; from 6 hours on, more models compete for each operation."
        )
    elif series.length < 2 * MINUTES_PER_DAY:
        limits.append(
            f"{series.length / 60:.0f} hours of traces: the daily rhythm cannot be told from chance; two days would do."
        )
    with np.errstate(invalid="ignore"):
        thin = int((np.nanmedian(np.nan_to_num(series[Metric.CALLS]), axis=1) < THIN_CALLS_A_MINUTE).sum())
    if thin:
        limits.append(
            f"{thin} of {len(series.keys)} operations have fewer than {THIN_CALLS_A_MINUTE:.0f} calls in most minutes: "
            "only large changes of their latency can be told from chance."
        )
    return limits


def _minutes(length: int) -> str:
    return f"{length} minute" if length == 1 else f"{length} minutes"
