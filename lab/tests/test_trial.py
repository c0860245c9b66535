"""A trial's turns: minutes of the generator are divided between the sides, and the objective is counted."""

from __future__ import annotations

import msgspec
import pytest

from tracetune_lab import scenarios
from tracetune_lab.load import LoadPlan, LoadReport, MinuteOfOperation
from tracetune_lab.trial import AFTER, BEFORE, Trial, outcomes

ORDER = "POST /checkout"


def report_of(seconds_by_minute: list[float]) -> LoadReport:
    """One order a second in each minute, each as slow as said, and the last of a minute failed."""
    scenario = scenarios.find("shop-retry-storm")
    plan = LoadPlan("", "", scenario.profile, {ORDER: 1}, 60.0 * len(seconds_by_minute), 1, 6000.0)
    report = LoadReport(plan)
    for number, seconds in enumerate(seconds_by_minute):
        row = MinuteOfOperation(6000 + 60 * number, ORDER, sent=60, answered=60, statuses={200: 59, 503: 1})
        for _ in range(60):
            row.latency.add(seconds)
        row.latency_of_failed.add(seconds)
        report.minutes.append(row)
    return report


def trial(turn_minutes: int, turns: int) -> Trial:
    return Trial(scenarios.find("shop-retry-storm"), turn_minutes, turns, {ORDER: 0.5})


def test_every_second_turn_is_with_the_changes() -> None:
    before, after = outcomes(report_of([0.9, 0.9, 0.1, 0.1, 0.9, 0.9, 0.1, 0.1]), trial(2, 4))

    assert (before.side, after.side) == (BEFORE, AFTER)
    assert before.p95_seconds == pytest.approx(0.9, rel=0.02)
    assert after.p95_seconds == pytest.approx(0.1, rel=0.02)
    assert (before.sent, after.sent) == (240, 240)


def test_a_failure_is_never_within_the_objective() -> None:
    before, after = outcomes(report_of([0.9, 0.1]), trial(1, 2))

    assert before.succeeded == after.succeeded == 59
    assert (before.within_slo, after.within_slo) == (0.0, 59 / 60)


def test_load_is_scaled_whole() -> None:
    profile = msgspec.structs.replace(scenarios.find("shop-replay-heavy-tail").profile, base_rps=1.0, peak_rps=3.0)

    scaled = profile.times(2.0)

    assert (scaled.base_rps, scaled.peak_rps) == (2.0, 6.0)
    assert scaled.rates_rps == [2 * rate for rate in profile.rates_rps]
