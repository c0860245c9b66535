"""The model that the calls of known queues give."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.tuning.queue_data import CORES, GATEWAY, LOOP, model, network, requests, sample

from tracetune.domain.calls import CallSample
from tracetune.domain.whatif import Discipline, Status
from tracetune.testing.networks import slot_seconds, slots_of
from tracetune.tuning.queues.estimate import estimate


def test_slots_and_disciplines_are_found_from_the_calls_alone() -> None:
    stations = {station.service_name: station for station in model().stations}

    assert stations["s1"].discipline in {Discipline.SELF, Discipline.HOLD}  # the same, as it calls nobody
    assert stations["s1"].slots == 2
    assert (stations["s2"].discipline, stations["s2"].slots) == (Discipline.HOLD, 4)
    assert stations["s3"].discipline is Discipline.SHARING
    assert stations["s3"].slots == pytest.approx(2, rel=0.15)
    assert stations["s0"].status is Status.NO_QUEUEING_SEEN


def test_busy_shares_and_saturation_agree_with_the_slots_that_were_held() -> None:
    held = slot_seconds(requests(), network()) / 60
    replicas = np.diff(network().instance_of_service)

    for service, station in enumerate(model().stations):
        if service in {LOOP, CORES}:
            true = held[service] / (replicas[service] * slots_of(network())[service])
            assert station.busy_share == pytest.approx(true, rel=0.1)
            assert station.saturation_calls_per_second == pytest.approx(station.calls_per_second / true, rel=0.12)


def test_what_cannot_be_identified_is_said_with_what_would_unlock_it() -> None:
    station = model().stations[GATEWAY]

    assert "no queueing seen" in station.reason
    assert station.unlock == "minutes of higher load"


def test_services_whose_spans_name_no_instance_have_unknown_replicas() -> None:
    table = sample().table
    empty = pa.array([""] * len(table)).dictionary_encode().cast(table.schema.field("instance").type)
    place = table.schema.get_field_index("instance")

    nameless = estimate(CallSample(table.set_column(place, table.schema.field("instance"), empty)))

    assert [station.replicas for station in nameless.stations] == [0, 0, 0, 0]
    assert "k8s.pod.name" in nameless.stations[LOOP].unlock


def test_a_constant_error_of_an_instances_clock_changes_no_queue() -> None:
    table = sample().table
    clock = np.where(np.char.startswith(np.array(table["instance"].to_pylist()), "s2"), 3_000_000, 0)
    caller_of = {call: clock[row] for row, call in enumerate(table["call_id"].to_pylist())}
    by_caller = np.array([caller_of.get(parent, 0) for parent in table["parent_call_id"].to_pylist()])
    shift = {
        "sent_unix_nano": by_caller,
        "returned_unix_nano": by_caller,
        "arrived_unix_nano": clock,
        "ended_unix_nano": clock,
    }
    for name, by in shift.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(name), pa.array(table[name].to_numpy() + by))

    skewed = estimate(CallSample(table))

    for one, other in zip(skewed.stations[LOOP:], model().stations[LOOP:], strict=True):
        assert (one.discipline, one.slots) == (other.discipline, other.slots)
