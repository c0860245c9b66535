from __future__ import annotations

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks

from tracetune.domain.series import Metric
from tracetune.forecasting.following import Follower
from tracetune.forecasting.holt_winters import HoltWintersEstimator
from tracetune.forecasting.levels import LevelsEstimator
from tracetune.forecasting.regression import RegressionEstimator
from tracetune.forecasting.scaling import to_model_scale
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.seasonal import SeasonalEstimator
from tracetune.forecasting.trailing import TrailingMedianEstimator

METRIC = Metric.LATENCY_P95
Simple = TrailingMedianEstimator | LevelsEstimator | HoltWintersEstimator | SeasonalEstimator | RegressionEstimator
SIMPLE: list[Simple] = [
    TrailingMedianEstimator(),
    LevelsEstimator(),
    HoltWintersEstimator(),
    SeasonalEstimator(),
    RegressionEstimator(),
]


def _followed(follower: Follower, minutes: int) -> Follower:
    series = checks.small(minutes)
    for minute in range(minutes):
        follower.step(series[METRIC][:, minute], series[Metric.CALLS][:, minute])
    return follower


@pytest.mark.parametrize("estimator", SIMPLE, ids=lambda each: each.name)
def test_moving_a_series_moves_its_forecast_by_as_much_and_no_other(
    estimator: Simple,
) -> None:
    series = checks.small(1450)
    follower = _followed(estimator.fit(series, METRIC, seed=0).follow(series.keys, 0), 1450)

    before = to_model_scale(METRIC, follower.ahead(10))
    follower.shift(np.array([1]), np.array([0.5]))
    moved = to_model_scale(METRIC, follower.ahead(10)) - before

    np.testing.assert_allclose(moved[1], 0.5, atol=1e-6)
    np.testing.assert_array_equal(np.delete(moved, 1, axis=0), 0.0)


def test_moving_a_series_moves_the_networks_forecast_by_as_much(predictor: LstmPredictor) -> None:
    series = checks.small()
    follower = _followed(predictor.follow(series.keys, series.start_minute), 100)

    before = to_model_scale(METRIC, follower.ahead(10))
    follower.shift(np.array([1]), np.array([0.5]))
    moved = to_model_scale(METRIC, follower.ahead(10)) - before

    np.testing.assert_allclose(moved[1], 0.5, atol=1e-5)
    np.testing.assert_array_equal(np.delete(moved, 1, axis=0), 0.0)


def test_looking_ahead_changes_nothing(predictor: LstmPredictor) -> None:
    follower = _followed(predictor.follow(checks.small().keys, 0), 60)
    before = {name: values.copy() for name, values in follower.state().items()}

    follower.ahead(20)

    for name, values in follower.state().items():
        np.testing.assert_array_equal(values, before[name])


def test_every_array_has_a_row_for_each_series() -> None:
    keys = checks.small().keys

    for estimator in SIMPLE:
        state = estimator.fit(checks.small(), METRIC, seed=0).follow(keys, 0).state()

        assert {len(values) for values in state.values()} == {len(keys)}
