from __future__ import annotations

import numpy as np
from tests.forecasting import estimator_checks as checks
from tests.forecasting.series_data import System

from tracetune.domain.forecasts import MIDDLE
from tracetune.domain.series import Metric
from tracetune.forecasting.seasonal import SeasonalEstimator

DAY = 1440


def test_the_first_day_has_no_forecast_and_the_second_has() -> None:
    series = System(3, services=2).series(minutes=DAY + 60)

    values = SeasonalEstimator().fit(series, Metric.CALLS, seed=0).predict(series, horizon_minutes=30).values

    assert np.isnan(values[:, :DAY]).all()
    assert np.isfinite(values[:, DAY + 3 : DAY + 90]).all()  # from the tenth value around the same minute on


def test_the_same_minute_of_yesterday_is_expected() -> None:
    series = System(3, services=2).series(minutes=DAY + 60)

    values = SeasonalEstimator().fit(series, Metric.CALLS, seed=0).predict(series, horizon_minutes=0).values
    around = np.median(np.sqrt(series[Metric.CALLS][:, 30 - 7 : 30 + 8]), axis=1) ** 2

    np.testing.assert_allclose(values[:, DAY + 30, MIDDLE], around)


def test_neither_the_future_nor_the_gap_changes_a_forecast() -> None:
    series = System(3, services=2).series(minutes=DAY + 300)

    predictor = SeasonalEstimator().fit(series, Metric.LATENCY_P50, seed=0)
    before = predictor.predict(series, horizon_minutes=0).values
    # the second day stays as it was: a level that stays away there is followed within the day, as it should be
    after = predictor.predict(checks.changed(series, Metric.LATENCY_P50, 200, DAY), horizon_minutes=0).values

    np.testing.assert_array_equal(after[:, : DAY + 190], before[:, : DAY + 190])
    assert not np.array_equal(after[:, DAY + 210 :], before[:, DAY + 210 :])


def test_equal_input_gives_equal_forecasts() -> None:
    checks.check_fit_is_repeatable(
        SeasonalEstimator(), SeasonalEstimator(), System(3, services=2).series(minutes=DAY + 30), Metric.LATENCY_P95
    )
