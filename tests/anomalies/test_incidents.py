from __future__ import annotations

from dataclasses import replace

from tracetune.anomalies.incidents import group
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Severity
from tracetune.domain.graph import Edge, ServiceGraph
from tracetune.domain.series import SeriesKey

GRAPH = ServiceGraph(
    ("front", "middle", "back", "other"), (Edge("front", "middle", "", 9, 0), Edge("middle", "back", "", 9, 0))
)


def _anomaly(service: str, kind: AnomalyKind = AnomalyKind.SLOWER, onset: int = 100, end: int | None = 130) -> Anomaly:
    key = SeriesKey(service, "GET /")
    identity = f"a-{service}-{kind}-{onset}"
    return Anomaly(identity, key, kind, Severity.WARNING, onset, end, 2.0, 2.0, 0.5, 1.0, 1.5, 300, "p95 2 s")


def test_a_slow_callee_and_its_callers_are_one_incident() -> None:
    found = group([_anomaly("back"), _anomaly("front", onset=104), _anomaly("middle", onset=102)], GRAPH)

    assert len(found) == 1
    assert found[0].services == ("back", "middle", "front")
    assert (found[0].onset, found[0].end) == (100, 130)


def test_services_without_a_path_are_two_incidents() -> None:
    assert len(group([_anomaly("back"), _anomaly("other")], GRAPH)) == 2


def test_what_began_much_later_is_another_incident() -> None:
    assert len(group([_anomaly("back"), _anomaly("front", onset=120, end=150)], GRAPH)) == 2


def test_the_same_service_departing_again_soon_is_the_same_incident() -> None:
    found = group([_anomaly("back"), _anomaly("back", onset=150, end=160), _anomaly("back", onset=300, end=320)], GRAPH)

    assert [len(each.anomalies) for each in found] == [2, 1]


def test_surge_with_load_is_load_and_a_waiting_caller_changes_nothing() -> None:
    found = group([_anomaly("back", AnomalyKind.SURGE), _anomaly("back", AnomalyKind.LOAD), _anomaly("front")], GRAPH)

    assert [each.kind for each in found] == [AnomalyKind.LOAD]


def test_a_slow_callee_is_not_excused_by_load_on_its_caller() -> None:
    found = group([_anomaly("front", AnomalyKind.LOAD), _anomaly("back")], GRAPH)

    assert [each.kind for each in found] == [AnomalyKind.SLOWER]


def test_an_incident_goes_on_while_any_anomaly_does() -> None:
    found = group([_anomaly("back"), _anomaly("middle", end=None)], GRAPH)

    assert found[0].end is None


def test_the_most_severe_comes_first_and_ids_are_stable() -> None:
    critical = replace(_anomaly("other", onset=200, end=220), severity=Severity.CRITICAL)

    found = group([_anomaly("back"), critical], GRAPH)

    assert [each.severity for each in found] == [Severity.CRITICAL, Severity.WARNING]
    assert [each.id for each in group([critical, _anomaly("back")], GRAPH)] == [each.id for each in found]


def test_no_anomalies_are_no_incidents() -> None:
    assert group([], GRAPH) == ()


def test_errors_of_callers_that_give_up_on_a_slow_callee_are_about_the_slowness() -> None:
    errors = replace(_anomaly("front", AnomalyKind.ERRORS), score=9.0)

    (found,) = group([_anomaly("back"), errors], GRAPH)

    assert found.kind is AnomalyKind.SLOWER


def test_a_much_slower_service_that_fails_and_is_asked_again_is_slower() -> None:
    failing = replace(_anomaly("back", AnomalyKind.ERRORS), score=9.0)
    again = _anomaly("back", AnomalyKind.SURGE)

    (storm,) = group([_anomaly("back"), failing, again], GRAPH)
    (failed,) = group([replace(_anomaly("back"), observed=1.2), failing, again], GRAPH)

    assert storm.kind is AnomalyKind.SLOWER
    assert failed.kind is AnomalyKind.ERRORS


def test_what_fails_itself_is_about_errors_though_its_callers_wait() -> None:
    (found,) = group([_anomaly("back", AnomalyKind.ERRORS), replace(_anomaly("front"), score=9.0)], GRAPH)

    assert found.kind is AnomalyKind.ERRORS
