from __future__ import annotations

from dataclasses import replace

from tracetune.domain.analysis import Analysis
from tracetune.sinks.document import Document
from tracetune.sinks.narrative import incidents


def test_an_incident_is_told_with_what_speaks_against_its_cause(composed: Document) -> None:
    slow = composed.incidents[0]

    assert slow.causes[0].service_name == "payments"
    assert slow.causes[0].evidence
    assert slow.causes[0].against
    assert slow.release == "payments 4.18.0 at 13:40"
    assert [anomaly.service_name for anomaly in slow.anomalies] == ["payments", "checkout", "frontend"]


def test_slow_traces_are_from_the_incident_and_the_usual_one_is_not(composed: Document) -> None:
    slow = composed.incidents[0]

    assert slow.end is not None
    assert all(slow.onset * 60 <= trace.start_seconds < slow.end * 60 for trace in slow.slow)
    assert [trace.duration_seconds for trace in slow.slow] == sorted(
        (trace.duration_seconds for trace in slow.slow), reverse=True
    )
    assert slow.usual[0].start_seconds < slow.onset * 60
    assert slow.usual[0].duration_seconds < slow.slow[-1].duration_seconds


def test_both_kinds_of_trace_are_of_the_same_operation(composed: Document) -> None:
    slow = composed.incidents[0]

    first_rows = {(trace.rows[0].service_name, trace.rows[0].span_name) for trace in [*slow.slow, *slow.usual]}

    assert first_rows == {("frontend", "POST /checkout")}


def test_an_incident_that_nobody_explained_is_told_by_its_anomaly(shop: Analysis) -> None:
    bare = replace(shop, rankings={})

    slow = incidents(bare)[0]

    assert slow.headline == shop.incidents[0].anomalies[0].why
    assert slow.causes == []
    assert slow.contributions == []
