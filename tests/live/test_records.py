"""Incident records survive being documents."""

from __future__ import annotations

from math import isnan, nan

from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident, Severity
from tracetune.domain.causes import Cause, CauseKind, CauseRanking, Contribution
from tracetune.domain.series import SeriesKey
from tracetune.live.events import IncidentRecord
from tracetune.live.records import from_document, to_document

ANOMALY = Anomaly(
    "a-1",
    SeriesKey("payments", "POST /ä"),
    AnomalyKind.SLOWER,
    Severity.CRITICAL,
    10,
    None,
    3.5,
    0.9,
    0.1,
    0.2,
    0.3,
    7,
    "slow",
)
INCIDENT = Incident("INC-1", (ANOMALY,), AnomalyKind.SLOWER, Severity.CRITICAL, 10, None)


def ranking(seconds: float) -> CauseRanking:
    cause = Cause("payments", "", CauseKind.OWN_TIME, 0.9, ("it grew",), ("others did not",))
    return CauseRanking(
        "INC-1",
        "slow",
        (cause,),
        SeriesKey("shop", "GET /"),
        0.1,
        seconds,
        (Contribution("payments", 0.1, 0.4, 1.0),),
        "v2",
    )


def test_every_value_comes_back() -> None:
    record = IncidentRecord(INCIDENT, ranking(0.4), 15, 16)

    assert from_document(to_document(record)) == record
    assert from_document(to_document(IncidentRecord(INCIDENT, None, 15, 16))) == IncidentRecord(INCIDENT, None, 15, 16)


def test_what_is_not_a_number_stays_so() -> None:
    found = from_document(to_document(IncidentRecord(INCIDENT, ranking(nan), 15, 16)))

    assert found.ranking is not None
    assert isnan(found.ranking.now_seconds)
