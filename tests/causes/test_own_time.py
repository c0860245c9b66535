"""Who is slower where no whole trace tells."""

from __future__ import annotations

from dataclasses import replace

from tests.causes.minutes_data import BANK, CHARGE, CHECKOUT, after, incident, minutes, on

from tracetune.causes.own_time import own_time_suspects
from tracetune.domain.causes import CauseKind
from tracetune.domain.minutes import PATHS


def test_operation_off_every_path_is_judged_by_its_own_time_a_call() -> None:
    batch = replace(minutes(after(80, **{"POST /charge": {"own_seconds": 0.2}}), 95), paths=PATHS.empty_table())
    case = on(batch, incident(CHARGE, onset=80))

    found = list(own_time_suspects(case))

    assert [(each.service_name, each.span_name, each.kind) for each in found] == [(*BANK, CauseKind.OWN_TIME)]
    assert found[0].evidence[0].startswith("own time of POST /charge is 20")
    assert found[0].evidence[0].endswith("a call, usually 40 ms: 100 % of all added own time")
    assert any("no whole trace" in sentence for sentence in found[0].against)


def test_operation_on_a_path_is_left_to_the_comparison_of_paths() -> None:
    case = on(minutes(after(80, Charge={"own_seconds": 0.2}), 95), incident(CHECKOUT, onset=80))

    assert list(own_time_suspects(case)) == []


def test_services_that_the_incident_does_not_reach_are_not_suspected() -> None:
    batch = replace(minutes(after(80, Charge={"own_seconds": 0.2}), 95), paths=PATHS.empty_table())
    case = on(batch, incident(BANK, onset=80))

    assert list(own_time_suspects(case)) == []
