from __future__ import annotations

import json
import math

from tracetune.cli import documents
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident, Severity
from tracetune.domain.causes import Cause, CauseKind, CauseRanking
from tracetune.domain.quality import Finding
from tracetune.domain.series import SeriesKey

ONSET = 29_540_170  # 2026-03-02T00:10:00Z
ANOMALY = Anomaly(
    id="a-7f21c0",
    key=SeriesKey("payments", "Authorize"),
    kind=AnomalyKind.SLOWER,
    severity=Severity.CRITICAL,
    onset=ONSET,
    end=None,
    score=1.4,
    observed=0.3,
    expected_lower=0.1,
    expected=0.12,
    expected_upper=0.15,
    calls=412,
    why="p95 300 ms, expected 100–150 ms",
)
INCIDENT = Incident("INC-3f9c", (ANOMALY,), AnomalyKind.SLOWER, Severity.CRITICAL, ONSET, ONSET + 20)


def test_times_are_rfc_3339_and_what_goes_on_has_no_end() -> None:
    found = documents.incident(INCIDENT, None)

    assert (found["onset"], found["end"]) == ("2026-03-02T00:10:00Z", "2026-03-02T00:30:00Z")
    assert found["anomalies"][0]["end"] is None


def test_names_are_opentelemetry_s() -> None:
    found = documents.anomaly(ANOMALY)

    assert (found["service_name"], found["span_name"], found["kind"]) == ("payments", "Authorize", "slower")


def test_unknown_numbers_are_null_because_json_has_no_nan() -> None:
    cause = Cause("payments", "", CauseKind.OWN_TIME, 0.9, ("slower",), ())
    ranking = CauseRanking("INC-3f9c", "headline", (cause,), None, math.nan, math.inf, ())

    found = documents.incident(INCIDENT, ranking)

    assert found["explanation"]["usual_seconds"] is None
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_finding_carries_its_remedy() -> None:
    found = documents.finding(Finding("no_trace_id", 3, 10, ("a.json",)))

    assert (found["count"], found["effect"], found["where"]) == (3, "rejected", ["a.json"])
    assert found["remedy"]


def test_advice_keeps_every_field() -> None:
    advice = Advice(
        "cart", "", Knob.REPLICAS, Action.KEEP, "replicas", 2.0, 2.0, 2.0, 3.0, Confidence.HIGH, ("busy 40 %",)
    )

    found = documents.advice(advice)

    assert (found["knob"], found["action"], found["confidence"], found["upper"]) == ("replicas", "keep", "high", 3.0)
