"""The trees in traces: each span's parent, and its children from the last to end to the first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracetune.domain.spans import SpanKind
from tracetune.traces.columns import TraceColumns
from tracetune.traces.grouping import KERNEL, PART, Int32s, Int64s, mixed, table_size


class Role(IntEnum):
    """Why a span stands where it does in its trace."""

    CHILD = 0  # its parent is known
    ROOT = 1  # it names no parent
    ORPHAN = 2  # it names a parent that is not here; a root of its own
    CYCLE = 3  # it was its own ancestor; the loop was cut above it, and it is a root
    DUPLICATE = 4  # the same id and kind came before; not in the tree


_CHILD, _ROOT, _ORPHAN, _CYCLE, _DUPLICATE = (int(role) for role in Role)
_CLIENT, _SERVER = int(SpanKind.CLIENT), int(SpanKind.SERVER)

# Which of several spans with one id has the children: the side that does the work (Zipkin's shared spans: the server).
_PREFERENCE = np.array([2, 3, 5, 1, 0, 4], np.int8)  # by kind: UNSPECIFIED INTERNAL SERVER CLIENT PRODUCER CONSUMER


@dataclass(frozen=True, slots=True)
class Parents:
    """Each span's place: (span,) the row of its parent or -1, and its Role."""

    parent: Int32s
    role: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Children:
    """The children of row r are ``rows[offsets[r]:offsets[r + 1]]``, the latest end first."""

    offsets: Int32s
    rows: Int32s


def find_parents(columns: TraceColumns) -> Parents:
    """Join each span with its parent by (trace id, parent span id); cycles are cut, duplicates left out.

    A SERVER span with the id of a CLIENT span is that span's child (Zipkin's shared spans), and spans that name the id
    are children of the SERVER span. A loop is cut above its earliest span.
    """
    count = len(columns)
    parent, role = np.full(count, -1, np.int32), np.zeros(count, np.int8)
    same_id, seen = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
    ids = (columns.span_id, columns.parent_id)
    _find_parents(columns.offsets, *ids, columns.kind, columns.start, _PREFERENCE, same_id, seen, parent, role)
    return Parents(parent, role)


def children_by_end(parents: Parents, columns: TraceColumns) -> Children:
    """The children of each span, sorted by descending end; equal ends by start and id, so that row order is no matter."""
    offsets, rows = _children(parents.parent)
    _sort_by_end(offsets, rows, columns.start, columns.end, columns.span_id)
    return Children(offsets, rows)


@njit(**KERNEL)
def _find_parents(  # noqa: PLR0913, PLR0917 - arrays made outside compile faster
    offsets: Int64s,
    span_id: Int64s,
    parent_id: Int64s,
    kind: NDArray[np.int8],
    start: Int64s,
    preference: NDArray[np.int8],
    same_id: Int32s,
    seen: Int32s,
    parent: Int32s,
    role: NDArray[np.int8],
) -> None:
    """Fills the last four; ``same_id`` with the next row that has the same id and another kind."""
    largest = 0
    for trace in range(len(offsets) - 1):
        largest = max(largest, offsets[trace + 1] - offsets[trace])
    slots = np.empty(table_size(largest), np.int32)  # one small table, cleared for each trace, stays in the cache
    for trace in range(len(offsets) - 1):
        first, last = offsets[trace], offsets[trace + 1]
        mask = table_size(last - first) - 1
        for at in range(mask + 1):
            slots[at] = -1
        _enter(first, last, slots, mask, span_id, kind, same_id, role)
        _look_up(first, last, slots, mask, span_id, parent_id, kind, same_id, preference, parent, role)
        _cut_cycles(first, last, parent, role, seen, start, span_id)


@njit(**KERNEL, inline="always")
def _slot(identifier: int, slots: Int32s, mask: int, span_id: Int64s) -> int:
    at: int = mixed(identifier) & mask
    while slots[at] >= 0 and span_id[slots[at]] != identifier:
        at = (at + 1) & mask
    return at


