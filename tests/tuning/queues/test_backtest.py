"""Predictions of the sample's own minutes."""

from __future__ import annotations

import numpy as np
import pytest
from tests.tuning.queue_data import model, requests

from tracetune.tuning.queues.backtest import back_test


def _seen() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    done = requests()
    root = done.parent < 0
    begun = (done.arrived[root] - done.arrived.min()) / 1e9
    return begun, (done.ended - done.arrived)[root] / 1e9, (begun // 10).astype(np.int64)


def test_a_model_that_is_right_needs_little_widening() -> None:
    widening, _ = back_test(model(), *_seen())

    assert (widening >= 1).all()
    assert (widening < 1.1).all()


def test_a_model_that_is_wrong_is_widened_until_it_holds() -> None:
    begun, took, minute = _seen()

    widening, _ = back_test(model(), begun, took * 1.5, minute)

    assert (widening > 1.2).all()


def test_an_error_that_goes_along_with_load_is_a_drift() -> None:
    begun, took, _ = _seen()
    squeezed = np.where(begun < 30, begun, 30 + (begun - 30) / 2)
    minute = (squeezed // 5).astype(np.int64)

    slope, t = back_test(model(), squeezed, took, minute)[1]

    assert slope < -0.15  # at twice the load the model expects longer waits than these
    assert t < -2
    assert back_test(model(), begun, took, (begun // 10).astype(np.int64))[1] == pytest.approx((0.0, 0.0))
