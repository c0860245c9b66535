from __future__ import annotations

from functools import cache

from tests.forecasting.series_data import START_MINUTE, Event, EventKind, System

from tracetune.domain.anomalies import Severity
from tracetune.domain.series import Metric
from tracetune.forecasting.holt_winters import HoltWintersEstimator
from tracetune.forecasting.windows import LATENCIES
from tracetune.proofs.replay import Sighting, Teacher, replay

SYSTEM = System(21, services=6, least_calls=60.0)
SLOW = Event(EventKind.STEP, 0, 460, 30, 2.0)
TEACHER = Teacher({metric: [HoltWintersEstimator()] for metric in (*LATENCIES, Metric.CALLS)}, 0, 1.0)


def _silent(_stage: str, _done: float, _total: float) -> None:
    return


@cache
def _replayed(events: tuple[Event, ...], minutes: int = 600, until: int | None = None) -> list[Sighting]:
    series = SYSTEM.series(minutes=minutes, events=events).between(0, until or minutes)
    return replay(series, SYSTEM.graph(), 400, TEACHER, _silent)


def test_a_slow_front_end_pages_some_minutes_after_its_start_and_not_before() -> None:
    (found,) = _replayed((SLOW,))

    assert found.incident.severity is Severity.CRITICAL
    assert found.paged is not None
    assert START_MINUTE + 460 + 2 <= found.noticed <= found.paged <= START_MINUTE + 460 + 10


def test_what_comes_later_changes_nothing_about_when_it_was_seen() -> None:
    (whole,) = _replayed((SLOW,))
    assert whole.paged is not None

    (cut,) = _replayed((SLOW,), until=whole.paged - START_MINUTE)

    assert (cut.noticed, cut.paged) == (whole.noticed, whole.paged)


def test_nothing_is_paged_a_minute_before_its_evidence_suffices() -> None:
    (whole,) = _replayed((SLOW,))
    assert whole.paged is not None

    assert [each for each in _replayed((SLOW,), until=whole.paged - START_MINUTE - 1) if each.paged is not None] == []


def test_what_began_before_the_judged_minutes_is_not_counted() -> None:
    assert _replayed((Event(EventKind.STEP, 0, 370, 20, 2.0),)) == []


def test_what_warns_is_noticed_and_pages_nobody() -> None:
    (found,) = _replayed((Event(EventKind.STEP, 3, 460, 30, 2.0),))

    assert found.incident.severity is Severity.WARNING
    assert found.paged is None


def test_each_day_is_a_lesson_of_its_own() -> None:
    told: list[tuple[float, float]] = []
    series = SYSTEM.series(minutes=2 * 1440)

    replay(series, SYSTEM.graph(), 1000, TEACHER, lambda _stage, done, total: told.append((done, total)))

    assert told == [(0, 2), (1, 2), (2, 2)]
