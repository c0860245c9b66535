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


@njit(cache=True, nogil=True, inline="always")
def mixed(key: int) -> int:
    """A key with its bits spread, for the low bits to be taken as a slot.

    The upper half is folded in first: ids counted up have all their differences in it, as they stand in memory.
    """
    spread = (key ^ (key >> 32)) * GOLDEN
    spread = (spread ^ (spread >> 29)) * GOLDEN
    return spread ^ (spread >> 32)


@njit(cache=True, nogil=True)
def table_size(entries: int) -> int:
    """The power of two that keeps a hash table of so many entries at most half full."""
    size = 16
    while size < 2 * entries:
        size *= 2
    return size


@njit(cache=True, nogil=True)
def _group(keys: Int64s) -> tuple[Int64s, Int32s]:
    count = len(keys)
    size = 1024
    slots = np.full(size, -1, np.int32)
    first = np.empty(count, np.int64)
    group = np.empty(count, np.int32)
    groups = 0
    for row in range(count):
        key = keys[row]
        at = mixed(key) & (size - 1)
        while slots[at] >= 0 and keys[first[slots[at]]] != key:
            at = (at + 1) & (size - 1)
        if slots[at] < 0:
            slots[at] = groups
            first[groups] = row
            groups += 1
        group[row] = slots[at]
        if 2 * groups > size:  # a table that fits the groups, not the rows, stays in the cache
            size *= 4
            slots = np.full(size, -1, np.int32)
            for known in range(groups):
                at = mixed(keys[first[known]]) & (size - 1)
                while slots[at] >= 0:
                    at = (at + 1) & (size - 1)
                slots[at] = known
    return first[:groups].copy(), group


def group_keys(keys: Int64s) -> tuple[Int64s, Int32s]:
    """The first row of each distinct key, (group,), in order of appearance, and the group of each row, (row,)."""
    first, group = _group(np.ascontiguousarray(keys, np.int64))
    return first, group


def group_pairs(left: NDArray[np.integer[Any]], right: NDArray[np.integer[Any]]) -> tuple[Int64s, Int32s]:
    """Groups of equal pairs of numbers from -1 to 2**31 - 2, such as label codes."""
    return group_keys(((left.astype(np.int64) + 1) << 32) | (right.astype(np.int64) + 1))


def sums(group: Int32s, groups: int, values: NDArray[np.integer[Any]] | NDArray[np.bool_]) -> Int64s:
    """The exact sum of the values of each group, (group,)."""
    total: Int64s = _sums(group, groups, values.astype(np.int64))
    return total


@njit(cache=True, nogil=True)
def _sums(group: Int32s, groups: int, values: Int64s) -> Int64s:
    total = np.zeros(groups, np.int64)
    for row in range(len(group)):
        total[group[row]] += values[row]
    return total
