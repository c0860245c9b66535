"""The calls of a sample as arrays in the order of their traces: what the estimators and the simulation work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.calls import CallSample

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_NANOS = 1e-9


class Observed(NamedTuple):
    """Calls, trace by trace, callers before whom they call; all arrays but the offsets are (call,). Times in seconds.

    Attributes:
        trace_offset: (trace + 1,).
        parent: who made the call; -1 for the first of a trace, and where that one was lost.
        child_offset: (call + 1,), into ``child``: the calls that a call made, by when they were sent.
        is_root: the call began its trace, and nothing above it was lost.
        node: what its instance runs on.
    """

    trace_offset: Ints
    parent: Ints
    child_offset: Ints
    child: Ints
    service: Ints
    operation: Ints
    instance: Ints
    sent: Floats
    arrived: Floats
    ended: Floats
    returned: Floats
    is_awaited: Bools
    is_served: Bools
    is_error: Bools
    is_root: Bools
    node: Ints


@dataclass(frozen=True, slots=True)
class Names:
    """What the numbers in Observed stand for.

    Attributes:
        services: (service,).
        operations: (operation,), service and span name.
        instances: (instance,), service and instance; the instance is "" where spans do not name it.
        versions: by service, the versions seen.
        nodes: (node,), "" where spans do not say.
        start_unix_nano: the zero of all times.
        lost_parents: calls that name a caller that is not in the sample.
    """

    services: tuple[str, ...]
    operations: tuple[tuple[str, str], ...]
    instances: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, ...], ...]
    nodes: tuple[str, ...]
    start_unix_nano: int
    lost_parents: int


def observe(sample: CallSample) -> tuple[Observed, Names]:
    """The sample's calls in trace order, joined with their callers; each once."""
    table = sample.table.combine_chunks()
    trace = _trace_numbers(_words(table, "trace_id"))
    own = _key(trace, _words(table, "call_id")[:, 0])
    _, first = np.unique(own, return_index=True)  # spans that were exported twice, in two batches
    if len(first) < len(own):
        table, trace, own = table.take(np.sort(first)), trace[np.sort(first)], own[np.sort(first)]
    above = _words(table, "parent_call_id")[:, 0]
    parent = _join(own, _key(trace, above))
    parent[above == 0] = -1
    sent = table["sent_unix_nano"].to_numpy()
    order = np.lexsort((table["arrived_unix_nano"].to_numpy(), _depths(parent), trace))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    parent = np.where(parent >= 0, place[parent], -1)[order]
    begin = int(sent.min()) if len(sent) else 0

    def seconds(name: str) -> Floats:
        found: Floats = (table[name].to_numpy()[order] - begin) * _NANOS
        return found

    service, services = _codes(table, "service_name", order)
    name, span_names = _codes(table, "span_name", order)
    replica, replicas = _codes(table, "instance", order)
    version, versions = _codes(table, "service_version", order)
    node, nodes = _codes(table, "node", order)
    operation, pairs = _paired(service, name)
    instance, places = _paired(service, replica)
    used = np.unique(np.stack([service, version]), axis=1)
    sent_at = seconds("sent_unix_nano")
    child_offset, child = _children(parent, sent_at, seconds("returned_unix_nano"))
    observed = Observed(
        trace_offset=_offsets(trace[order]),
        parent=parent,
        child_offset=child_offset,
        child=child,
        service=service,
        operation=operation,
        instance=instance,
        sent=sent_at,
        arrived=seconds("arrived_unix_nano"),
        ended=seconds("ended_unix_nano"),
        returned=seconds("returned_unix_nano"),
        is_awaited=table["is_awaited"].to_numpy()[order],
        is_served=table["is_served"].to_numpy()[order],
        is_error=table["is_error"].to_numpy()[order],
        is_root=(above == 0)[order],
        node=node,
    )
    names = Names(
        tuple(services),
        tuple((services[owner], span_names[code]) for owner, code in pairs),
        tuple((services[owner], replicas[code]) for owner, code in places),
        tuple(tuple(versions[code] for code in used[1, used[0] == number]) for number in range(len(services))),
        tuple(nodes),
        begin,
        int(((parent < 0) & ~observed.is_root).sum()),
    )
    return observed, names


def _words(table: object, name: str) -> NDArray[np.uint64]:
    column = table[name].combine_chunks()  # type: ignore[index]
    if hasattr(column, "chunks"):
        column = column.chunk(0) if column.num_chunks else column
    width = column.type.byte_width // 8
    words = np.frombuffer(column.buffers()[1], np.uint64) if len(column) else np.zeros(0, np.uint64)
    return words[column.offset * width : (column.offset + len(column)) * width].reshape(-1, width)


def _trace_numbers(words: NDArray[np.uint64]) -> Ints:
    mixed = words[:, 0] * np.uint64(0x9E3779B97F4A7C15) ^ words[:, 1]
    numbers: Ints = np.unique(mixed, return_inverse=True)[1].astype(np.int64)
    return numbers


def _key(trace: Ints, call: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One number for a call of a trace; two calls of a sample share one with a chance below 1e-8."""
    mixed = (trace.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) ^ call
    return mixed * np.uint64(0xD6E8FEB86659FD93) ^ (mixed >> np.uint64(32))


def _join(own: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> Ints:
    """The row with each wanted key, -1 where there is none."""
    if not len(own):
        return np.zeros(0, np.int64)
    order = np.argsort(own)
    at = np.minimum(np.searchsorted(own[order], wanted), len(own) - 1)
    found = order[at].astype(np.int64)
    return np.where(own[found] == wanted, found, -1)


def _depths(parent: Ints) -> Ints:
    depth = np.zeros(len(parent), np.int64)
    at = parent.copy()
    for _ in range(len(parent)):  # a trace is never deeper than all calls; circles were cut before
        above = at >= 0
        if not above.any():
            break
        depth[above] += 1
        at[above] = parent[at[above]]
    return depth


def _codes(table: object, name: str, order: Ints) -> tuple[Ints, list[str]]:
    column = table[name].combine_chunks()  # type: ignore[index]
    if hasattr(column, "chunks"):
        column = column.chunk(0) if column.num_chunks else column
    values = column.dictionary.to_pylist()
    codes = column.indices.to_numpy(zero_copy_only=False)[order]
    used, dense = np.unique(codes, return_inverse=True)
    names = [values[code] for code in used]
    by_name = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), np.int64)
    rank[by_name] = np.arange(len(names))
    return rank[dense] if len(dense) else np.zeros(0, np.int64), [names[number] for number in by_name]


def _paired(first: Ints, second: Ints) -> tuple[Ints, list[tuple[int, int]]]:
    width = int(second.max()) + 1 if len(second) else 1
    used, code = np.unique(first * width + second, return_inverse=True)
    return code.astype(np.int64), [(int(pair // width), int(pair % width)) for pair in used]


def _offsets(trace: Ints) -> Ints:
    if not len(trace):
        return np.zeros(1, np.int64)
    begins = np.flatnonzero(np.concatenate(([True], trace[1:] != trace[:-1])))
    return np.append(begins, len(trace)).astype(np.int64)


def _children(parent: Ints, sent: Floats, returned: Floats) -> tuple[Ints, Ints]:
    has = np.flatnonzero(parent >= 0)
    rows = has[np.lexsort((returned[has], sent[has], parent[has]))]
    counts = np.bincount(parent[has], minlength=len(parent))
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64), rows.astype(np.int64)
