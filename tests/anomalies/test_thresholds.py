from __future__ import annotations

import numpy as np
import pytest

from tracetune.anomalies.rules import LASTING, QUICK, gather
from tracetune.anomalies.thresholds import threshold


def _noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 1.5, (20, 1440))


def test_clean_minutes_stay_below_the_threshold() -> None:
    limit = threshold(gather(_noise(), QUICK), QUICK)

    assert QUICK.least <= limit <= QUICK.most
    assert (gather(_noise(1), QUICK) < limit).all()


def test_a_larger_budget_gives_a_lower_threshold() -> None:
    noise = gather(2.0 * _noise(), QUICK)

    strict, lax = (threshold(noise, QUICK, false_incidents_a_week=budget) for budget in (0.01, 1000.0))

    assert lax < strict


def test_an_incident_among_the_minutes_hardly_moves_the_threshold() -> None:
    clean = _noise()
    incident = clean.copy()
    incident[:15, 700:725] += 40.0

    before, after = (threshold(gather(each, QUICK), QUICK) for each in (clean, incident))

    assert after == pytest.approx(before, abs=0.3)


def test_little_evidence_gives_the_highest_threshold() -> None:
    assert threshold(np.zeros((2, 100)), LASTING) == LASTING.most
