"""Made-up series have a day's shape, an outage, and latency that follows load."""

from __future__ import annotations

import numpy as np

from tracetune.domain.series import Metric
from tracetune.testing.series import random_series


def test_outage_is_not_observed_in_any_metric() -> None:
    series = random_series(1, minutes=300, missing=7)

    assert (~series.observed).sum() == 7
    assert all(np.isnan(series[metric][:, ~series.observed]).all() for metric in Metric)
    assert np.isfinite(series[Metric.CALLS][:, series.observed]).all()


def test_noon_has_more_calls_and_higher_latency_than_midnight() -> None:
    series = random_series(1, minutes=1440)
    noon, midnight = slice(660, 780), slice(0, 60)

    for metric in (Metric.CALLS, Metric.LATENCY_P50):
        assert np.nanmean(series[metric][0, noon]) > 1.2 * np.nanmean(series[metric][0, midnight])


def test_minutes_without_calls_have_no_latency() -> None:
    series = random_series(1, minutes=600, keys=7)
    quiet = series[Metric.CALLS] == 0

    assert quiet.any()
    assert np.isnan(series[Metric.LATENCY_P95][quiet]).all()
    assert np.isnan(series[Metric.ERROR_RATIO][quiet]).all()
