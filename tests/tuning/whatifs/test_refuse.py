"""When not to answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.tuning.queue_data import LOOP, model

from tracetune.domain.whatif import Ask, Discipline, Refusal, Station, Status
from tracetune.tuning.queues.model import Model
from tracetune.tuning.whatifs.refuse import busy_shares, refusals


def _reasons(of: Model, ask: Ask) -> list[tuple[Refusal, str, bool]]:
    rate = ask.load * of.load.reference
    return [
        (each.reason, each.service_name, each.is_final) for each in refusals(of, ask, rate, busy_shares(of, ask, rate))
    ]


def _with(**changes: object) -> Model:
    stations = list(model().stations)
    stations[LOOP] = replace(stations[LOOP], **changes)  # type: ignore[arg-type]
    return replace(model(), stations=tuple(stations))


def _unidentified(status: Status) -> Model:
    return _with(status=status, discipline=Discipline.DELAY, slots=np.inf, busy_share=np.nan)


def test_what_was_seen_is_answered() -> None:
    assert _reasons(model(), Ask()) == []


def test_full_slots_are_refused_with_the_worst_first() -> None:
    reasons = _reasons(model(), Ask(load=2.5))

    assert reasons[0] == (Refusal.SATURATED, "s3", True)
    assert (Refusal.SATURATED, "s1", True) in reasons


def test_a_shared_dependency_is_not_helped_by_replicas() -> None:
    shared = _unidentified(Status.SHARED)

    assert _reasons(shared, Ask(replicas={"s1": 3})) == [(Refusal.SHARED, "s1", True)]
    assert _reasons(shared, Ask(load=0.9)) == []


def test_an_unexplained_rise_is_not_extrapolated() -> None:
    assert (Refusal.UNEXPLAINED, "s1", True) in _reasons(_unidentified(Status.UNEXPLAINED), Ask(load=1.2))


def test_beyond_what_was_seen_bounds_are_widened_until_even_they_are_full() -> None:
    unseen = _unidentified(Status.NO_QUEUEING_SEEN)

    assert _reasons(unseen, Ask(load=1.15)) == [(Refusal.BEYOND_SEEN, "s1", False)]
    assert (Refusal.BEYOND_SEEN, "s1", True) in _reasons(unseen, Ask(load=2.0))


def test_far_beyond_without_any_queue_seen_is_refused() -> None:
    stations: list[Station] = [
        replace(station, status=Status.NO_QUEUEING_SEEN, discipline=Discipline.DELAY, busy_share=np.nan)
        for station in model().stations
    ]

    assert (Refusal.BEYOND_SEEN, "", True) in _reasons(replace(model(), stations=tuple(stations)), Ask(load=1.4))


def test_missing_spans_and_drift_are_refused() -> None:
    assert _reasons(replace(model(), lost_share=0.1), Ask()) == [(Refusal.NOT_CAPTURED, "", True)]
    assert (Refusal.BACK_TEST, "", True) in _reasons(replace(model(), drift=(0.4, 6.0)), Ask(load=1.1))


def test_replicas_that_cannot_be_counted_cannot_be_changed() -> None:
    assert _reasons(_with(replicas=0), Ask(replicas={"s1": 3})) == [(Refusal.UNKNOWN_REPLICAS, "s1", True)]
