from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.forecasting.series_data import Event, EventKind, System

from tracetune.domain.analysis import Learned
from tracetune.domain.forecasts import Forecast
from tracetune.domain.series import Metric
from tracetune.forecasting.retrain import Facts, coverage, reason_to_retrain
from tracetune.forecasting.trailing import TrailingMedianEstimator

CALM = Facts(history_minutes=3000, learned_minutes=2900, since_minutes=600, coverage=0.98)


def test_calm_models_are_left_alone() -> None:
    assert reason_to_retrain(CALM) == ""


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(history_minutes=30), "nothing was learned yet"),
        (Facts(history_minutes=360, learned_minutes=359, since_minutes=1), "6 hours of history"),
        (Facts(history_minutes=1440, learned_minutes=900, since_minutes=540, coverage=0.98), "24 hours of history"),
        (replace(CALM, since_minutes=1440), "a day old"),
        (replace(CALM, coverage=0.90), "90 % of the last hours, not 98 %"),
        (replace(CALM, new_series_share=0.25), "25 % of the operations are new"),
    ],
)
def test_every_reason_is_said(facts: Facts, reason: str) -> None:
    assert reason in reason_to_retrain(facts)


@pytest.mark.parametrize(
    "facts",
    [
        Facts(history_minutes=29),
        replace(CALM, coverage=0.90, since_minutes=60),
        replace(CALM, coverage=float("nan")),
        replace(CALM, new_series_share=0.5, since_minutes=60),
    ],
)
def test_too_early_or_too_little_is_no_reason(facts: Facts) -> None:
    assert reason_to_retrain(facts) == ""


def _learned(minutes: int, events: list[Event]) -> Learned:
    series = System(6).series(minutes=minutes, events=events)
    predictor = TrailingMedianEstimator().fit(series, Metric.LATENCY_P95, seed=0)
    return Learned(series, {Metric.LATENCY_P95: predictor.predict(series, horizon_minutes=10)}, ())


def test_an_incident_is_no_drift() -> None:
    slow = Event(EventKind.STEP, 1, 400, 60, 3.0)

    assert coverage(_learned(480, [slow])) == pytest.approx(coverage(_learned(480, [])), abs=0.01)


def test_bands_that_are_too_narrow_everywhere_are_drift() -> None:
    learned = _learned(480, [])
    narrow = learned.forecasts[Metric.LATENCY_P95]
    middle = narrow.values[:, :, 3:4]
    values = middle * (narrow.values / middle) ** 0.4
    forecasts: dict[Metric, Forecast] = {Metric.LATENCY_P95: replace(narrow, values=values)}

    found = coverage(replace(learned, forecasts=forecasts))

    assert reason_to_retrain(replace(CALM, coverage=found)) != ""


def test_too_few_minutes_have_no_coverage() -> None:
    assert np.isnan(coverage(_learned(480, []), minutes=60))
