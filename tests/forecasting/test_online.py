from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.forecasting import estimator_checks as checks
from tests.forecasting.series_data import Event, EventKind, System

from tracetune.domain.forecasts import MIDDLE, UPPER
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import Conflict, InvalidInput
from tracetune.forecasting.calibration import Widening
from tracetune.forecasting.gate import Chosen
from tracetune.forecasting.holt_winters import HoltWintersEstimator
from tracetune.forecasting.learn import Normal
from tracetune.forecasting.online import OnlineForecaster
from tracetune.forecasting.regression import RegressionEstimator
from tracetune.forecasting.scaling import uncompared
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.seasonal import SeasonalEstimator
from tracetune.forecasting.trailing import TrailingMedianEstimator

METRIC = Metric.LATENCY_P95
BUSY = 2

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def normal(predictor: LstmPredictor) -> Normal:
    """Every model speaks for a series or two of ``checks.small``, each with its own widening."""
    series = checks.small()
    fitted = [
        each.fit(series, METRIC, seed=0)
        for each in (TrailingMedianEstimator(), SeasonalEstimator(), HoltWintersEstimator(), RegressionEstimator())
    ]
    factors = tuple(Widening(1.0 + 0.1 * at, 1.2) for at in range(5))
    speakers = np.array([4, 4, 4, 2, 1, 3])
    return Normal({METRIC: Chosen(METRIC, (*fitted, predictor), factors, series.keys, speakers, uncompared("", 6))}, ())


def _minute(series: SeriesBatch, at: int) -> dict[Metric, Array]:
    return {metric: series[metric][:, at] for metric in (METRIC, Metric.CALLS)}


def test_live_equals_batch_minute_by_minute_and_ahead(normal: Normal) -> None:
    series = System(5, services=3).series(minutes=1480, unobserved=[(200, 215)])
    batch = normal.models[METRIC].expect(series, horizon_minutes=30).values

    online = OnlineForecaster(normal, series.start_minute)
    live = [
        online.step(series.start_minute + at, series.keys, _minute(series, at))[METRIC] for at in range(series.length)
    ]

    np.testing.assert_allclose(np.stack(live, axis=1), batch[:, : series.length], rtol=1e-5)
    np.testing.assert_allclose(online.ahead(30)[METRIC], batch[:, series.length :], rtol=1e-5)


def test_minutes_that_are_left_out_count_as_not_observed(normal: Normal) -> None:
    series = System(5, services=3).series(minutes=300, unobserved=[(200, 215)])
    batch = normal.models[METRIC].expect(series, horizon_minutes=0).values

    online = OnlineForecaster.after(normal, series.between(0, 200))
    later = online.follow(series.between(215, 300))

    np.testing.assert_allclose(later[METRIC], batch[:, 215:], rtol=1e-5)


def test_a_series_that_begins_later_is_forecast_like_in_the_batch(normal: Normal) -> None:
    whole = System(5, services=3).series(minutes=500)
    keys = (*whole.keys[:5], SeriesKey("new", "GET /"))
    metrics = {metric: np.where(np.arange(500) < 150, np.nan, values) for metric, values in whole.metrics.items()}
    late = {metric: np.concatenate([whole[metric][:5], values[5:]]) for metric, values in metrics.items()}
    series = replace(whole, keys=keys, metrics=late)
    batch = normal.models[METRIC].expect(series, horizon_minutes=0)

    online = OnlineForecaster.after(normal, series.only(range(5)).between(0, 150))
    live = online.follow(series.between(150, 500))[METRIC]

    np.testing.assert_allclose(live, batch.values[:, 150:], rtol=1e-5)
    assert batch.verdicts[5].model == "lstm"
    assert np.isnan(live[5, :20]).all()
    assert np.isfinite(live[5, 40:]).all()


def test_changing_the_future_changes_nothing_before_it(normal: Normal) -> None:
    series = checks.small()
    later = checks.changed(series, METRIC, 300, series.length)

    first, second = (OnlineForecaster(normal, series.start_minute).follow(each)[METRIC] for each in (series, later))

    np.testing.assert_array_equal(first[:, :315], second[:, :315])  # the gap, too
    assert not np.array_equal(first[:, 315:], second[:, 315:])


def test_restored_state_goes_on_as_if_nothing_had_happened(normal: Normal) -> None:
    series = checks.small()
    online = OnlineForecaster.after(normal, series.between(0, 200))
    facts, arrays = online.state()
    kept = {name: values.copy() for name, values in arrays.items()}

    again = OnlineForecaster.restored(normal, facts, kept)

    rest = series.between(200, series.length)
    np.testing.assert_array_equal(online.follow(rest)[METRIC], again.follow(rest)[METRIC])


def test_state_of_other_models_is_refused(normal: Normal) -> None:
    facts, arrays = OnlineForecaster.after(normal, checks.small().between(0, 20)).state()

    with pytest.raises(ValueError, match="missing or of another shape"):
        OnlineForecaster.restored(normal, facts, {name: values[:2] for name, values in arrays.items()})


def test_a_minute_is_followed_once(normal: Normal) -> None:
    series = checks.small()
    online = OnlineForecaster.after(normal, series.between(0, 50))

    with pytest.raises(Conflict, match="followed already"):
        online.step(series.start_minute + 49, series.keys, _minute(series, 49))


def test_a_silence_of_days_asks_for_a_new_beginning(normal: Normal) -> None:
    series = checks.small()
    online = OnlineForecaster.after(normal, series.between(0, 50))

    with pytest.raises(InvalidInput, match="minutes are missing"):
        online.step(series.start_minute + 5000, series.keys, _minute(series, 50))


def _stepped(minutes: int, at: int = 300) -> SeriesBatch:
    """Three times as slow for so many minutes, in service 1; its busy operation is BUSY."""
    return System(5, services=3).series(minutes=520, events=[Event(EventKind.STEP, 1, at, minutes, 3.0)])


def test_a_level_that_stays_is_followed_after_an_hour_and_a_half(normal: Normal) -> None:
    series = _stepped(220)

    band = OnlineForecaster(normal, series.start_minute).follow(series)[METRIC]

    inside = series[METRIC][BUSY] < band[BUSY, :, UPPER]
    assert inside[300:380].mean() < 0.2
    assert inside[405:].mean() > 0.8


def test_fifty_minutes_of_slowness_are_not_learned(normal: Normal) -> None:
    series, clean = _stepped(50), System(5, services=3).series(minutes=520)

    slowed, usual = (OnlineForecaster(normal, each.start_minute).follow(each)[METRIC] for each in (series, clean))

    assert np.all(slowed[BUSY, 300:420, MIDDLE] < 1.4 * usual[BUSY, 300:420, MIDDLE])


def test_a_released_service_is_followed_after_ten_minutes_and_others_are_not(normal: Normal) -> None:
    series = _stepped(220)
    online = OnlineForecaster.after(normal, series.between(0, 300))

    online.release(frozenset({"svc-1"}))
    band = online.follow(series.between(300, 520))[METRIC]

    inside = series[METRIC][BUSY, 300:] < band[BUSY, :, UPPER]
    assert inside[:8].mean() < 0.3
    assert inside[15:].mean() > 0.8
