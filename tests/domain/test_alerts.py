from __future__ import annotations

import dataclasses
import math

from tracetune.domain.alerts import Alert, Occasion, Told, after, alert_of, occasion, takes, worse
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident, Severity
from tracetune.domain.causes import Cause, CauseKind, CauseRanking
from tracetune.domain.series import SeriesKey

ANOMALY = Anomaly(
    "a-1", SeriesKey("checkout", "Place"), AnomalyKind.SLOWER, Severity.WARNING, 10, None, 4.0, 1, 0, 0, 0, 9, "p95 1 s"
)
INCIDENT = Incident("INC-1", (ANOMALY,), AnomalyKind.SLOWER, Severity.WARNING, 10, None)
OPEN = Alert("INC-1", Severity.WARNING, "payments", "payments", "slow because of payments", {}, 600.0, is_open=True)
TOLD = Told("payments", "payments", Severity.WARNING)


def _ranking(kind: CauseKind) -> CauseRanking:
    cause = Cause("payments", "", kind, 0.9, ("its own time grew",), ())
    return CauseRanking("INC-1", "slow because of payments", (cause,), None, 0, 0, (), "payments 2 at 00:08")


def test_an_alert_names_the_cause_and_its_evidence() -> None:
    alert = alert_of(INCIDENT, _ranking(CauseKind.OWN_TIME), link="https://x/incidents/INC-1")

    assert (alert.service, alert.cause, alert.headline) == ("payments", "payments", "slow because of payments")
    assert alert.details["evidence"] == "its own time grew"
    assert alert.details["release"] == "payments 2 at 00:08"
    assert alert.is_open


def test_load_is_nobodys_fault_and_the_first_service_is_named() -> None:
    alert = alert_of(INCIDENT, _ranking(CauseKind.LOAD), link="")

    assert (alert.service, alert.cause) == ("checkout", "")


def test_one_message_on_open_on_change_and_on_end() -> None:
    assert occasion(OPEN, None, 0) is Occasion.OPENED
    assert occasion(OPEN, TOLD, 0) is None
    assert occasion(dataclasses.replace(OPEN, cause="bank"), TOLD, 0) is Occasion.CHANGED
    assert occasion(dataclasses.replace(OPEN, severity=Severity.CRITICAL), TOLD, 0) is Occasion.CHANGED
    assert occasion(dataclasses.replace(OPEN, is_open=False), TOLD, 0) is Occasion.ENDED


def test_a_cause_that_is_lost_or_a_severity_that_falls_is_no_news() -> None:
    assert occasion(dataclasses.replace(OPEN, cause=""), TOLD, 0) is None
    assert occasion(dataclasses.replace(OPEN, severity=Severity.MINOR), TOLD, 0) is None


def test_silence_holds_back_all_but_the_end() -> None:
    silenced = dataclasses.replace(OPEN, silenced_until=math.inf)

    assert occasion(silenced, None, 0) is None
    assert occasion(dataclasses.replace(silenced, cause="bank"), TOLD, 0) is None
    assert occasion(dataclasses.replace(silenced, is_open=False), TOLD, 0) is Occasion.ENDED


def test_what_ended_untold_stays_untold() -> None:
    assert occasion(dataclasses.replace(OPEN, is_open=False), None, 0) is None


def test_the_named_service_stays_while_the_cause_changes() -> None:
    told = after(dataclasses.replace(OPEN, service="bank", cause="bank", severity=Severity.CRITICAL), TOLD)

    assert told == Told("payments", "bank", Severity.CRITICAL)


def test_severities_are_ordered() -> None:
    assert worse(Severity.MINOR, Severity.CRITICAL) is Severity.CRITICAL
    assert takes(Severity.WARNING, Severity.CRITICAL)
    assert not takes(Severity.WARNING, Severity.MINOR)
