from __future__ import annotations

from dataclasses import fields

import numpy as np

from tracetune.domain.forecasts import QUANTILES
from tracetune.forecasting.keras_backend import load_keras
from tracetune.forecasting.windows import FEATURES

load_keras()

from tracetune.forecasting import lstm  # noqa: E402 - the backend must be chosen before


def test_quantiles_never_cross_whatever_the_input() -> None:
    features = np.random.default_rng(0).normal(0.0, 50.0, (4, 30, len(FEATURES))).astype(np.float32)

    network = lstm.build(30)
    lstm.put(network, lstm.first_weights(1))

    quantiles = np.asarray(network(features))

    assert quantiles.shape == (4, 30, len(QUANTILES))
    assert np.all(np.diff(quantiles, axis=-1) > 0)


def test_equal_seeds_give_equal_weights() -> None:
    first, same, other = (lstm.first_weights(seed) for seed in (7, 7, 8))

    assert all(np.array_equal(getattr(first, each.name), getattr(same, each.name)) for each in fields(first))
    assert not np.array_equal(first.kernel, other.kernel)


def test_pinball_loss_is_that_of_the_formula() -> None:
    target = np.array([[[2.0]]], np.float32)
    quantiles = np.array([[[0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0]]], np.float32)

    loss = float(np.asarray(lstm.pinball(target, quantiles))[0, 0])

    by_hand = [0.01 * 2.0, 0.1 * 1.0, 0.25 * 0.5, 0.0, 0.25 * 1.0, 0.1 * 2.0, 0.01 * 3.0]
    assert np.isclose(loss, np.mean(by_hand))


def test_weights_that_are_put_in_come_out_again() -> None:
    network, drawn = lstm.build(10), lstm.first_weights(3)

    lstm.put(network, drawn)

    found = lstm.weights(network)
    assert all(np.array_equal(getattr(found, each.name), getattr(drawn, each.name)) for each in fields(drawn))


def test_first_recurrence_is_orthogonal_and_forgets_nothing() -> None:
    drawn = lstm.first_weights(3)

    np.testing.assert_allclose(drawn.recurrent @ drawn.recurrent.T, np.eye(lstm.HIDDEN), atol=1e-5)
    assert drawn.bias.sum() == lstm.HIDDEN
