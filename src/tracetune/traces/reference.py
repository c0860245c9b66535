"""The same answers as the kernels give, worked out slowly and plainly: what the kernels are tested and timed against."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode

Row = Mapping[str, Any]
Parent = int | str
"""The position of a span's parent, or why it has none: "root", "orphan", "cycle" or "duplicate"."""

_NANOS_PER_MINUTE = 60_000_000_000
_NO_ID = bytes(8)
_CALLS_OUT = (SpanKind.CLIENT, SpanKind.PRODUCER)
_SERVES = (SpanKind.SERVER, SpanKind.CONSUMER)
_CHILDREN_HANG_UNDER = (
    SpanKind.SERVER,
    SpanKind.CONSUMER,
    SpanKind.INTERNAL,
    SpanKind.UNSPECIFIED,
    SpanKind.CLIENT,
    SpanKind.PRODUCER,
)


def rows_of(spans: SpanBatch) -> list[Row]:
    """The spans as mappings, in their order."""
    rows: list[Row] = spans.table.to_pylist()
    return rows


def find_parents(rows: Sequence[Row]) -> list[Parent]:
    """Each span's parent, or why it has none."""
    by_id: dict[tuple[bytes, bytes], dict[int, int]] = defaultdict(dict)  # kind to position
    parents: list[Parent] = []
    for position, row in enumerate(rows):
        is_first = by_id[row["trace_id"], row["span_id"]].setdefault(row["kind"], position) == position
        parents.append("" if is_first else "duplicate")
    for position, row in enumerate(rows):
        if parents[position] != "duplicate":
            parents[position] = _find_parent(row, by_id)
    for position in range(len(rows)):
        loop = _loop_above(position, parents)
        if loop:
            parents[min(loop, key=lambda at: (rows[at]["start_time_unix_nano"], _signed(rows[at]["span_id"])))] = (
                "cycle"
            )
    return parents


def self_time(rows: Sequence[Row], parents: Sequence[Parent]) -> list[int]:
    """Duration minus the nanoseconds during which some child runs."""
    children = children_of(parents)
    own = []
    for position, row in enumerate(rows):
        start, end = _interval(row)
        edges = sorted({start, end, *(edge for child in children[position] for edge in _interval(rows[child]))})
        covered = 0
        for low, high in pairwise(edges):
            if start <= low < high <= end and any(_covers(rows[child], low, high) for child in children[position]):
                covered += high - low
        own.append(end - start - covered)
    return own


def critical_paths(rows: Sequence[Row], parents: Sequence[Parent]) -> dict[tuple[int, int], int]:
    """What each span adds to its root's duration, by (root, span): only spans on a critical path are there."""
    children = children_of(parents)
    result: dict[tuple[int, int], int] = {}
    for root, parent in enumerate(parents):
        if isinstance(parent, int) or parent == "duplicate":
            continue
        todo = [(root, *_interval(rows[root]))]
        while todo:
            span, low, high = todo.pop()
            taken = list(_taken(rows, children[span], low, high))
            result[root, span] = high - low - sum(to - from_ for _, from_, to in taken)
            todo += taken
    return result


def entries(rows: Sequence[Row], parents: Sequence[Parent]) -> list[bool]:
    """Whether each span is an entry span (domain.minutes, OPERATIONS)."""
    found = []
    for row, parent in zip(rows, parents, strict=True):
        calls_out = row["kind"] in _CALLS_OUT
        if isinstance(parent, int):
            above = rows[parent]
            serves = row["kind"] in _SERVES and above["kind"] in _CALLS_OUT
            found.append(serves or (not calls_out and row["service_name"] != above["service_name"]))
        else:
            found.append(parent != "orphan" or not calls_out)
    return found


