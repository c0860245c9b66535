from __future__ import annotations

from functools import cache

import numpy as np
from tests.forecasting.series_data import Event, EventKind, System

from tracetune.anomalies.rules import CALLS, LASTING, QUICK, URGENT
from tracetune.anomalies.seen import Seen
from tracetune.anomalies.signals import LATENCY, Signals, Thresholds, waiting_by_design
from tracetune.domain.analysis import Learned
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting.learn import baselines, learn


@cache
def _seen() -> Seen:
    slow = Event(EventKind.STEP, 1, 300, 2, 4.0)
    series = System(31, services=3, least_calls=60.0).series(minutes=340, events=(slow,))
    return Seen.of(learn(series, estimators=baselines(), seed=0))


def test_two_very_slow_minutes_are_urgent_and_not_yet_quick() -> None:
    signals = Signals.of(_seen())

    assert signals.gathered[LATENCY, URGENT][2:4, 301].max() > URGENT.least
    assert signals.gathered[LATENCY, QUICK][2:4, 301].max() < QUICK.least


def test_the_score_is_the_largest_evidence_over_its_threshold() -> None:
    signals = Signals.of(_seen())
    by_rule = {(LATENCY, URGENT): 5.0, (LATENCY, QUICK): 4.0, (LATENCY, LASTING): 10.0}
    levels = {rule: np.full(len(signals.keys), level) for rule, level in by_rule.items()}

    score = signals.score(LATENCY, levels)

    assert score[2, 301] == max(signals.gathered[rule][2, 301] / level for rule, level in by_rule.items())


def test_more_false_incidents_allowed_lower_every_threshold() -> None:
    signals = Signals.of(_seen())
    strict, lax = signals.thresholds(0.1).common, signals.thresholds(1000.0).common

    assert all(lax[rule] <= strict[rule] for rule in strict)
    assert lax[LATENCY, QUICK] < strict[LATENCY, QUICK]


def test_a_series_that_was_not_there_has_the_common_level_and_others_keep_theirs_in_any_order() -> None:
    known, new = SeriesKey("svc", "known"), SeriesKey("svc", "new")
    thresholds = Thresholds(
        {(LATENCY, QUICK): 4.0, ("surge", CALLS): 3.5}, {(LATENCY, QUICK): np.array([3.2])}, {known: 0}
    )

    levels = thresholds.of([new, known])

    assert levels[LATENCY, QUICK].tolist() == [4.0, 3.2]
    assert levels["surge", CALLS].tolist() == [3.5, 3.5]


def _waiting(latency: list[float], own: list[float]) -> list[bool]:
    count = len(latency)
    metrics = {metric: np.ones((count, 40)) for metric in Metric}
    metrics[Metric.LATENCY_P50] = np.repeat(np.array(latency)[:, None], 40, axis=1)
    metrics[Metric.SELF_TIME_P50] = np.repeat(np.array(own)[:, None], 40, axis=1)
    keys = tuple(SeriesKey("svc", f"op{at}") for at in range(count))
    series = SeriesBatch(keys, 0, metrics, np.ones(40, np.bool_), np.ones(count))
    return [bool(each) for each in waiting_by_design(Seen.of(Learned(series, {}, ())))]


def test_long_polls_and_who_waits_for_them_wait_by_design() -> None:
    assert _waiting([14.0, 14.2, 0.1], [14.0, 0.01, 0.1]) == [True, True, False]


def test_a_long_call_that_works_through_others_does_not_wait_by_design() -> None:
    assert _waiting([14.0, 3.0], [0.5, 0.2]) == [False, False]
