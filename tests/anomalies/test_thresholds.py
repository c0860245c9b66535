from __future__ import annotations

import numpy as np
import pytest

from tracetune.anomalies.rules import LASTING, QUICK, gather
from tracetune.anomalies.thresholds import threshold, thresholds_by_series


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


def _mixed(seed: int, count: int = 60) -> np.ndarray:
    """Every third series is twice as noisy."""
    factor = np.where(np.arange(count) % 3 == 0, 2.0, 1.0)
    return np.random.default_rng(seed).normal(0.0, 1.0, (count, 2880)) * factor[:, None]


def test_a_noisy_series_has_a_higher_level_and_leaves_that_of_the_others_low() -> None:
    past = gather(_mixed(0), QUICK)

    levels = thresholds_by_series(past, np.full(60, 50.0), QUICK, false_incidents_a_week=700.0)

    assert levels[::3].min() > levels[1::3].max()
    assert levels[1::3].max() < threshold(past, QUICK, false_incidents_a_week=700.0)


def test_scales_read_from_the_same_minutes_do_not_spend_more_than_the_budget() -> None:
    budget = 60.0  # false alarms a day, an eighth of them by this rule
    past, later = (gather(2.0 * np.random.default_rng(seed).normal(0.0, 1.0, (60, 600)), QUICK) for seed in (1, 2))

    levels = thresholds_by_series(past, np.full(60, 50.0), QUICK, false_incidents_a_week=7.0 * budget)

    begins = np.diff((later >= levels[:, None]).astype(int), axis=1) > 0
    assert begins.sum() <= budget / 8 * 600 / 1440 + 3


def test_an_incident_hardly_moves_the_level_of_its_series() -> None:
    clean = _mixed(3)
    incident = clean.copy()
    incident[1, 700:820] += 40.0

    before, after = (thresholds_by_series(gather(each, QUICK), np.full(60, 50.0), QUICK) for each in (clean, incident))

    assert after[1] == pytest.approx(before[1], rel=0.05)


def test_no_level_leaves_the_bounds_of_its_rule() -> None:
    levels = thresholds_by_series(gather(20.0 * _mixed(4), QUICK), np.full(60, 50.0), QUICK)

    assert QUICK.least <= levels.min() <= levels.max() <= QUICK.most
