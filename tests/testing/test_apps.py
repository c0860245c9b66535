from __future__ import annotations

import numpy as np
import pytest

from tracetune.testing.apps import App, Operation, busy, draw_app, durations, error_ratios

FRONT = Operation(0, 0.010, 1.0, {1: 2.0}, 0.001)
BACK = Operation(1, 0.030, 1.0, {}, 0.002)
TWO = App((0, 1), (FRONT, BACK), 600.0)


def test_a_drawn_application_calls_only_deeper_layers() -> None:
    app = draw_app(np.random.default_rng(0), 8)
    layer = [app.layers[operation.service] for operation in app.operations]

    assert all(layer[callee] > layer[at] for at, each in enumerate(app.operations) for callee in each.calls)


def test_one_slot_waits_as_the_pollaczek_khinchine_formula_says() -> None:
    mean, _ = durations(TWO, np.full((2, 1), 0.8), np.ones(2), np.ones((2, 1)))

    assert mean[0, 1, 0] == pytest.approx(0.030 + 0.030 * 0.8 / 0.2)  # M/M/1, as variation 1 is exponential


def test_a_slow_callee_is_in_the_callers_duration_and_not_in_its_own_time() -> None:
    calm = durations(TWO, np.full((2, 1), 0.5), np.ones(2), np.ones((2, 1)))[0]
    slow = durations(TWO, np.full((2, 1), 0.5), np.ones(2), np.array([[1.0], [1.5]]))[0]

    assert slow[0, 0, 0] == calm[0, 0, 0]
    assert slow[1, 0, 0] == pytest.approx(calm[1, 0, 0] + 2.0 * (slow[1, 1, 0] - calm[1, 1, 0]))


def test_services_have_the_slots_their_peak_needs() -> None:
    rates = np.array(
        [np.linspace(3_000.0, 6_000.0, 101), np.linspace(6_000.0, 12_000.0, 101)]
    )  # 1, and 6 erlangs at most

    utilisation, slots = busy(TWO, rates, np.array([0.5, 0.5]))

    assert slots.tolist() == [2.0, 12.0]
    assert utilisation.max(axis=1) == pytest.approx([0.5, 0.5], rel=0.02)


def test_errors_of_a_callee_reach_its_callers_weakened() -> None:
    ratios = error_ratios(TWO, np.array([[0.0], [0.1]]))

    assert ratios[1, 0] == pytest.approx(0.102)
    assert ratios[0, 0] == pytest.approx(0.001 + 0.7 * 0.102)
