"""Tests of the typed events."""

from __future__ import annotations

from dataclasses import replace

from tracetune.domain.anomalies import AnomalyKind, Incident, Severity
from tracetune.live.events import IncidentRecord


def test_a_record_is_open_until_its_incident_has_an_end() -> None:
    incident = Incident("INC-1", (), AnomalyKind.SLOWER, Severity.WARNING, 10, None)
    record = IncidentRecord(incident, None, 12, 12)

    ended = replace(record, incident=replace(incident, end=20))

    assert (record.is_open, ended.is_open) == (True, False)
