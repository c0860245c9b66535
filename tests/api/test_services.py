from __future__ import annotations

import pytest

from tracetune.api.services import operation_items, releases, service_detail, service_items
from tracetune.api.snapshots import Shown
from tracetune.api.windows import Window
from tracetune.domain.analysis import Analysis
from tracetune.domain.notes import Notes
from tracetune.errors import NotFound
from tracetune.sinks.compose import compose


def test_services_have_the_numbers_of_the_reports_map(shown: Shown, shop: Analysis) -> None:
    drawn = {node.service_name: node for node in compose(shop).map.nodes}

    for item in service_items(shown, shown.held):
        assert (item.calls, item.p95, item.severity) == (
            drawn[item.service_name].calls,
            drawn[item.service_name].p95,
            drawn[item.service_name].severity,
        )


def test_operations_have_the_numbers_of_the_report(shown: Shown, shop: Analysis) -> None:
    report = {(row.service_name, row.span_name): row for row in compose(shop).operations}

    items = [each for name in shop.graph.services for each in operation_items(shown, shown.held, name)]

    assert len(items) == len(report)
    for item in items:
        row = report[item.service_name, item.span_name]
        assert (item.calls, item.errors, item.p50, item.p95, item.severity) == (
            row.calls,
            row.errors,
            row.p50,
            row.p95,
            row.severity,
        )


def test_affected_services_stand_first(shown: Shown) -> None:
    states = [item.state for item in service_items(shown, shown.held)]

    assert states[:4] == ["affected"] * 4
    assert set(states[4:]) == {"normal"}


def test_a_service_without_calls_in_the_window_is_idle(shown: Shown) -> None:
    lost = Window(shown.held.first + 301, shown.held.first + 309)

    assert {item.state for item in service_items(shown, lost)} == {"idle"}


def test_a_service_knows_its_neighbours_incidents_and_release(shown: Shown, now: float) -> None:
    found = service_detail(shown, shown.held, "payments", Notes(), now)

    assert [each.service_name for each in found.callers] == ["checkout"]
    assert {each.service_name for each in found.callees} == {"bank-gateway", "ledger-db"}
    assert [each.id for each in found.incidents] == ["INC-3f9c"]
    assert [each.service_version for each in found.releases] == ["4.18.0"]
    assert found.service.version == "4.18.0"
    assert found.sentence == found.incidents[0].anomalies[0].why


def test_a_calm_service_says_so(shown: Shown, now: float) -> None:
    found = service_detail(shown, shown.held, "cart", Notes(), now)

    assert found.sentence.endswith("as expected.")


def test_a_database_is_known_by_what_its_callers_say(shown: Shown, now: float) -> None:
    found = service_detail(shown, shown.held, "ledger-db", Notes(), now)

    assert found.service.kind == "database"
    assert found.service.calls > 0


def test_an_unknown_service_is_refused_with_names_like_it(shown: Shown, now: float) -> None:
    with pytest.raises(NotFound) as caught:
        service_detail(shown, shown.held, "payment", Notes(), now)

    assert caught.value.hint == "services: payments"


def test_releases_belong_to_the_window(shown: Shown) -> None:
    first = shown.held.first

    assert releases(shown, Window(first, first + 700)) == []
    assert [each.service_name for each in releases(shown, shown.held)] == ["payments"]
