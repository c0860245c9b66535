from __future__ import annotations

import dataclasses

import numpy as np

from tracetune.anomalies.calm import LATELY_MINUTES, without_departed
from tracetune.domain.analysis import Learned
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.forecasting.learn import baselines, learn
from tracetune.testing.series import random_series

CALM = random_series(3, minutes=200, missing=0)
LEARNED = learn(CALM, estimators=baselines(), seed=0)


def _with(slow: slice, row: int = 0) -> Learned:
    """The calm series with minutes of one that took ten times as long, beside what was expected before."""
    metrics = {metric: values.copy() for metric, values in CALM.metrics.items()}
    for metric in (Metric.LATENCY_P50, Metric.LATENCY_P95):
        metrics[metric][row, slow] *= 10.0
    series = SeriesBatch(CALM.keys, CALM.start_minute, metrics, CALM.observed, CALM.root_share)
    return dataclasses.replace(LEARNED, series=series)


def test_minutes_that_departed_together_are_not_learned_from() -> None:
    calm = without_departed(_with(slice(197, 200)))

    for metric in (Metric.LATENCY_P50, Metric.LATENCY_P95, Metric.SELF_TIME_P50, Metric.SELF_TIME_P95):
        assert np.flatnonzero(np.isnan(calm[metric][0])).tolist() == [197, 198, 199]
        np.testing.assert_array_equal(calm[metric][1:], CALM[metric][1:])
    np.testing.assert_array_equal(calm[Metric.CALLS], CALM[Metric.CALLS])


def test_a_single_spike_is_learned_from_and_nothing_is_copied() -> None:
    spiked = _with(slice(190, 191))

    assert without_departed(spiked) is spiked.series


def test_what_has_lasted_is_what_is_normal_now() -> None:
    calm = without_departed(_with(slice(100, 200)))

    unknown = np.isnan(calm[Metric.LATENCY_P50][0])
    assert unknown.sum() == LATELY_MINUTES
    assert not unknown[:-LATELY_MINUTES].any()


def test_without_forecasts_everything_is_learned_from() -> None:
    nothing = Learned(CALM, {}, ())

    assert without_departed(nothing) is CALM
