"""Tests of the forecasts some minutes ahead."""

from __future__ import annotations

import numpy as np

from quality.ahead import HORIZONS, LEARNED_MINUTES, METRIC, references, rolling
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting.holt_winters import HoltWintersEstimator

LENGTH, CHANGED = 500, 450


def _series(values: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> SeriesBatch:
    metrics = dict.fromkeys(Metric, values) | {Metric.CALLS: np.full(values.shape, 100.0)}
    return SeriesBatch((SeriesKey("shop", ""),), 0, metrics, np.ones(LENGTH, np.bool_), np.ones(1))


def test_a_forecast_h_minutes_ahead_knows_nothing_of_the_minutes_between() -> None:
    values = 0.1 + 0.01 * np.random.default_rng(0).random((1, LENGTH))
    other = values.copy()
    other[:, CHANGED:] *= 2.0
    model = HoltWintersEstimator().fit(_series(values).between(0, LEARNED_MINUTES), METRIC, seed=0)

    before, after = (rolling(model.follow(_series(each).keys, 0), _series(each)) for each in (values, other))

    for h in HORIZONS:
        first_told = CHANGED + h
        assert np.array_equal(before[h][:, :first_told], after[h][:, :first_told], equal_nan=True)
        assert before[h][0, first_told] != after[h][0, first_told]


def test_the_references_are_the_newest_minute_and_the_median_that_were_known_then() -> None:
    values = np.random.default_rng(1).random((1, LENGTH))

    said = references(values)

    assert said["naive"][5][0, 100] == values[0, 95]
    assert said["trailing 30-minute median"][15][0, 100] == np.median(values[0, 56:86])
