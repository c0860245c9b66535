"""The service graph from links."""

from __future__ import annotations

import pyarrow as pa

from tracetune.domain.graph import Edge, ServiceGraph
from tracetune.domain.minutes import LINKS, MinuteBatch


def graph(*links: tuple[str, str, int]) -> ServiceGraph:
    rows = [{"client": client, "server": server, "calls": calls} for client, server, calls in links]
    arrays = []
    for field in LINKS:
        default: object = "" if pa.types.is_dictionary(field.type) else [] if pa.types.is_map(field.type) else 0
        plain = pa.string() if pa.types.is_dictionary(field.type) else field.type
        arrays.append(pa.array([row.get(field.name, default) for row in rows], plain).cast(field.type))
    empty = MinuteBatch.empty()
    table = pa.Table.from_arrays(arrays, schema=LINKS)
    return ServiceGraph.from_minutes(
        MinuteBatch(empty.operations, table, empty.instances, empty.paths, empty.exemplars)
    )


def test_links_of_one_pair_are_one_edge_and_the_busiest_comes_first() -> None:
    found = graph(("a", "b", 1), ("b", "c", 5), ("a", "b", 2))

    assert found.edges == (Edge("b", "c", "", 5, 0), Edge("a", "b", "", 3, 0))
    assert found.services == ("a", "b", "c")


def test_callers_and_callees_are_others() -> None:
    found = graph(("a", "b", 1), ("b", "b", 1))

    assert found.callees() == {"a": {"b"}, "b": frozenset()}
    assert found.callers() == {"a": frozenset(), "b": {"a"}}


def test_what_is_reached_through_a_loop_is_found_once() -> None:
    assert graph(("a", "b", 1), ("b", "c", 1), ("c", "a", 1)).reachable("a") == {"a", "b", "c"}
