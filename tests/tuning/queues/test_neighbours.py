"""Nodes that are slow for several services at once, on made-up queues of known truth."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from tests.tuning.node_data import calls_on_nodes

from tracetune.domain.calls import CALLS, CallSample
from tracetune.tuning.queues.neighbours import NoisyNode, noisy_nodes
from tracetune.tuning.queues.observed import observe
from tracetune.tuning.queues.structure import find_structure

TWO_MINUTES = ((60.0, 120.0), (200.0, 260.0))


def _found(sample: CallSample) -> tuple[NoisyNode, ...]:
    observed, names = observe(sample)
    structure, observed = find_structure(observed)
    return noisy_nodes(observed, names, structure)


def _with_nodes(sample: CallSample, named: str) -> CallSample:
    table = sample.table
    column = pa.array([named] * len(sample), pa.string()).cast(CALLS.field("node").type)
    return CallSample(table.set_column(table.schema.names.index("node"), CALLS.field("node"), column))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("more", [{}, {"services": 2}, {"nodes": 3, "noisy": TWO_MINUTES[:1]}, {"use": 0.6}])
def test_a_node_that_slows_everything_on_it_is_found_with_its_services(seed: int, more: dict[str, Any]) -> None:
    (found,) = _found(calls_on_nodes(seed, **{"noisy": TWO_MINUTES, **more}))

    assert found.node == "n0"
    assert set(found.services) == {f"s{number}" for number in range(more.get("services", 3))}
    assert found.factor > 1.5


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("more", [{"use": 0.75}, {"use": 0.8, "swing": 0.6}, {"services": 2, "use": 0.75}])
def test_queues_that_fill_by_themselves_are_nobodys_neighbours(seed: int, more: dict[str, Any]) -> None:
    assert _found(calls_on_nodes(seed, **more)) == ()


def _beside(sample: CallSample, other: CallSample, prefix: str) -> CallSample:
    """Both, the other's services under names of their own."""
    table = other.table
    names = pa.array([f"{prefix}{name}" for name in table["service_name"].to_pylist()])
    ids = pa.array([bytes([255]) + each[1:] for each in table["trace_id"].to_pylist()], pa.binary(16))
    service = CALLS.field("service_name")
    table = table.set_column(table.schema.names.index("service_name"), service, names.cast(service.type))
    table = table.set_column(table.schema.names.index("trace_id"), CALLS.field("trace_id"), ids)
    return CallSample(pa.concat_tables([sample.table, table]).unify_dictionaries().combine_chunks())


def test_one_slow_service_does_not_make_a_noisy_node() -> None:
    slow, calm = calls_on_nodes(4, services=1, noisy=TWO_MINUTES), calls_on_nodes(5, services=3)

    assert _found(_beside(slow, calm, "calm-")) == ()


def test_a_service_whose_load_goes_along_with_the_slowness_is_the_suspect() -> None:
    everything = calls_on_nodes(7, services=1, nodes=1, rate=40.0)
    second = everything.table["begun_unix_nano"].to_numpy() / 1e9 - 1_790_000_040
    during = [any(begin <= at < end for begin, end in TWO_MINUTES) for at in second]
    batch = CallSample(everything.table.filter(pa.array(during)).combine_chunks())

    (found,) = _found(_beside(calls_on_nodes(6, noisy=TWO_MINUTES), batch, "batch-"))

    assert found.suspect == "batch-s0"
    assert found.suspect_correlation > 0.7


def test_without_names_of_nodes_nothing_is_said() -> None:
    assert _found(_with_nodes(calls_on_nodes(1, noisy=TWO_MINUTES), "")) == ()


def test_one_node_for_all_has_nothing_to_be_compared_with() -> None:
    assert _found(_with_nodes(calls_on_nodes(1, noisy=TWO_MINUTES), "n0")) == ()