@njit(**PART)
def _enter(  # noqa: PLR0913, PLR0917 - the state of a kernel; one call a trace, as handing over arrays costs a lookup
    first: int,
    last: int,
    slots: Int32s,
    mask: int,
    span_id: Int64s,
    kind: NDArray[np.int8],
    same_id: Int32s,
    role: NDArray[np.int8],
) -> None:
    for row in range(first, last):
        at = _slot(span_id[row], slots, mask, span_id)
        if slots[at] < 0:
            slots[at] = row
            continue
        other = slots[at]
        while kind[other] != kind[row] and same_id[other] >= 0:
            other = same_id[other]
        if kind[other] == kind[row]:
            role[row] = _DUPLICATE
        else:
            same_id[other] = row


@njit(**PART)
def _look_up(  # noqa: C901, PLR0913, PLR0917 - the state of a kernel
    first: int,
    last: int,
    slots: Int32s,
    mask: int,
    span_id: Int64s,
    parent_id: Int64s,
    kind: NDArray[np.int8],
    same_id: Int32s,
    preference: NDArray[np.int8],
    parent: Int32s,
    role: NDArray[np.int8],
) -> None:
    for row in range(first, last):
        if role[row] == _DUPLICATE:
            continue
        shared = -1
        if kind[row] == _SERVER:
            shared = slots[_slot(span_id[row], slots, mask, span_id)]
            while shared >= 0 and kind[shared] != _CLIENT:
                shared = same_id[shared]
        if shared >= 0:
            parent[row] = shared
        elif parent_id[row] == 0:
            role[row] = _ROOT
        elif parent_id[row] == span_id[row]:
            role[row] = _CYCLE
        else:
            best = slots[_slot(parent_id[row], slots, mask, span_id)]
            other = same_id[best] if best >= 0 else -1
            while other >= 0:
                if preference[kind[other]] > preference[kind[best]]:
                    best = other
                other = same_id[other]
            parent[row] = best
            if best < 0:
                role[row] = _ORPHAN


@njit(**PART)
def _cut_cycles(  # noqa: PLR0913, PLR0917 - the state of a kernel
    first: int,
    last: int,
    parent: Int32s,
    role: NDArray[np.int8],
    seen: Int32s,
    start: Int64s,
    span_id: Int64s,
) -> None:
    for row in range(first, last):
        at = row
        while at >= 0 and seen[at] < 0:
            seen[at] = row
            at = parent[at]
        if at < 0 or seen[at] != row:
            continue
        earliest = at
        other = parent[at]
        while other != at:
            if start[other] < start[earliest] or (
                start[other] == start[earliest] and span_id[other] < span_id[earliest]
            ):
                earliest = other
            other = parent[other]
        parent[earliest] = -1
        role[earliest] = _CYCLE


@njit(**KERNEL)
def _children(parent: Int32s) -> tuple[Int32s, Int32s]:
    count = len(parent)
    offsets = np.zeros(count + 2, np.int32)  # shifted by one while filling, so that it ends as offsets
    for row in range(count):
        if parent[row] >= 0:
            offsets[parent[row] + 2] += 1
    for row in range(count):
        offsets[row + 2] += offsets[row + 1]
    rows = np.empty(offsets[count + 1], np.int32)
    for row in range(count):
        if parent[row] >= 0:
            rows[offsets[parent[row] + 1]] = row
            offsets[parent[row] + 1] += 1
    return offsets[: count + 1], rows


@njit(**KERNEL)
def _sort_by_end(  # noqa: C901 - kernel: the comparison stands in the loop, as handing over arrays costs a lookup
    offsets: Int32s, rows: Int32s, start: Int64s, end: Int64s, span_id: Int64s
) -> None:
    """Shell sort of each list in place: most spans have few children, which it sorts by insertion, some 100,000."""
    for span in range(len(offsets) - 1):
        first, last = offsets[span], offsets[span + 1]
        gap = 1
        while 9 * gap < last - first:
            gap = 3 * gap + 1  # Knuth, TAOCP 5.2.1
        while gap > 0:
            for at in range(first + gap, last):
                row = rows[at]
                to = at
                while to >= first + gap:
                    other = rows[to - gap]
                    if end[other] != end[row]:
                        is_later = end[row] > end[other]
                    elif start[other] != start[row]:
                        is_later = start[row] < start[other]
                    elif span_id[other] != span_id[row]:
                        is_later = span_id[row] < span_id[other]
                    else:
                        is_later = row < other
                    if not is_later:
                        break
                    rows[to] = other
                    to -= gap
                rows[to] = row
            gap //= 3
