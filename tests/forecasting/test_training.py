from __future__ import annotations

import sys
from dataclasses import fields

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks

from tracetune.domain.series import Metric
from tracetune.errors import NotEnoughData, Unavailable
from tracetune.forecasting import training
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.training import BURN_IN_MINUTES, WINDOW_MINUTES, LstmEstimator, batches
from tracetune.forecasting.windows import FEATURES, Inputs, Scales

KNOWN = FEATURES.index("latency_before_gap_known")


def test_training_lowers_the_loss_and_reports_each_step(
    predictor: LstmPredictor, losses: list[tuple[int, int, float]]
) -> None:
    assert predictor.name == "lstm"
    assert [(step, steps) for step, steps, _ in losses[:25]] == [(step, 25) for step in range(1, 26)]
    assert np.mean([loss for _, _, loss in losses[-5:]]) < 0.8 * losses[0][2]


def test_equal_seeds_give_equal_weights(predictor: LstmPredictor) -> None:
    again = LstmEstimator(steps=25).fit(checks.small(), Metric.LATENCY_P95, seed=0)

    assert all(
        np.array_equal(getattr(again.weights, each.name), getattr(predictor.weights, each.name))
        for each in fields(again.weights)
    )


def test_another_seed_draws_other_windows() -> None:
    series = checks.small()
    inputs = Inputs.of(series, Scales.of(series))

    first, same, other = (
        next(batches(inputs, np.arange(len(inputs.latency)), steps=1, seed=seed)).features for seed in (1, 1, 2)
    )

    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_both_latencies_share_one_training(
    estimator: LstmEstimator, predictor: LstmPredictor, losses: list[tuple[int, int, float]]
) -> None:
    told = len(losses)
    other = estimator.fit(checks.small(), Metric.LATENCY_P50, seed=0)

    assert other.weights is predictor.weights
    assert len(losses) == told


def test_targets_hold_no_made_up_excursions() -> None:
    series = checks.small()
    inputs = Inputs.of(series, Scales.of(series))
    rows = np.arange(len(inputs.latency))

    batch = next(batches(inputs, rows, steps=1, seed=1))
    known = np.sort(np.round(inputs.latency[np.isfinite(inputs.latency)].astype(np.float32), 4))
    shown = np.round(batch.targets[batch.weights > 0].ravel(), 4)

    assert np.isin(shown, known).all()
    assert batch.features[:, :, 0].max() > inputs.latency[np.isfinite(inputs.latency)].max()


def test_burn_in_does_not_count_and_some_ends_are_hidden() -> None:
    series = checks.small()
    inputs = Inputs.of(series, Scales.of(series))

    batch = next(batches(inputs, np.arange(len(inputs.latency)), steps=1, seed=1))

    assert batch.features.shape == (training.WINDOWS_A_STEP, WINDOW_MINUTES, len(FEATURES))
    assert batch.weights[:, :BURN_IN_MINUTES].sum() == 0
    assert 0.0 < (batch.features[:, -1, KNOWN] == 0).mean() < 0.5


def test_too_short_a_history_is_refused_with_the_least() -> None:
    with pytest.raises(NotEnoughData, match="200 minutes are too few") as refused:
        LstmEstimator().fit(checks.small(200), Metric.LATENCY_P95, seed=0)

    assert "4 hours" in refused.value.hint


def test_calls_are_not_for_the_network() -> None:
    with pytest.raises(ValueError, match="not calls"):
        LstmEstimator().fit(checks.small(), Metric.CALLS, seed=0)


def test_without_keras_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)  # what Python does for a module that is not there

    with pytest.raises(Unavailable) as refused:
        LstmEstimator(steps=1).fit(checks.small(), Metric.LATENCY_P95, seed=0)

    assert "pip install 'tracetune[learn]'" in refused.value.hint
