from __future__ import annotations

import dataclasses
import math

import pytest

from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident, Severity
from tracetune.domain.notes import Feedback, Notes, Silence, SilenceKind
from tracetune.domain.series import SeriesKey

ANOMALY = Anomaly(
    "a-1",
    SeriesKey("payments", "Authorize"),
    AnomalyKind.SLOWER,
    Severity.CRITICAL,
    10,
    None,
    4.0,
    1,
    0,
    0,
    0,
    9,
    "slow",
)
INCIDENT = Incident("INC-1", (ANOMALY,), AnomalyKind.SLOWER, Severity.CRITICAL, 10, None)
SAID = Feedback("f-1", "a-1", "payments", "Authorize", "slower", 4.0, 600.0, "", "")


def _silence(*, incident_id: str = "", service_name: str = "", until: float = 200.0) -> Silence:
    return Silence("s-1", SilenceKind.SNOOZE, incident_id, service_name, 100.0, until, "", "")


@pytest.mark.parametrize(("now", "covered"), [(99.0, False), (100.0, True), (199.0, True), (200.0, False)])
def test_a_silence_holds_from_its_start_to_its_end(now: float, covered: bool) -> None:
    assert _silence().covers(INCIDENT, now) is covered


def test_a_silence_is_about_an_incident_a_service_or_everything() -> None:
    assert _silence(incident_id="INC-1").covers(INCIDENT, 150)
    assert not _silence(incident_id="INC-2").covers(INCIDENT, 150)
    assert _silence(service_name="payments").covers(INCIDENT, 150)
    assert not _silence(service_name="cart").covers(INCIDENT, 150)


def test_of_several_silences_the_longest_counts() -> None:
    notes = Notes((_silence(until=200), _silence(incident_id="INC-1", until=math.inf)))

    found = notes.silence(INCIDENT, 150)

    assert found is not None
    assert found.until == math.inf


def test_feedback_covers_the_like_but_not_the_worse() -> None:
    later = dataclasses.replace(ANOMALY, id="a-2", onset=500)

    assert SAID.covers(ANOMALY)
    assert SAID.covers(dataclasses.replace(later, score=4.3))
    assert not SAID.covers(dataclasses.replace(later, score=6.0))
    assert not SAID.covers(dataclasses.replace(later, kind=AnomalyKind.ERRORS))
    assert not SAID.covers(dataclasses.replace(later, key=SeriesKey("payments", "Refund")))


def test_the_very_anomaly_stays_dismissed_while_it_grows() -> None:
    assert SAID.covers(dataclasses.replace(ANOMALY, score=9.0))


def test_an_incident_is_dismissed_when_all_of_it_is() -> None:
    other = dataclasses.replace(ANOMALY, id="a-3", key=SeriesKey("cart", "Get"))

    assert Notes(feedback=(SAID,)).dismisses(INCIDENT)
    assert not Notes(feedback=(SAID,)).dismisses(dataclasses.replace(INCIDENT, anomalies=(ANOMALY, other)))
    assert not Notes().dismisses(INCIDENT)
