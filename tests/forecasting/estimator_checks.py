"""What every estimator must keep to: no look at the future, none into the gap, equal seeds, input left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.forecasting.series_data import System

from tracetune.domain.series import Metric, SeriesBatch
from tracetune.forecasting.windows import GAP_MINUTES
from tracetune.ports import Estimator, Predictor


def small(minutes: int = 420, seed: int = 5) -> SeriesBatch:
    """A few series, quick to fit."""
    return System(seed, services=3).series(minutes=minutes)


def changed(series: SeriesBatch, metric: Metric, first: int, last: int) -> SeriesBatch:
    """The same series with this metric five times as large in these minutes; calls in other metrics' tests stay."""
    values = series[metric].copy()
    values[:, first:last] *= 5.0
    return replace(series, metrics={**series.metrics, metric: values})


def check_future_is_not_seen(predictor: Predictor, series: SeriesBatch, metric: Metric, at: int) -> None:
    """Changing everything from a minute on changes no forecast up to it."""
    before = predictor.predict(series, horizon_minutes=0).values
    for other in (metric, Metric.CALLS):
        after = predictor.predict(changed(series, other, at + 1, series.length), horizon_minutes=0).values
        np.testing.assert_array_equal(after[:, : at + 1], before[:, : at + 1])
        assert not np.array_equal(after[:, at + 1 :], before[:, at + 1 :], equal_nan=True) or other is not metric


def check_gap_is_not_seen(predictor: Predictor, series: SeriesBatch, metric: Metric, at: int) -> None:
    """Changing the minutes inside the gap changes no quantile of the minute after it."""
    before = predictor.predict(series, horizon_minutes=0).values
    after = predictor.predict(changed(series, metric, at - GAP_MINUTES + 1, at + 1), horizon_minutes=0).values
    np.testing.assert_array_equal(after[:, at], before[:, at])
    assert np.isfinite(before[:, at]).all()


def check_fit_is_repeatable(estimator: Estimator, again: Estimator, series: SeriesBatch, metric: Metric) -> None:
    """Equal input and seed give equal forecasts, ascending quantiles, a future, and an untouched input."""
    kept = series[metric].copy()
    first = estimator.fit(series, metric, seed=3).predict(series, horizon_minutes=30)
    second = again.fit(series, metric, seed=3).predict(series, horizon_minutes=30)
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(series[metric], kept)
    known = first.values[np.isfinite(first.values).all(axis=2)]
    assert np.all(np.diff(known, axis=1) >= 0)
    assert first.values.shape[1] == series.length + 30
    assert first.cutoff == series.length
