from __future__ import annotations

import numpy as np
from tests.forecasting.series_data import System

from tracetune.domain.series import Metric
from tracetune.forecasting.excursions import Made, event_f1, make
from tracetune.forecasting.scaling import band, to_model_scale

METRIC = Metric.LATENCY_P95
SERIES = System(41, services=8, least_calls=200.0).series(minutes=400)
FIRST = 300


def _made() -> Made:
    made = make(SERIES, METRIC, FIRST, seed=0)
    assert made is not None
    return made


def _level(values: np.ndarray) -> np.ndarray:
    """Bands of a model that keeps the level of the first minutes."""
    scaled = to_model_scale(METRIC, values)
    middle = np.repeat(np.nanmedian(scaled[:, :FIRST], axis=1)[:, None], values.shape[1], axis=1)
    spread = np.repeat(np.nanstd(scaled[:, :FIRST], axis=1)[:, None], values.shape[1], axis=1)
    return band(METRIC, middle, spread)


def _following(values: np.ndarray) -> np.ndarray:
    """Bands of a model that expects of each minute what it was."""
    scaled = to_model_scale(METRIC, values)
    return band(METRIC, scaled, np.full_like(scaled, 0.2))


def test_only_the_excursion_differs_and_lies_after_the_first_minute() -> None:
    made = _made()
    differs = made.calm[METRIC] != made.changed[METRIC]

    assert not differs[:, :FIRST].any()
    assert (differs.sum(axis=1) <= made.minutes).all()
    assert differs.any(axis=1).all()
    assert np.array_equal(made.calm[Metric.CALLS], made.changed[Metric.CALLS], equal_nan=True)


def test_a_model_that_keeps_its_level_shows_what_one_that_follows_hides() -> None:
    made = _made()
    calm, changed = made.calm[METRIC], made.changed[METRIC]

    steady = event_f1(made, METRIC, _level(calm), _level(changed), FIRST)
    hidden = event_f1(made, METRIC, _following(calm), _following(changed), FIRST)

    assert steady > 0.6
    assert hidden < 0.3


def test_too_few_held_back_minutes_leave_no_room() -> None:
    assert make(SERIES, METRIC, 360, seed=0) is None
