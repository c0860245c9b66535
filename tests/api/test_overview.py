from __future__ import annotations

import dataclasses
import math

from tracetune.api.overview import graph, overview, status, strips
from tracetune.api.snapshots import Shown, fixed
from tracetune.api.windows import Window
from tracetune.domain.analysis import Analysis
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.notes import Feedback, Notes
from tracetune.live.publisher import Snapshot
from tracetune.sinks.compose import compose


def test_the_sentence_is_that_of_every_other_surface(shown: Shown, shop: Analysis, now: float) -> None:
    found = overview(shown, shown.held, Notes(), now)

    assert found.headline == shop.headline
    assert found.severity == "critical"
    assert [each.id for each in found.incidents] == [each.id for each in shop.incidents]


def test_counts_say_how_many_services_are_as_expected(shop: Analysis, now: float) -> None:
    going = dataclasses.replace(shop.incidents[0], end=None)
    shown = Shown(fixed(dataclasses.replace(shop, incidents=(going, *shop.incidents[1:]))).current())

    counts = overview(shown, shown.held, Notes(), now).counts

    assert (counts.services, counts.affected, counts.as_expected, counts.learning) == (11, 3, 8, 0)
    assert (counts.open_incidents, counts.ended_incidents, counts.anomalies) == (1, 2, 6)


def test_while_all_is_learned_a_database_is_not_counted_as_expected(shop: Analysis, now: float) -> None:
    with_redis = ServiceGraph((*shop.graph.services, "redis"), shop.graph.edges)
    unlearned = dataclasses.replace(shop.learned, forecasts={})
    young = dataclasses.replace(shop, graph=with_redis, learned=unlearned, incidents=())
    shown = Shown(fixed(young).current())

    counts = overview(shown, shown.held, Notes(), now).counts

    assert (counts.services, counts.learning, counts.as_expected) == (11, 11, 0)


def test_a_calm_window_still_names_the_last_incident(shown: Shown, now: float) -> None:
    found = overview(shown, Window(shown.held.last - 60, shown.held.last), Notes(), now)

    assert found.incidents == []
    assert found.headline == "All 11 services are as expected."
    assert found.last_incident is not None
    assert found.last_incident.kind == "surge"


def test_the_sentence_speaks_of_the_window_alone(shown: Shown, now: float) -> None:
    incident = shown.incidents["INC-3f9c"]

    found = overview(shown, Window(incident.onset - 10, incident.onset + 10), Notes(), now)

    assert [each.id for each in found.incidents] == ["INC-3f9c"]
    assert found.headline.startswith(shown.analysis.rankings["INC-3f9c"].headline.rstrip("."))
    assert "more incident" not in found.headline


def test_feedback_changes_the_sentence_at_once(shown: Shown, now: float) -> None:
    said = tuple(
        Feedback(f"f-{each.id}", each.id, *each.key, each.kind.value, math.inf, now, "", "")
        for incident in shown.analysis.incidents[:1]
        for each in incident.anomalies
    )

    found = overview(shown, shown.held, Notes(feedback=said), now)

    assert found.headline.startswith(shown.analysis.rankings["INC-77a0"].headline.rstrip("."))
    assert [each.id for each in found.incidents] == ["INC-77a0", "INC-c218"]


def test_before_the_first_span_there_is_a_sentence_too() -> None:
    shown = Shown(Snapshot())

    assert overview(shown, shown.held, Notes(), 0.0).headline == "Waiting for the first spans."
    assert status(shown, {}).start is None


def test_the_map_is_that_of_the_report(shown: Shown, shop: Analysis) -> None:
    report = compose(shop).map

    found = graph(shown, shown.held, mode="all", only_open=False)

    assert (found.nodes, found.edges) == (report.nodes, report.edges)


def test_places_do_not_move_with_the_window(shown: Shown) -> None:
    places = [
        {node.service_name: (node.x, node.y) for node in graph(shown, window, mode="all", only_open=False).nodes}
        for window in (shown.held, Window(shown.held.last - 30, shown.held.last))
    ]

    assert places[0] == places[1]


def test_the_affected_are_shown_with_their_neighbours(shown: Shown) -> None:
    onset = shown.held.first + 830

    found = graph(shown, Window(onset, onset + 10), mode="affected", only_open=False)

    names = {node.service_name for node in found.nodes}
    assert {"payments", "checkout", "frontend", "bank-gateway"} <= names
    assert "catalog-db" not in names
    assert found.services == 11


def test_what_has_ended_can_be_left_uncoloured(shown: Shown) -> None:
    found = graph(shown, shown.held, mode="all", only_open=True)

    assert {node.severity for node in found.nodes} == {""}


def test_strips_are_those_of_the_report(shown: Shown, shop: Analysis) -> None:
    report = compose(shop).spread
    assert report is not None

    found = strips(shown, shown.held)

    assert [each.service_name for each in found.strips] == report.service_names
    assert [each.cells for each in found.strips] == report.cells
    assert found.minutes_per_cell == report.minutes_per_cell
