"""Critical paths by root operation."""

from __future__ import annotations

from collections.abc import Callable

from tracetune.domain.spans import SpanBatch
from tracetune.traces.columns import TraceColumns
from tracetune.traces.critical_path import critical_paths
from tracetune.traces.paths import count_paths
from tracetune.traces.tree import children_by_end, find_parents

Spans = Callable[..., SpanBatch]


def test_an_operation_called_twice_by_a_trace_counts_its_trace_once(spans: Spans) -> None:
    calls = ({"id": at, "parent": 1, "service": "cart", "start": 10 * at, "end": 10 * at + 5} for at in (2, 4))
    columns = TraceColumns.from_spans(spans({}, *calls, {"trace": 2}))
    parents = find_parents(columns)
    paths = critical_paths(columns.start, columns.end, parents.parent, children_by_end(parents, columns))

    table = count_paths(columns, paths).to_pylist()

    found = [(row["service_name"], row["traces"], row["spans"], row["critical_path_nano"]) for row in table]
    assert found == [("shop", 2, 2, 190), ("cart", 1, 2, 10)]


def test_rows_are_in_the_minute_of_the_root(spans: Spans) -> None:
    child = {"id": 2, "parent": 1, "service": "cart", "start": 60_000_000_000, "end": 60_000_000_010}
    columns = TraceColumns.from_spans(spans({"end": 60_000_000_020}, child))
    parents = find_parents(columns)
    paths = critical_paths(columns.start, columns.end, parents.parent, children_by_end(parents, columns))

    assert count_paths(columns, paths)["minute"].to_pylist() == [29_000_000, 29_000_000]
