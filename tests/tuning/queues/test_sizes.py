"""Samples over a change of replicas are cut to one number of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from tests.tuning.queue_data import network

from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.calls import CallSample
from tracetune.domain.whatif import Status
from tracetune.testing.networks import RandomApp, calls_of, with_replicas
from tracetune.tuning.queues.estimate import estimate
from tracetune.tuning.queues.sizes import of_one_size

BEFORE, AFTER, RATE = 3, 2, 40.0


def _part(minutes: int, seed: int, replicas: dict[int, int]) -> CallSample:
    """So many minutes of the application with so many replicas, from minute 0 on."""
    scaled = with_replicas(network(), replicas)
    requests = RandomApp(scaled, np.ones(1), 100.0, np.zeros(4)).run(np.full(60 * minutes, RATE), seed)
    return calls_of(requests, scaled)


def _later(sample: CallSample, minutes: int) -> CallSample:
    """The same calls, some minutes later and of other traces."""
    table = sample.table
    for name in table.schema.names:
        place = table.schema.get_field_index(name)
        if name.endswith("_unix_nano"):
            moved = table[name].to_numpy() + minutes * NANOS_PER_MINUTE
            table = table.set_column(place, table.schema.field(place), pa.array(moved))
        elif name == "trace_id":
            other = [bytes(255 - byte for byte in each) for each in table[name].to_pylist()]
            table = table.set_column(place, table.schema.field(place), pa.array(other, pa.binary(16)))
    return CallSample(table)


def test_the_size_that_most_calls_met_is_kept() -> None:
    few = _part(BEFORE, 1, {})
    more = _later(_part(AFTER, 2, {3: 3}), BEFORE)

    kept = of_one_size(CallSample.merge([few, more]))

    assert len(kept) == len(few)
    assert (np.diff(kept.minutes()) == 1).all()
    assert len(kept.minutes()) == BEFORE


def test_queue_is_identified_over_a_change_of_replicas_as_it_is_without_one() -> None:
    both = CallSample.merge([_part(BEFORE, 1, {}), _later(_part(AFTER, 2, {3: 3}), BEFORE)])

    station = {each.service_name: each for each in estimate(of_one_size(both)).stations}["s3"]

    assert (station.status, station.replicas) == (Status.IDENTIFIED, 1)


def test_sample_of_one_size_is_left_alone_and_so_is_one_with_too_few_calls_of_each() -> None:
    whole = _part(1, 1, {})
    tiny = CallSample(whole.table.slice(0, 300))
    two = CallSample.merge([tiny, _later(CallSample(_part(1, 2, {3: 3}).table.slice(0, 300)), 1)])

    assert of_one_size(whole) is whole
    assert of_one_size(two) is two
    assert len(of_one_size(CallSample.empty())) == 0


def test_services_that_are_hardly_called_do_not_make_sizes() -> None:
    """One call in the first minute from one pod and one in the last from another: nobody scaled anything."""
    busy = CallSample.merge([_part(BEFORE, 1, {}), _later(_part(1, 3, {}), 10)])
    one = busy.table.slice(0, 1)
    place = one.schema.get_field_index("service_name")
    rare = []
    for instance, minutes in (("rare-1", 0), ("rare-2", 0), ("rare-1", 10)):
        row = _later(CallSample(one), minutes).table if minutes else one
        row = row.set_column(place, one.schema.field(place), pa.array(["rare"]).cast(one.schema.field(place).type))
        at = one.schema.get_field_index("instance")
        row = row.set_column(at, one.schema.field(at), pa.array([instance]).cast(one.schema.field(at).type))
        rare.append(row)
    sample = CallSample(pa.concat_tables([busy.table, *rare]).unify_dictionaries().combine_chunks())

    assert of_one_size(sample) is sample
