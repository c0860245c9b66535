from __future__ import annotations

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks

from tracetune.forecasting.batches import BURN_IN_MINUTES, WINDOW_MINUTES, WINDOWS_A_STEP, Part, batch
from tracetune.forecasting.windows import FEATURES, Inputs, Scales

LATENCY, KNOWN = FEATURES.index("latency_before_gap"), FEATURES.index("latency_before_gap_known")


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    series = checks.small()
    return Inputs.of(series, Scales.of(series))


def test_windows_depend_on_seed_and_step_alone(inputs: Inputs) -> None:
    rows = np.arange(12)

    first, same, later, other = (
        batch(inputs, rows, seed=seed, step=step, part=Part()).features
        for seed, step in ((1, 5), (1, 5), (1, 6), (2, 5))
    )

    assert np.array_equal(first, same)
    assert not np.array_equal(first, later)
    assert not np.array_equal(first, other)


def test_parts_are_together_the_whole(inputs: Inputs) -> None:
    rows = np.arange(12)
    whole = batch(inputs, rows, seed=1, step=3, part=Part())

    parts = [batch(inputs, rows, seed=1, step=3, part=Part(number, 2)) for number in range(2)]

    for at, values in enumerate(whole):
        np.testing.assert_array_equal(parts[0][at], values[0::2])
        np.testing.assert_array_equal(parts[1][at], values[1::2])


def test_targets_hold_no_made_up_excursions(inputs: Inputs) -> None:
    every = np.arange(inputs.series.length)
    seen = inputs.latency(np.arange(12), np.broadcast_to(every, (12, len(every))))
    known = np.unique(np.round(seen[np.isfinite(seen)].astype(np.float32), 4))

    made = batch(inputs, np.arange(12), seed=1, step=0, part=Part(), cold_share=0.0)

    assert np.isin(np.round(made.targets[made.weights > 0].ravel(), 4), known).all()
    assert made.features[:, :, LATENCY].max() > known.max()


def test_burn_in_does_not_count_and_some_ends_are_hidden(inputs: Inputs) -> None:
    made = batch(inputs, np.arange(12), seed=1, step=0, part=Part())

    assert made.features.shape == (WINDOWS_A_STEP, WINDOW_MINUTES, len(FEATURES))
    assert made.weights[:, :BURN_IN_MINUTES].sum() == 0
    assert 0.0 < (made.features[:, -1, KNOWN] == 0).mean() < 0.5


def test_a_cold_window_moves_inputs_and_targets_together(inputs: Inputs) -> None:
    usual, cold = (batch(inputs, np.arange(12), seed=1, step=0, part=Part(), cold_share=share) for share in (0.0, 1.0))

    counted = usual.weights[0] > 0
    before, after = usual.targets[0, counted, 0], cold.targets[0, counted, 0]
    slope, move = np.polyfit(before, after, 1)

    np.testing.assert_allclose(after, slope * before + move, atol=1e-4)
    assert abs(slope - 1.0) > 0.01
    assert np.array_equal(usual.weights, cold.weights)
