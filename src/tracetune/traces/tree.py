"""The trees in traces: each span's parent, and its children from the last to end to the first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracetune.domain.spans import SpanKind
from tracetune.traces.columns import TraceColumns
from tracetune.traces.grouping import Int32s, Int64s, mixed, table_size


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
    parent, role = _find_parents(
        columns.offsets, columns.span_id, columns.parent_id, columns.kind, columns.start, _PREFERENCE
    )
    return Parents(parent, role)


def children_by_end(parents: Parents, columns: TraceColumns) -> Children:
    """The children of each span, sorted by descending end; equal ends by start and id, so that row order is no matter."""
    offsets, rows = _children(parents.parent)
    _sort_by_end(offsets, rows, columns.start, columns.end, columns.span_id)
    return Children(offsets, rows)


@njit(cache=True, nogil=True)
def _find_parents(
    offsets: Int64s,
    span_id: Int64s,
    parent_id: Int64s,
    kind: NDArray[np.int8],
    start: Int64s,
    preference: NDArray[np.int8],
) -> tuple[Int32s, NDArray[np.int8]]:
    count = len(span_id)
    parent = np.full(count, -1, np.int32)
    role = np.zeros(count, np.int8)
    same_id = np.full(count, -1, np.int32)  # the next row with the same id and another kind
    seen = np.full(count, -1, np.int32)
    largest = 0
    for trace in range(len(offsets) - 1):
        largest = max(largest, offsets[trace + 1] - offsets[trace])
    slots = np.empty(table_size(largest), np.int32)  # one small table, cleared for each trace, stays in the cache
    for trace in range(len(offsets) - 1):
        first, last = offsets[trace], offsets[trace + 1]
        mask = table_size(last - first) - 1
        slots[: mask + 1] = -1
        _enter(first, last, slots, mask, span_id, kind, same_id, role)
        _look_up(first, last, slots, mask, span_id, parent_id, kind, same_id, preference, parent, role)
        _cut_cycles(first, last, parent, role, seen, start, span_id)
    return parent, role


@njit(cache=True, nogil=True, inline="always")
def _slot(identifier: int, slots: Int32s, mask: int, span_id: Int64s) -> int:
    at = mixed(identifier) & mask
    while slots[at] >= 0 and span_id[slots[at]] != identifier:
        at = (at + 1) & mask
    return at


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True, inline="always")
def _ends_later(left: int, right: int, start: Int64s, end: Int64s, span_id: Int64s) -> bool:
    if end[left] != end[right]:
        return bool(end[left] > end[right])
    if start[left] != start[right]:
        return bool(start[left] < start[right])
    return bool(span_id[left] < span_id[right])


@njit(cache=True, nogil=True)
def _sort_by_end(offsets: Int32s, rows: Int32s, start: Int64s, end: Int64s, span_id: Int64s) -> None:
    """Merge sort of each list in place, runs of sixteen by insertion: most spans have few children, some 100,000."""
    spare = np.empty(0, np.int32)
    for span in range(len(offsets) - 1):
        first, last = offsets[span], offsets[span + 1]
        if last - first < 2:
            continue
        for low in range(first, last, 16):
            _insert(rows, low, min(low + 16, last), start, end, span_id)
        width = 16
        while width < last - first:
            if len(spare) < last - first:
                spare = np.empty(last - first, np.int32)
            for low in range(first, last - width, 2 * width):
                _merge(rows, low, low + width, min(low + 2 * width, last), spare, start, end, span_id)
            width *= 2


@njit(cache=True, nogil=True)
def _insert(rows: Int32s, low: int, high: int, start: Int64s, end: Int64s, span_id: Int64s) -> None:
    for at in range(low + 1, high):
        row = rows[at]
        to = at
        while to > low and _ends_later(row, rows[to - 1], start, end, span_id):
            rows[to] = rows[to - 1]
            to -= 1
        rows[to] = row


@njit(cache=True, nogil=True)
def _merge(  # noqa: PLR0913, PLR0917 - the state of a kernel
    rows: Int32s, low: int, middle: int, high: int, spare: Int32s, start: Int64s, end: Int64s, span_id: Int64s
) -> None:
    left = middle - low
    spare[:left] = rows[low:middle]
    taken, right, to = 0, middle, low
    while taken < left and right < high:
        if _ends_later(rows[right], spare[taken], start, end, span_id):
            rows[to] = rows[right]
            right += 1
        else:
            rows[to] = spare[taken]
            taken += 1
        to += 1
    while taken < left:
        rows[to] = spare[taken]
        taken += 1
        to += 1
