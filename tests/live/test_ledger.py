"""Incidents keep their id while they go on, are told once, and are not rewritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import nan

from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident, Severity
from tracetune.domain.causes import Cause, CauseKind, CauseRanking
from tracetune.domain.series import SeriesKey
from tracetune.live.events import IncidentChanged, IncidentEnded, IncidentOpened, IncidentRecord
from tracetune.live.ledger import PATIENCE_MINUTES, Ledger


def incident(name: str, onset: int, end: int | None, *operations: str) -> Incident:
    anomalies = tuple(
        Anomaly(
            f"a-{operation}",
            SeriesKey("payments", operation),
            AnomalyKind.SLOWER,
            Severity.WARNING,
            onset,
            end,
            2.0,
            0.9,
            0.1,
            0.2,
            0.3,
            100,
            "slow",
        )
        for operation in operations or ("Authorize",)
    )
    return Incident(name, anomalies, AnomalyKind.SLOWER, Severity.WARNING, onset, end)


def blaming(service: str) -> object:
    def explain(incidents: Sequence[Incident]) -> Mapping[str, CauseRanking]:
        cause = Cause(service, "", CauseKind.OWN_TIME, 0.9, (), ())
        return {each.id: CauseRanking(each.id, "slow", (cause,), None, nan, nan, ()) for each in incidents}

    return explain


BLAMED = blaming("payments")


def step(ledger: Ledger, found: Sequence[Incident], minute: int, explain: object = BLAMED) -> list[str]:
    return [f"{type(each).__name__} {each.record.incident.id}" for each in ledger.update(found, explain, minute)]  # type: ignore[arg-type, union-attr]


def test_incident_is_told_when_it_opens_and_when_it_ends_and_not_between() -> None:
    kept: list[IncidentRecord] = []
    ledger = Ledger([], kept.append)

    told = [
        step(ledger, [incident("INC-1", 100, None)], 105),
        step(ledger, [incident("INC-2", 101, None)], 106),  # today's judgement sees another onset, and makes another id
        step(ledger, [incident("INC-3", 101, 112)], 115),
        step(ledger, [incident("INC-4", 99, 111)], 116),
    ]

    assert told == [["IncidentOpened INC-1"], [], ["IncidentEnded INC-1"], []]
    (record,) = ledger.ended()
    assert (record.incident.onset, record.incident.end, record.found, record.changed) == (100, 112, 105, 115)
    assert [each.is_open for each in kept] == [True, False]


def test_another_cause_severity_or_operation_is_a_change() -> None:
    ledger = Ledger([], lambda _: None)
    first = incident("INC-1", 100, None)
    step(ledger, [first], 105)

    told = [
        step(ledger, [first], 106, blaming("database")),
        step(ledger, [replace(first, severity=Severity.CRITICAL)], 107, blaming("database")),
        step(ledger, [incident("INC-1", 100, None, "Authorize", "Refund")], 108, blaming("database")),
    ]

    assert told == [["IncidentChanged INC-1"]] * 3


def test_incident_that_is_no_longer_found_ends_after_some_patience() -> None:
    ledger = Ledger([], lambda _: None)
    step(ledger, [incident("INC-1", 100, None)], 105)

    told = [step(ledger, [], 106 + missed) for missed in range(PATIENCE_MINUTES)]

    assert told[:-1] == [[]] * (PATIENCE_MINUTES - 1)
    assert told[-1] == ["IncidentEnded INC-1"]
    assert ledger.ended()[0].incident.end == 106


def test_incident_that_comes_back_soon_is_the_same_one() -> None:
    ledger = Ledger([], lambda _: None)
    step(ledger, [incident("INC-1", 100, None)], 105)
    step(ledger, [incident("INC-1", 100, 110)], 115)

    told = step(ledger, [incident("INC-9", 120, None)], 125)

    assert told == ["IncidentChanged INC-1"]
    assert ledger.open()[0].incident.onset == 100


def test_departure_of_long_ago_that_only_today_is_seen_is_no_news() -> None:
    ledger = Ledger([], lambda _: None)

    assert step(ledger, [incident("INC-1", 100, 120)], 400) == []
    assert ledger.ended() == ()


def test_ledger_goes_on_with_what_was_stored() -> None:
    kept: list[IncidentRecord] = []
    first = Ledger([], kept.append)
    step(first, [incident("INC-1", 100, None)], 105)

    second = Ledger(kept, kept.append)

    assert step(second, [incident("INC-7", 100, None)], 106) == []
    assert [each.incident.id for each in second.open()] == ["INC-1"]


def test_events_are_of_their_types() -> None:
    ledger = Ledger([], lambda _: None)
    explain = BLAMED
    (opened,) = ledger.update([incident("INC-1", 100, None)], explain, 105)  # type: ignore[arg-type]
    (changed,) = ledger.update([incident("INC-1", 100, None)], blaming("db"), 106)  # type: ignore[arg-type]
    (ended,) = ledger.update([incident("INC-1", 100, 107)], explain, 110)  # type: ignore[arg-type]

    assert isinstance(opened, IncidentOpened)
    assert isinstance(changed, IncidentChanged)
    assert isinstance(ended, IncidentEnded)
