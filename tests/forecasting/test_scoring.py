from __future__ import annotations

import numpy as np
from tests.forecasting import estimator_checks as checks
from tests.forecasting.series_data import Event, EventKind, System

from tracetune.domain.forecasts import MIDDLE
from tracetune.domain.series import Metric
from tracetune.forecasting.scoring import WARM_UP_MINUTES, LstmPredictor
from tracetune.forecasting.windows import GAP_MINUTES

METRIC = Metric.LATENCY_P95


def test_the_future_changes_no_forecast(predictor: LstmPredictor) -> None:
    checks.check_future_is_not_seen(predictor, checks.small(), METRIC, 200)


def test_the_gap_changes_no_forecast(predictor: LstmPredictor) -> None:
    checks.check_gap_is_not_seen(predictor, checks.small(), METRIC, 250)


def test_the_calls_of_the_minute_itself_change_its_forecast(predictor: LstmPredictor) -> None:
    series = checks.small()

    before, after = (
        predictor.predict(each, horizon_minutes=0).values[:, 250]
        for each in (series, checks.changed(series, Metric.CALLS, 250, 251))
    )

    assert not np.array_equal(before, after)


def test_an_hour_of_slowness_is_not_followed(predictor: LstmPredictor) -> None:
    slow = Event(EventKind.STEP, 1, 300, 60, 3.0)

    clean, slowed = (
        predictor.predict(System(5, services=3).series(minutes=420, events=events), horizon_minutes=0).values
        for events in ((), (slow,))
    )

    assert np.all(slowed[2:4, 359, MIDDLE] < 1.4 * clean[2:4, 359, MIDDLE])


def test_the_first_minutes_have_no_forecast_and_the_future_has(predictor: LstmPredictor) -> None:
    values = predictor.predict(checks.small(), horizon_minutes=60).values

    assert np.isnan(values[:, :WARM_UP_MINUTES]).all()
    assert np.isfinite(values[:, WARM_UP_MINUTES:]).all()
    assert values.shape[1] == 420 + 60 > 420 + GAP_MINUTES
