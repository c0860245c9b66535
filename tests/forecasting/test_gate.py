from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks
from tests.forecasting.series_data import Event, EventKind, System

from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER, Forecast
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.errors import NotEnoughData
from tracetune.forecasting import gate
from tracetune.forecasting.holt_winters import HoltWintersEstimator
from tracetune.forecasting.levels import LevelsEstimator
from tracetune.forecasting.scaling import band, uncompared
from tracetune.forecasting.seasonal import SeasonalEstimator
from tracetune.forecasting.trailing import TrailingMedianEstimator
from tracetune.ports import Estimator

METRIC = Metric.LATENCY_P95


def _forecast(
    series: SeriesBatch, metric: Metric, estimators: Sequence[Estimator], *, seed: int, horizon_minutes: int
) -> Forecast:
    return gate.judged(series, metric, estimators, seed=seed, horizon_minutes=horizon_minutes)[1]


@dataclass
class Wandering:
    """A model that guesses; it must never be let through."""

    name: str = "lstm"

    def fit(self, series: SeriesBatch, metric: Metric, *, seed: int) -> Wandering:  # noqa: ARG002 - the port's arguments
        return self

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        shape = (len(series.keys), series.length + horizon_minutes)
        guess = np.random.default_rng(0).normal(-3.0, 1.0, shape)
        values = band(METRIC, guess, np.full(shape, 0.2))
        return Forecast(
            series.keys, METRIC, series.start_minute, series.length, values, uncompared("lstm", len(series.keys))
        )


def test_a_guessing_model_falls_back_to_a_baseline_with_the_reason() -> None:
    series = System(4, services=3).series(minutes=480)

    found = _forecast(series, METRIC, [TrailingMedianEstimator(), Wandering()], seed=0, horizon_minutes=10)

    assert {verdict.model for verdict in found.verdicts} == {"trailing_median"}
    assert set(found.verdicts[0].pinball_loss) == {"trailing_median", "lstm"}
    assert "beats the LSTM by" in found.verdicts[0].reason
    assert "96 held-back minutes" in found.verdicts[0].reason


def test_bands_cover_98_percent_of_clean_held_back_minutes() -> None:
    series = System(6).series(minutes=960)

    found = _forecast(series, METRIC, [TrailingMedianEstimator(), HoltWintersEstimator()], seed=0, horizon_minutes=0)

    coverage = np.mean([verdict.coverage for verdict in found.verdicts])
    assert coverage == pytest.approx(0.98, abs=0.01)


def test_a_surge_among_the_held_back_minutes_does_not_widen_the_band() -> None:
    surge = Event(EventKind.SURGE, 0, 850, 25, 2.2)

    widths = []
    for events in ((), (surge,)):
        series = System(6).series(minutes=960, events=events)
        found = _forecast(series, Metric.CALLS, [HoltWintersEstimator()], seed=0, horizon_minutes=0)
        roots = np.sqrt(found.values[:, 400:700])
        widths.append(float(np.median(roots[:, :, UPPER] - roots[:, :, LOWER])))

    assert widths[1] < 1.25 * widths[0]


def test_first_candidate_fills_where_the_winner_is_silent() -> None:
    series = System(2, services=2, least_calls=200.0).series(minutes=2 * 1440)

    found = _forecast(series, Metric.CALLS, [TrailingMedianEstimator(), SeasonalEstimator()], seed=0, horizon_minutes=5)

    assert np.isfinite(found.values[:, 60:]).all()


def test_a_short_history_speaks_unproven() -> None:
    series = System(2, services=2).series(minutes=32)

    found = _forecast(series, METRIC, [TrailingMedianEstimator()], seed=0, horizon_minutes=60)

    assert np.isfinite(found.values[:, -60:, MIDDLE]).all()
    assert "unproven" in found.verdicts[0].reason


def test_a_history_too_short_for_every_candidate_is_refused() -> None:
    with pytest.raises(NotEnoughData, match="15 minutes are too few"):
        _forecast(
            System(2, services=2).series(minutes=15), METRIC, [TrailingMedianEstimator()], seed=0, horizon_minutes=5
        )


def test_excursions_are_stretches_and_not_single_spikes() -> None:
    values = np.ones((1, 60))
    values[0, 10] = 9.0
    values[0, 30:45] = 9.0
    quantiles = np.broadcast_to(np.linspace(0.5, 1.5, 7), (1, 60, 7))

    found = gate.excursions(values, quantiles)

    assert not found[0, :25].any()
    assert found[0, 30:45].all()
    assert not found[0, 50:].any()


def test_pinball_loss_is_nan_where_nothing_was_observed() -> None:
    quantiles = np.broadcast_to(np.linspace(0.5, 1.5, 7), (1, 2, 7))

    loss = gate.pinball_loss(np.array([[1.0, np.nan]]), quantiles)

    assert 0.0 < loss[0, 0] < 0.1
    assert np.isnan(loss[0, 1])


def test_models_chosen_on_the_past_expect_the_same_of_it_when_more_has_come() -> None:
    series = System(4, services=3).series(minutes=600)
    estimators: list[Estimator] = [TrailingMedianEstimator(), HoltWintersEstimator()]

    chosen, then = gate.judged(series.between(0, 480), METRIC, estimators, seed=0, horizon_minutes=0)
    later = chosen.expect(series, horizon_minutes=30)

    assert later.values.shape[1] == 630
    assert later.verdicts == then.verdicts
    np.testing.assert_array_equal(later.values[:, :480], then.values)


def test_series_that_came_after_the_models_learned_is_spoken_for_unproven() -> None:
    series = System(4, services=3).series(minutes=600)
    known = series.only(range(1, len(series.keys))).between(0, 480)

    chosen, _ = gate.judged(
        known, METRIC, [TrailingMedianEstimator(), HoltWintersEstimator()], seed=0, horizon_minutes=0
    )
    found = chosen.expect(series, horizon_minutes=0)

    assert found.verdicts[0].model == "trailing_median"
    assert "was not there" in found.verdicts[0].reason
    assert np.isfinite(found.values[0, 300:, MIDDLE]).any()


def test_choosing_without_a_forecast_to_keep_chooses_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    series = checks.small(480)
    estimators: list[Estimator] = [TrailingMedianEstimator(), LevelsEstimator(), HoltWintersEstimator()]

    whole, _ = gate.judged(series, METRIC, estimators, seed=0, horizon_minutes=0)
    found = gate.chosen(series, METRIC, estimators, seed=0)
    monkeypatch.setattr(gate, "AT_ONCE", 4)
    in_parts = gate.chosen(series, METRIC, estimators, seed=0)

    assert found.factors == whole.factors
    assert found.verdicts == whole.verdicts
    np.testing.assert_array_equal(found.speakers, whole.speakers)
    assert in_parts.keys == series.keys
    for part, one in zip(in_parts.verdicts, whole.verdicts, strict=True):  # a sample widens bands a little otherwise
        assert part.pinball_loss == pytest.approx(one.pinball_loss, rel=0.1)


def test_of_a_long_history_a_day_is_held_back_and_three_days_are_followed() -> None:
    series = checks.small(9 * 1440)

    found = gate.chosen(series, METRIC, [TrailingMedianEstimator()], seed=0)

    assert gate.first_held_back(series) == 8 * 1440
    told = re.search(r"\((\d+) held-back minutes\)", found.verdicts[0].reason)
    assert told is not None
    assert 1400 < int(told[1]) <= 1440  # without excursions
