from __future__ import annotations

from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident, Severity
from tracetune.domain.series import SeriesKey


def _anomaly(service: str, onset: int) -> Anomaly:
    key = SeriesKey(service, "GET /")
    return Anomaly("a-1", key, AnomalyKind.SLOWER, Severity.MINOR, onset, None, 1.5, 2.0, 0.5, 1.0, 1.5, 9, "why")


def test_services_of_an_incident_are_named_once_in_order_of_onset() -> None:
    anomalies = (_anomaly("b", 1), _anomaly("a", 2), _anomaly("b", 3))

    incident = Incident("INC-1", anomalies, AnomalyKind.SLOWER, Severity.MINOR, 1, None)

    assert incident.services == ("b", "a")
