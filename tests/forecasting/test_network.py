from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks

from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER
from tracetune.domain.series import Metric
from tracetune.errors import NotEnoughData
from tracetune.forecasting import weights
from tracetune.forecasting.network import LEAST_MINUTES_TO_TUNE, LstmEstimator, shipped
from tracetune.forecasting.training import Step

METRIC = Metric.LATENCY_P95


def test_the_shipped_network_says_where_it_comes_from() -> None:
    _, about = weights.load(weights.SHIPPED)

    assert about["generator_seeds"]
    assert about["steps"] > 0
    assert weights.SHIPPED.stat().st_size < 200_000


def test_the_shipped_network_gives_bands_after_half_an_hour() -> None:
    series = checks.small()

    predictor = LstmEstimator().fit(series.between(0, 30), METRIC, seed=0)
    values = predictor.predict(series, horizon_minutes=0).values
    seen, bands = series[METRIC][:, 30:], values[:, 30:]

    assert predictor.weights is shipped()
    assert np.isfinite(bands).all()
    assert 0.85 < ((seen >= bands[:, :, LOWER]) & (seen <= bands[:, :, UPPER])).mean() <= 1.0
    assert np.nanmedian(np.abs(np.log(seen / bands[:, :, MIDDLE]))) < 0.3


def test_six_hours_train_it_further_once_for_both_latencies() -> None:
    told: list[Step] = []
    series = checks.small(LEAST_MINUTES_TO_TUNE)
    estimator = LstmEstimator(steps=2, progress=told.append)

    tail, middle = (estimator.fit(series, metric, seed=0) for metric in (METRIC, Metric.LATENCY_P50))

    assert [step.number for step in told] == [1, 2]
    assert middle.weights is tail.weights
    assert not all(
        np.array_equal(getattr(tail.weights, each.name), getattr(shipped(), each.name)) for each in fields(shipped())
    )


def test_without_steps_nothing_is_trained() -> None:
    assert LstmEstimator(steps=0).fit(checks.small(LEAST_MINUTES_TO_TUNE), METRIC, seed=0).weights is shipped()


def test_too_few_minutes_are_refused() -> None:
    with pytest.raises(NotEnoughData, match="15 minutes are too few"):
        LstmEstimator().fit(checks.small(15), METRIC, seed=0)


def test_calls_are_not_for_the_network() -> None:
    with pytest.raises(ValueError, match="not calls"):
        LstmEstimator().fit(checks.small(), Metric.CALLS, seed=0)
