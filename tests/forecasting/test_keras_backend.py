from __future__ import annotations

import pytest

from tracetune.forecasting.keras_backend import backend, can_train


def test_training_is_possible_where_keras_and_jax_are_installed() -> None:
    assert can_train()


def test_a_backend_that_is_not_there_cannot_train(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "no_such_backend")

    assert backend() == "no_such_backend"
    assert not can_train()
