"""The load of the next minutes: seen, heading, and forecast."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from tracetune.domain.analysis import Learned
from tracetune.domain.forecasts import QUANTILES, Forecast, Verdict
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.tuning.advice.soon import soon_calls_per_second

KEY = SeriesKey("shop", "GET /")
MINUTES = 40
AHEAD = 60


def _learned(rates: NDArray[np.float64], expected: NDArray[np.float64] | None = None) -> Learned:
    """Calls a second in each minute, and the median forecast of them and of AHEAD minutes more; its P90 is 1.2 times that."""
    calls = 60 * rates[None, :]
    metrics = {metric: calls if metric is Metric.CALLS else np.full_like(calls, np.nan) for metric in Metric}
    series = SeriesBatch((KEY,), 29_000_000, metrics, ~np.isnan(rates), np.ones(1))
    if expected is None:
        return Learned(series, {}, ())
    spread = np.array([0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3])
    assert len(spread) == len(QUANTILES)
    values = 60 * expected[None, :, None] * spread
    verdict = Verdict("seasonal", {}, math.nan, "")
    forecast = Forecast((KEY,), Metric.CALLS, series.start_minute, len(rates), values, (verdict,))
    return Learned(series, {Metric.CALLS: forecast}, ())


def _level(rate: float = 10.0) -> NDArray[np.float64]:
    return np.full(MINUTES, rate)


def test_steady_load_stays_and_its_noise_is_no_rise() -> None:
    noisy = _level() + np.tile([0.3, -0.3, 0.1, -0.2], 10)

    assert soon_calls_per_second("shop", _learned(_level())) == pytest.approx(10.0)
    assert soon_calls_per_second("shop", _learned(noisy)) == pytest.approx(noisy[-1])


def test_a_sure_rise_is_continued_until_new_replicas_serve_and_a_fall_is_not() -> None:
    rising = np.concatenate((_level()[:35], [12.0, 14.0, 16.0, 18.0, 20.0]))
    falling = rising[::-1]

    assert soon_calls_per_second("shop", _learned(rising)) == pytest.approx(24.0)
    assert soon_calls_per_second("shop", _learned(falling[:5])) == pytest.approx(12.0)


def test_a_rise_that_is_forecast_counts_ten_minutes_before_it_and_no_sooner() -> None:
    expected = np.concatenate((_level(), np.full(5, 10.0), np.full(AHEAD - 5, 30.0)))
    late = np.concatenate((_level(), np.full(15, 10.0), np.full(AHEAD - 15, 30.0)))

    assert soon_calls_per_second("shop", _learned(_level(), expected)) == pytest.approx(30.0)
    assert soon_calls_per_second("shop", _learned(_level(), late)) == pytest.approx(10.0)


def test_a_forecast_counts_by_its_change_and_not_by_its_level() -> None:
    """After a high hour that nobody knew, the median of the last minutes is far above the load that is left."""
    high = np.full(MINUTES + AHEAD, 30.0)
    twice = np.concatenate((np.full(MINUTES, 30.0), np.full(AHEAD, 60.0)))

    assert soon_calls_per_second("shop", _learned(_level(), high)) == pytest.approx(10.0)
    assert soon_calls_per_second("shop", _learned(_level(), twice)) == pytest.approx(20.0)
    assert soon_calls_per_second("shop", _learned(_level(30.0), np.full(MINUTES + AHEAD, 10.0))) == pytest.approx(30.0)


def test_a_change_from_next_to_nothing_is_bounded_by_the_ninetieth_percentile() -> None:
    night = np.concatenate((np.full(MINUTES, 0.1), np.full(AHEAD, 10.0)))
    never = np.concatenate((np.zeros(MINUTES), np.full(AHEAD, 10.0)))

    assert soon_calls_per_second("shop", _learned(_level(0.5), night)) == pytest.approx(12.0)
    assert soon_calls_per_second("shop", _learned(_level(0.5), never)) == pytest.approx(12.0)


def test_a_dip_of_one_minute_takes_little_away() -> None:
    dipped = _level(30.0)
    dipped[-1] = 0.0

    assert soon_calls_per_second("shop", _learned(dipped, np.full(MINUTES + AHEAD, 30.0))) == pytest.approx(24.0)


def test_unobserved_minutes_are_not_silence_and_nothing_seen_lately_is_not_known() -> None:
    gap, away = _level(), _level()
    gap[-2] = math.nan
    away[-5:] = math.nan

    assert soon_calls_per_second("shop", _learned(gap)) == pytest.approx(10.0)
    assert math.isnan(soon_calls_per_second("shop", _learned(away, np.full(MINUTES + AHEAD, 10.0))))
