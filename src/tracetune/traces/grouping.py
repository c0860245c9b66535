"""Groups of equal keys, found by hashing in one pass: the core of every per-minute table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Int32s = NDArray[np.int32]

GOLDEN = -7046029254386353131
"""2**64 / golden ratio, odd, as a signed integer: multiplying by it spreads keys that differ in few bits (Knuth, TAOCP 6.4)."""


KERNEL: dict[str, Any] = {"cache": True, "nogil": True, "no_cfunc_wrapper": True}
"""How numba compiles what Python calls: without the wrapper for C, which nobody calls and takes time to compile."""

PART: dict[str, Any] = {**KERNEL, "no_cpython_wrapper": True}
"""How numba compiles what only kernels call: without the wrapper for Python too.

After a change of a part, empty the cache (``NUMBA_CACHE_DIR``, else ``__pycache__``): numba looks at the file of the kernel
only, so a kernel in another file would go on with the part as it was.
"""


@njit(**PART)
def mixed(key: int) -> int:
    """A key with its bits spread, for the low bits to be taken as a slot.

    The upper half is folded in first: ids counted up have all their differences in it, as they stand in memory.
    """
    spread = (key ^ (key >> 32)) * GOLDEN
    spread = (spread ^ (spread >> 29)) * GOLDEN
    return spread ^ (spread >> 32)


@njit(**PART)
def table_size(entries: int) -> int:
    """The power of two that keeps a hash table of so many entries at most half full."""
    size = 16
    while size < 2 * entries:
        size *= 2
    return size


@njit(**KERNEL)
def _group(keys: Int64s) -> tuple[Int64s, Int32s, int]:
    count = len(keys)
    mask = 1023
    table = np.zeros((mask + 1, 2), np.int64)  # a key beside its group + 1, so that a look-up touches one cache line
    first = np.empty(count, np.int64)
    group = np.empty(count, np.int32)
    groups = 0
    for row in range(count):
        key = keys[row]
        at = mixed(key) & mask
        while table[at, 1] > 0 and table[at, 0] != key:
            at = (at + 1) & mask
        if table[at, 1] == 0:
            first[groups] = row
            groups += 1
            table[at, 0], table[at, 1] = key, groups
        group[row] = table[at, 1] - 1
        if 2 * groups > mask:  # a table that fits the groups, not the rows, stays in the cache
            mask = 4 * mask + 3
            table = np.zeros((mask + 1, 2), np.int64)
            for known in range(groups):
                at = mixed(keys[first[known]]) & mask
                while table[at, 1] > 0:
                    at = (at + 1) & mask
                table[at, 0], table[at, 1] = keys[first[known]], known + 1
    return first, group, groups


def group_keys(keys: Int64s) -> tuple[Int64s, Int32s]:
    """The first row of each distinct key, (group,), in order of appearance, and the group of each row, (row,)."""
    first, group, groups = _group(np.ascontiguousarray(keys, np.int64))
    return first[:groups].copy(), group


def group_rows(*columns: NDArray[np.integer[Any]] | NDArray[np.bool_]) -> tuple[Int64s, Int32s]:
    """As ``group_keys``, by several columns of whole numbers, each (row,): rows that are equal in all are a group.

    Rows that stand together should agree in the first column, such as the minute: they are then near in memory.
    """
    packed = np.zeros(len(columns[0]), np.int64)
    most = 1  # the numbers in packed are below this
    for column in columns if len(packed) else ():
        low = int(column.min())
        width = int(column.max()) - low + 1
        if most * width > _most_dense(packed):
            first, group = _group_below(packed, most)
            packed, most = group.astype(np.int64), len(first)
        if most > 1:
            packed *= width
        packed += column
        if low:
            packed -= low
        most *= width
    return _group_below(packed, most)


def _most_dense(keys: Int64s) -> int:
    """Up to here a table of all possible keys is faster than hashing, though most of it is never touched."""
    return 4 * len(keys) + 4096


def _group_below(keys: Int64s, most: int) -> tuple[Int64s, Int32s]:
    if most > _most_dense(keys):
        return group_keys(keys)
    first, group, groups = _group_dense(keys, most)
    return first[:groups].copy(), group


@njit(**KERNEL)
def _group_dense(keys: Int64s, most: int) -> tuple[Int64s, Int32s, int]:
    known = np.zeros(most, np.int32)  # the group + 1
    first = np.empty(len(keys), np.int64)
    group = np.empty(len(keys), np.int32)
    groups = 0
    for row in range(len(keys)):
        if known[keys[row]] == 0:
            first[groups] = row
            groups += 1
            known[keys[row]] = groups
        group[row] = known[keys[row]] - 1
    return first, group, groups


@njit(**KERNEL)
def rows_by_group(group: Int32s, groups: int) -> tuple[Int64s, Int64s]:
    """The rows of group g, in their order, are ``rows[offsets[g]:offsets[g + 1]]``."""
    offsets = np.zeros(groups + 1, np.int64)
    for row in range(len(group)):
        offsets[group[row]] += 1
    for at in range(groups):
        offsets[at + 1] += offsets[at]
    rows = np.empty(len(group), np.int64)
    for row in range(len(group) - 1, -1, -1):  # backward, as each offset comes down from its group's end to its begin
        offsets[group[row]] -= 1
        rows[offsets[group[row]]] = row
    return offsets, rows


def counts(group: Int32s, groups: int) -> Int64s:
    """How many rows each group has, (group,)."""
    return np.bincount(group, minlength=groups)


def sums(group: Int32s, groups: int, values: NDArray[np.integer[Any]] | NDArray[np.bool_]) -> Int64s:
    """The exact sum of the values of each group, (group,)."""
    total: Int64s = _sums(group, groups, values.astype(np.int64))
    return total


@njit(**KERNEL)
def _sums(group: Int32s, groups: int, values: Int64s) -> Int64s:
    total = np.zeros(groups, np.int64)
    for row in range(len(group)):
        total[group[row]] += values[row]
    return total
