from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np

from tracetune.domain.analysis import Analysis
from tracetune.domain.minutes import column
from tracetune.sinks.columns import decode
from tracetune.sinks.compose import compose
from tracetune.sinks.document import Document


def test_operations_are_ranked_by_calls_times_p95_and_count_every_entry_call(
    shop: Analysis, composed: Document
) -> None:
    rows = composed.operations

    assert [row.impact_seconds for row in rows] == sorted((row.impact_seconds for row in rows), reverse=True)
    assert all(np.isclose(row.impact_seconds, row.calls * row.p95, rtol=1e-3) for row in rows)
    assert sum(row.calls for row in rows) == column(shop.ingested.minutes.operations, "calls").sum()


def test_only_operations_of_incidents_have_a_status(composed: Document) -> None:
    rows = composed.operations

    assert {f"{row.service_name} {row.span_name}" for row in rows if row.severity} == {
        "payments Authorize",
        "checkout PlaceOrder",
        "frontend POST /checkout",
        "frontend GET /",
        "shipping Quote",
    }


def test_a_gap_in_the_minutes_does_not_hide_the_course_of_an_operation(composed: Document) -> None:
    spark = decode(composed.operations[0].spark)

    assert len(spark) == 48
    assert not np.isnan(spark).any()


def test_the_map_blames_causes_but_never_load(composed: Document) -> None:
    nodes = {node.service_name: node for node in composed.map.nodes}

    assert {name for name, node in nodes.items() if node.is_cause} == {"payments", "shipping"}
    assert nodes["catalog-db"].kind == "database"
    assert nodes["cart"].severity == ""


def test_a_database_without_spans_of_its_own_has_the_p95_its_callers_saw(shop: Analysis) -> None:
    minutes = shop.ingested.minutes
    seen = np.array([name != "ledger-db" for name in minutes.operations["service_name"].to_pylist()])
    without = replace(minutes, operations=minutes.operations.filter(seen))

    found = compose(replace(shop, ingested=replace(shop.ingested, minutes=without)))

    (ledger,) = (node for node in found.map.nodes if node.service_name == "ledger-db")
    assert 0.005 < ledger.p95 < 0.012


def test_the_slow_path_joins_the_services_of_one_incident_only(composed: Document) -> None:
    slow = {(edge.client, edge.server) for edge in composed.map.edges if edge.on_slow_path}

    assert slow == {("frontend", "checkout"), ("checkout", "payments")}


def test_advice_to_change_something_carries_its_patch_and_no_other_does(composed: Document) -> None:
    advice = composed.advice

    assert "450ms" in next(one.patch for one in advice if one.knob == "timeout")
    assert not any(one.patch for one in advice if one.action != "set")


def test_findings_carry_their_remedy(composed: Document) -> None:
    first = composed.findings[0]

    assert first.code == "no_instance"
    assert "k8s.pod.name" in first.remedy


def test_the_worst_severity_speaks_for_the_report(composed: Document) -> None:
    assert composed.severity == "critical"


def test_a_file_without_spans_still_makes_a_document(analysis_data: ModuleType) -> None:
    found = compose(analysis_data.empty_analysis())

    assert found.severity == ""
    assert found.operations == []
    assert found.map.nodes == []
    assert found.limits
