"""Tests of the benchmark's score, by hand and against a published figure."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from quality import nab_data
from quality.nab_scorer import at, best, points, probation

Array = NDArray[np.float64]
WINDOW_GAUSSIAN_PUBLISHED = 39.649523496077585  # results/final_results.json of the benchmark, standard profile
LENGTH = 100


def test_no_alarm_scores_nothing() -> None:
    truth = points([LENGTH], [[(50, 59)]])

    assert at(np.zeros(LENGTH), truth, 1.0) == 0.0


def test_an_alarm_at_a_windows_first_point_scores_everything() -> None:
    scores = np.zeros(LENGTH)
    scores[50] = 1.0

    assert best(scores, points([LENGTH], [[(50, 59)]])).score == pytest.approx(100.0)


def test_a_window_counts_once_by_its_earliest_alarm_at_the_threshold() -> None:
    truth = points([LENGTH], [[(50, 59)]])
    scores = np.zeros(LENGTH)
    scores[[54, 52, 57]] = 1.0, 1.0, 2.0
    worth = (2.0 / (1.0 + math.exp(-5.0 * 0.8)) - 1.0) / (2.0 / (1.0 + math.exp(-5.0)) - 1.0)  # 8 of 10 points left

    assert at(scores, truth, 1.0) == pytest.approx(50.0 * (1.0 + worth))


def test_a_false_alarm_costs_more_the_further_it_is_behind_a_window() -> None:
    truth = points([LENGTH], [[(50, 59)]])

    def cost(place: int) -> float:
        scores = np.zeros(LENGTH)
        scores[place] = 1.0
        return at(scores, truth, 1.0)

    before, just_after, far_after = cost(30), cost(60), cost(95)

    assert before == far_after == pytest.approx(-50.0 * 0.11)
    assert just_after == pytest.approx(50.0 * 0.11 * (2.0 / (1.0 + math.exp(5.0 / 9.0)) - 1.0))


def test_nothing_counts_in_the_probation_and_a_window_inside_it_cannot_be_found() -> None:
    truth = points([LENGTH], [[(5, 9), (50, 59)]])
    scores = np.zeros(LENGTH)
    scores[[1, 7]] = 1.0

    assert (truth.count, at(scores, truth, 1.0)) == (1, 0.0)


@pytest.mark.parametrize(("length", "expected"), [(100, 15), (4032, 604), (22695, 750)])
def test_probation_is_15_percent_of_at_most_5000_points(length: int, expected: int) -> None:
    assert probation(length) == expected


def test_one_threshold_serves_all_files_together() -> None:
    quiet, loud = np.zeros(LENGTH), np.zeros(LENGTH)
    quiet[50], loud[20:30], loud[50] = 1.0, 2.0, 3.0
    truth = points([LENGTH, LENGTH], [[(50, 59)], [(50, 59)]])

    found = best(np.concatenate([quiet, loud]), truth)

    assert found.threshold == 1.0
    assert found.score == pytest.approx(100.0 - 10 * 0.11 * 25.0)


@pytest.mark.slow
@pytest.mark.skipif(not nab_data.folder().is_dir(), reason="TRACETUNE_DATA has no folder nab")
def test_a_window_of_gaussians_gets_the_score_that_was_published() -> None:
    files = nab_data.files()
    scores = np.concatenate([_window_gaussian(each.values) for each in files])
    published = np.round(scores, 12)  # as the published scores were written

    assert at(published, nab_data.truth(files), 1.0) == pytest.approx(WINDOW_GAUSSIAN_PUBLISHED, abs=1e-9)


def _window_gaussian(values: Array) -> Array:
    """One minus a normal distribution's tail beyond the value, from 6,400 points that move on by 100."""
    scores = np.zeros(len(values))
    for place in range(1, len(values)):
        moved = max(place - 6400, 0) // 100 * 100
        if place <= 6400 or (place - 6400) % 100 == 0:
            window = values[moved : min(place, moved + 6400)]
            mean, spread = window.mean(), window.std() or 1e-6
        scores[place] = 1.0 - 0.5 * math.erfc(abs(values[place] - mean) / spread / 1.4142)
    return scores
