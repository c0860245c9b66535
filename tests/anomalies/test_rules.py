from __future__ import annotations

import numpy as np

from tracetune.anomalies.rules import CALLS, LASTING, QUICK, URGENT, Episode, episodes, gather, gather_lasting, united

RULE = QUICK


def _found(scores: np.ndarray, threshold: float = 3.0) -> list[tuple[int, int, bool]]:
    rows = scores[None]
    return [
        (each.onset, each.end, each.ongoing) for each in episodes(rows, gather(rows, RULE), np.array([threshold]), RULE)
    ]


def test_evidence_is_the_fifth_largest_of_ten() -> None:
    scores = np.arange(20.0)[None]

    assert gather(scores, RULE)[0, 15] == 11.0


def test_too_few_observed_minutes_are_no_evidence() -> None:
    scores = np.full((1, 20), np.nan)
    scores[0, ::3] = 9.0

    assert np.isneginf(gather(scores, RULE)).all()


def test_an_episode_runs_from_its_first_to_its_last_minute() -> None:
    scores = np.zeros(60)
    scores[20:32] = 5.0

    assert _found(scores) == [(20, 32, False)]


def test_four_spikes_are_no_episode() -> None:
    scores = np.zeros(60)
    scores[[20, 22, 24, 26]] = 50.0

    assert _found(scores) == []


def test_an_episode_at_the_end_goes_on() -> None:
    scores = np.zeros(60)
    scores[54:] = 5.0

    assert _found(scores) == [(54, 60, True)]


def test_a_short_pause_does_not_split_an_episode() -> None:
    scores = np.zeros(80)
    scores[20:30] = 5.0
    scores[38:48] = 5.0

    assert _found(scores) == [(20, 48, False)]


def test_what_two_rules_found_is_one_episode_with_the_higher_score() -> None:
    quick, patient, other = (
        Episode(0, 20, 30, ongoing=False, score=1.5),
        Episode(0, 12, 34, ongoing=False, score=1.1),
        Episode(1, 12, 34, ongoing=True, score=1.2),
    )

    assert united([quick, patient, other]) == [Episode(0, 12, 34, ongoing=False, score=1.5), other]


def test_small_departures_that_last_add_up() -> None:
    scores = np.zeros((1, 60))
    scores[0, 20:40] = 2.0

    evidence = gather_lasting(scores, np.full((1, 60), 50.0))

    assert np.isclose(evidence[0, 39], 2.0 * np.sqrt(20.0))
    assert evidence[0, 59] == 0.0


def test_minutes_with_more_calls_weigh_more() -> None:
    calls = np.where(np.arange(40) % 2, 100.0, 1.0)[None]
    by_busy, by_quiet = (np.where(np.arange(40) % 2 == odd, 1.0, 0.0)[None] for odd in (1, 0))

    busy, quiet = (gather_lasting(each, calls)[0, -1] for each in (by_busy, by_quiet))

    assert np.isclose(busy, 10.0 * quiet)


def test_one_spike_is_no_lasting_departure() -> None:
    scores = np.zeros((1, 40))
    scores[0, 25] = 500.0

    assert gather_lasting(scores, np.ones((1, 40))).max() < 0.2 * LASTING.least


def test_level_gathered_is_that_of_the_sorted_minutes() -> None:
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(150, 40))
    scores[rng.random(scores.shape) < 0.2] = np.nan

    for rule in (URGENT, QUICK, CALLS):
        found = gather(scores, rule)

        known = np.where(np.isnan(scores), -np.inf, scores)
        for minute in range(40):
            lately = np.sort(known[:, max(0, minute - rule.minutes + 1) : minute + 1], axis=1)
            enough = lately.shape[1] >= rule.needed
            expected = lately[:, -rule.needed] if enough else np.full(len(scores), -np.inf)
            np.testing.assert_array_equal(found[:, minute], expected)
