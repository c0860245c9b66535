"""Tests of VUS-PR by hand."""

from __future__ import annotations

import numpy as np
import pytest

from quality.volume import extended, range_auc_pr, vus_pr

LABELLED = np.zeros(100, np.bool_)
LABELLED[40:50] = True


def test_a_score_that_is_the_truth_has_the_whole_area() -> None:
    assert range_auc_pr(LABELLED.astype(np.float64), LABELLED, 0) == pytest.approx(1.0)


def test_a_constant_score_has_the_share_of_anomalous_readings() -> None:
    assert range_auc_pr(np.ones(100), LABELLED, 0) == pytest.approx(0.1)


def test_weights_fall_with_the_root_of_the_distance_on_both_sides() -> None:
    weight = extended(LABELLED, 4)

    assert weight[[37, 38, 39, 40, 49, 50, 51, 52]] == pytest.approx(
        [0.0, 0.5**0.5, 0.75**0.5, 1.0, 1.0, 0.75**0.5, 0.5**0.5, 0.0]
    )


def test_a_score_just_beside_an_anomaly_counts_only_with_a_buffer() -> None:
    beside = np.zeros(100)
    beside[39] = 1.0

    assert vus_pr(beside, LABELLED, most_buffer=8) > range_auc_pr(beside, LABELLED, 0)


def test_half_of_the_anomalies_met_halve_the_recall() -> None:
    two = LABELLED.copy()
    two[70:80] = True
    one = LABELLED.astype(np.float64)

    # The first step reaches recall 1/2 times existence 1/2 at precision 1; the rest comes at precision 0.2.
    assert range_auc_pr(one, two, 0) == pytest.approx(0.25 * 1.0 + 0.75 * 0.2)


def test_minutes_without_a_score_are_the_last() -> None:
    scores = np.where(LABELLED, 1.0, np.nan)

    assert vus_pr(scores, LABELLED, most_buffer=0) == pytest.approx(1.0)


def test_without_an_anomaly_there_is_nothing_to_say() -> None:
    assert np.isnan(vus_pr(np.ones(10), np.zeros(10, np.bool_)))
