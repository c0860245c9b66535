from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
from tests.forecasting.series_data import START_MINUTE, Event, EventKind, System

from tracetune.anomalies.detect import Thresholds, calibrate, detect
from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Severity
from tracetune.domain.forecasts import Forecast
from tracetune.domain.series import Metric
from tracetune.forecasting.holt_winters import HoltWintersEstimator
from tracetune.forecasting.learn import learn
from tracetune.forecasting.windows import LATENCIES

SYSTEM = System(21, services=6, least_calls=60.0)
AT = 460


@cache
def _learned(
    events: tuple[Event, ...], minutes: int, unobserved: tuple[tuple[int, int], ...], system: System
) -> Learned:
    series = system.series(minutes=minutes, events=events, unobserved=unobserved)
    quickest = [HoltWintersEstimator()]  # one model is enough here: which one wins is the gate's affair
    return learn(series, estimators=dict.fromkeys((*LATENCIES, Metric.CALLS), quickest), seed=0)


def _found(
    *events: Event, minutes: int = 600, unobserved: Sequence[tuple[int, int]] = (), system: System = SYSTEM
) -> tuple[Anomaly, ...]:
    return detect(_learned(events, minutes, tuple(unobserved), system))


def test_nothing_happens_nothing_is_found() -> None:
    assert _found() == ()


def test_twice_as_slow_is_found_within_six_minutes_and_named_slower() -> None:
    found = _found(Event(EventKind.STEP, 2, AT, 6, 2.0), minutes=AT + 6)

    assert {each.key.service_name for each in found} == {"svc-2"}
    assert {each.kind for each in found} == {AnomalyKind.SLOWER}
    assert all(abs(each.onset - START_MINUTE - AT) <= 1 for each in found)
    assert all(each.end is None for each in found)


def test_a_slow_front_end_pages_and_says_why() -> None:
    found = _found(Event(EventKind.STEP, 0, AT, 30, 2.0))

    assert {each.severity for each in found} == {Severity.CRITICAL}
    assert all(each.score > 1.0 and each.observed > each.expected_upper > each.expected_lower for each in found)
    assert all(" ms, expected " in each.why and " minutes (" in each.why for each in found)
    assert all(each.end is not None and abs(each.end - START_MINUTE - AT - 30) <= 2 for each in found)


def test_a_slow_inner_service_warns_and_does_not_page() -> None:
    found = _found(Event(EventKind.STEP, 3, AT, 30, 2.0))

    assert {each.severity for each in found} == {Severity.WARNING}


def test_a_slow_leak_is_found_by_patience() -> None:
    found = _found(Event(EventKind.LEAK, 2, 440, 100, 2.2))

    assert {(each.kind, each.key.service_name) for each in found} == {(AnomalyKind.SLOWER, "svc-2")}


def test_a_surge_that_slows_is_load_and_never_slower() -> None:
    found = _found(Event(EventKind.SURGE, 0, AT, 25, 2.2))

    kinds = {each.kind for each in found}
    assert AnomalyKind.SURGE in kinds
    assert kinds <= {AnomalyKind.SURGE, AnomalyKind.LOAD}
    assert all("more calls than expected" in each.why for each in found if each.kind is AnomalyKind.LOAD)


def test_half_the_calls_gone_is_a_drop() -> None:
    found = _found(Event(EventKind.DROP, 0, AT, 20, 0.2))

    assert {each.kind for each in found} == {AnomalyKind.DROP}
    assert any(each.severity is Severity.CRITICAL for each in found if each.key.service_name == "svc-0")


def test_failing_calls_are_found_with_their_count() -> None:
    found = _found(Event(EventKind.ERRORS, 4, AT, 15, 0.1))

    assert {(each.kind, each.key.service_name) for each in found} == {(AnomalyKind.ERRORS, "svc-4")}
    assert all(each.observed == pytest.approx(0.1, abs=0.03) for each in found)
    assert all("calls failed), for 1" in each.why for each in found)


def test_quiet_operations_cannot_page() -> None:
    quiet = System(22, services=3, least_calls=2.0, most_calls=4.0)

    found = _found(Event(EventKind.STEP, 0, AT, 15, 4.0), system=quiet)

    assert all(each.severity is not Severity.CRITICAL for each in found)


def test_ten_missing_minutes_and_the_edges_raise_nothing() -> None:
    assert _found(unobserved=[(300, 310), (0, 1), (599, 600)]) == ()


def test_an_anomaly_around_missing_minutes_is_one() -> None:
    found = _found(Event(EventKind.STEP, 2, AT, 40, 2.5), unobserved=[(475, 485)])

    assert len(found) == len({each.key for each in found}) > 0
    assert all(each.end is not None and abs(each.end - each.onset - 40) <= 6 for each in found)


def test_ids_are_stable_and_distinct() -> None:
    once, again = (_found(Event(EventKind.SURGE, 0, AT, 25, 2.2)) for _ in range(2))

    assert [each.id for each in once] == [each.id for each in again]
    assert len({each.id for each in once}) == len(once)


def test_what_is_too_short_to_learn_from_shows_only_errors() -> None:
    assert _found(minutes=20) == ()


def test_later_minutes_are_judged_by_the_thresholds_that_are_given() -> None:
    eventful = _learned((Event(EventKind.STEP, 0, AT, 30, 2.0),), 600, (), SYSTEM)
    calm = Learned(eventful.series.between(0, AT), _until(eventful, AT), ())

    found = detect(eventful, thresholds=calibrate(calm))

    assert {each.kind for each in found} == {AnomalyKind.SLOWER}
    assert detect(eventful, thresholds=Thresholds(dict.fromkeys(calibrate(calm).common, 1e9), {}, {})) == ()


def _until(learned: Learned, minute: int) -> dict[Metric, Forecast]:
    return {
        metric: replace(each, values=each.values[:, :minute], cutoff=minute)
        for metric, each in learned.forecasts.items()
    }
