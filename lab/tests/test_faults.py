"""Faults are refused when a scenario places them where they cannot be, and planned load carries theirs."""

from __future__ import annotations

import msgspec
import pytest

from tracetune_lab.faults import MAGNITUDE_MEANS, Fault, breaches
from tracetune_lab.injector import behaviour_of, changes_of_load
from tracetune_lab.scenarios import catalogue
from tracetune_lab.topology_files import load_topology

SOUND = Fault("errors", 10, 20, 0.5, "ratings", "GET /ratings")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"to_seconds": 500}, "use 0 <= from < to <= 60"),
        ({"from_seconds": 20}, "use 0 <= from < to"),
        ({"magnitude": 1.5}, "errors.magnitude is 1.5 (ratio of calls answered 500)"),
        ({"service": "rating"}, "errors.service is 'rating'"),
        ({"operation": "GET /rating"}, "errors.operation is 'GET /rating'"),
        ({"kind": "slow_hop"}, "slow_hop needs `caller`"),
        ({"kind": "slow_hop", "caller": "nobody"}, "slow_hop.caller is 'nobody'"),
        ({"kind": "release"}, "release needs `version`"),
        ({"kind": "bad_replica", "replica": 1}, "bad_replica.replica is 1; ratings has 1"),
        ({"kind": "slow_dependency"}, "needs a topology with Redis"),
    ],
)
def test_fault_that_cannot_be_is_refused(change: dict[str, object], told: str) -> None:
    fault = msgspec.structs.replace(SOUND, **change)

    found = list(breaches(fault, load_topology("bookinfo"), 60))

    assert any(told in text for text in found), found


def test_sound_fault_is_accepted() -> None:
    assert list(breaches(SOUND, load_topology("bookinfo"), 60)) == []


def test_every_kind_says_what_its_magnitude_means() -> None:
    assert all(MAGNITUDE_MEANS[fault.kind] for scenario in catalogue() for fault in scenario.faults)


def test_shifted_mix_gives_the_operation_its_share_and_keeps_the_others_in_proportion() -> None:
    fault = Fault("mix_shift", 10, 20, 0.4, "a", "GET /c")

    (change,) = changes_of_load([fault], {"GET /a": 2, "GET /b": 1, "GET /c": 1})

    assert change.mix == pytest.approx({"GET /a": 0.4, "GET /b": 0.2, "GET /c": 0.4})


def test_errors_change_behaviour_of_one_operation_only() -> None:
    assert behaviour_of(SOUND).error_ratio == {"GET /ratings": 0.5}
    assert behaviour_of(SOUND).added_latency == {}


def test_catalogue_has_twenty_scenarios_or_more_in_both_splits_with_unique_seeds() -> None:
    scenarios = catalogue()

    assert len(scenarios) >= 20
    assert min(sum(each.split == split for each in scenarios) for split in ("dev", "report")) >= 8
    assert len({scenario.seed for scenario in scenarios}) == len({each.name for each in scenarios}) == len(scenarios)


def test_six_scenarios_or_more_are_long_enough_for_a_learned_band() -> None:
    assert sum(scenario.run_seconds >= 1800 for scenario in catalogue()) >= 6