def operations(rows: Sequence[Row], parents: Sequence[Parent]) -> dict[tuple[Any, ...], Counter[str]]:
    """Sums by (minute, service, name, kind, is entry): calls, errors, duration_nano and self_time_nano."""
    table: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row, is_entry, own in zip(rows, entries(rows, parents), self_time(rows, parents), strict=True):
        start, end = _interval(row)
        key = (start // _NANOS_PER_MINUTE, row["service_name"], row["name"], row["kind"], is_entry)
        is_error = row["status_code"] == StatusCode.ERROR
        table[key].update(calls=1, errors=is_error, duration_nano=end - start, self_time_nano=own)
    return dict(table)


def paths(rows: Sequence[Row], parents: Sequence[Parent]) -> dict[tuple[Any, ...], Counter[str]]:
    """Sums by (minute, entry service, entry name, service, name): traces, spans and critical_path_nano."""
    table: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    roots: dict[tuple[Any, ...], set[int]] = defaultdict(set)
    for (root, span), own in critical_paths(rows, parents).items():
        operation = (rows[span]["service_name"], rows[span]["name"])
        minute = _interval(rows[root])[0] // _NANOS_PER_MINUTE
        key = (minute, rows[root]["service_name"], rows[root]["name"], *operation)
        table[key].update(spans=1, critical_path_nano=own)
        roots[key].add(root)
    for key, distinct in roots.items():
        table[key]["traces"] = len(distinct)
    return dict(table)


def max_concurrency(rows: Sequence[Row], parents: Sequence[Parent]) -> dict[tuple[Any, ...], int]:
    """By (minute, service, version, instance): the most entry spans in flight at the start of one of the minute's."""
    calls = [row for row, is_entry in zip(rows, entries(rows, parents), strict=True) if is_entry]
    most: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in calls:
        replica = _replica(row)
        at, _ = _interval(row)
        in_flight = [other for other in calls if _replica(other) == replica and _is_in_flight(other, at)]
        key = (at // _NANOS_PER_MINUTE, *replica)
        most[key] = max(most[key], len(in_flight), 1)
    return dict(most)


def children_of(parents: Sequence[Parent]) -> list[list[int]]:
    """The positions of each span's children."""
    children: list[list[int]] = [[] for _ in parents]
    for position, parent in enumerate(parents):
        if isinstance(parent, int):
            children[parent].append(position)
    return children


def _find_parent(row: Row, by_id: Mapping[tuple[bytes, bytes], Mapping[int, int]]) -> Parent:
    own = by_id[row["trace_id"], row["span_id"]]
    if row["kind"] == SpanKind.SERVER and SpanKind.CLIENT in own:
        return own[SpanKind.CLIENT]
    if row["parent_span_id"] == _NO_ID:
        return "root"
    if row["parent_span_id"] == row["span_id"]:
        return "cycle"
    candidates = by_id.get((row["trace_id"], row["parent_span_id"]), {})
    return next((candidates[kind] for kind in _CHILDREN_HANG_UNDER if kind in candidates), "orphan")


def _loop_above(position: int, parents: Sequence[Parent]) -> list[int]:
    """The positions of the loop that going up from here ends in; empty if it ends in a root."""
    way: list[int] = []
    at: Parent = position
    while isinstance(at, int):
        if at in way:
            return way[way.index(at) :]
        way.append(at)
        at = parents[at]
    return []


def _taken(rows: Sequence[Row], children: Sequence[int], low: int, high: int) -> Iterator[tuple[int, int, int]]:
    """The children on the critical path of a span within [low, high], with their parts of it."""
    cursor = high
    for child in sorted(children, key=lambda at: _last_first(rows[at])):
        start, end = _interval(rows[child])
        from_, to = max(start, low), min(end, high)
        if from_ < to and 20 * (to - cursor) <= to - from_:
            yield child, from_, min(to, cursor)
            cursor = from_


def _last_first(row: Row) -> tuple[int, int, int]:
    start, end = _interval(row)
    return -end, start, _signed(row["span_id"])


def _signed(span_id: bytes) -> int:
    return int.from_bytes(span_id, "little", signed=True)


def _interval(row: Row) -> tuple[int, int]:
    return row["start_time_unix_nano"], row["end_time_unix_nano"]


def _covers(row: Row, low: int, high: int) -> bool:
    start, end = _interval(row)
    return start <= low and high <= end


def _is_in_flight(row: Row, at: int) -> bool:
    start, end = _interval(row)
    return start <= at < end


def _replica(row: Row) -> tuple[str, str, str]:
    return row["service_name"], row["service_version"] or "", row["instance"] or ""
