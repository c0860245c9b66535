"""Interning inside compiled kernels: equal byte strings get equal codes, in the order they are first met.

Several tables of equal room lie side by side in the same arrays. Strings are only ever added at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracetune.sources.otlp_memory import (
    load_byte,
    load_code,
    load_int,
    load_word,
    store_byte,
    store_code,
    store_int,
    store_word,
)

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio spreads near words over all bits (Knuth, TAOCP 6.4)
_HALF = np.uint64(32)
_int: Any = np.int64  # mypy would tell it from int, numba does not
_BYTE_BITS = np.uint64(8)
_ENTRIES = 1 << 10
_BYTES_AN_ENTRY = 64


@dataclass(frozen=True, slots=True)
class Tables:
    """Some hash tables from byte strings to codes: open addressing, at most half full."""

    slots: NDArray[np.int32]  # (table, 2 * entry): a code, or -1
    hashes: NDArray[np.uint64]  # (table, entry)
    ends: NDArray[np.int64]  # (table, entry + 1): string c lies from ends[c] to ends[c + 1] of its table's pool
    pools: NDArray[np.uint8]  # (table, byte)
    used: NDArray[np.int64]  # (table,): codes given so far

    @classmethod
    def empty(cls, tables: int, entries: int = _ENTRIES, pool_bytes: int = _ENTRIES * _BYTES_AN_ENTRY) -> Tables:
        """Tables of nothing; ``entries`` is a power of two."""
        return cls(
            np.full((tables, 2 * entries), -1, np.int32),
            np.empty((tables, entries), np.uint64),
            np.zeros((tables, entries + 1), np.int64),
            np.empty((tables, pool_bytes), np.uint8),
            np.zeros(tables, np.int64),
        )

    def grown(self) -> Tables:
        """The same strings and codes, with twice the room; arrays cut from the old tables stay as they are."""
        wider = Tables.empty(self.used.size, 2 * self.hashes.shape[1], 2 * self.pools.shape[1])
        for old, new in ((self.hashes, wider.hashes), (self.ends, wider.ends), (self.pools, wider.pools)):
            new[:, : old.shape[1]] = old
        wider.used[:] = self.used
        _fill_slots(wider.slots, wider.hashes, wider.used)
        return wider


class Places(NamedTuple):
    """The addresses of ``Tables``."""

    slots: int
    hashes: int
    ends: int
    pools: int
    used: int
    entries: int
    pool_bytes: int


@njit(cache=True)
def _fill_slots(slots: NDArray[np.int32], hashes: NDArray[np.uint64], used: NDArray[np.int64]) -> None:
    mask = slots.shape[1] - 1
    for table in range(used.size):
        for code in range(used[table]):
            slot = _int(hashes[table, code]) & mask
            while slots[table, slot] >= 0:
                slot = (slot + 1) & mask
            slots[table, slot] = code


@njit(cache=True, forceinline=True)
def _hash(begin: int, length: int) -> np.uint64:
    hashed = np.uint64(length) * _MULTIPLIER
    at, end = begin, begin + length
    while at + 8 <= end:
        hashed = (hashed ^ load_word(at)) * _MULTIPLIER
        hashed ^= hashed >> _HALF
        at += 8
    rest = np.uint64(0)
    while at < end:
        rest = (rest << _BYTE_BITS) | np.uint64(load_byte(at))
        at += 1
    hashed = (hashed ^ rest) * _MULTIPLIER
    return hashed ^ (hashed >> _HALF)


@njit(cache=True, forceinline=True)
def same_bytes(left: int, right: int, length: int) -> bool:
    """Whether the same bytes lie at both addresses."""
    index = 0
    while index + 8 <= length:
        if load_word(left + index) != load_word(right + index):
            return False
        index += 8
    while index < length:
        if load_byte(left + index) != load_byte(right + index):
            return False
        index += 1
    return True


@njit(cache=True)
def intern(places: Places, table: int, begin: int, length: int) -> int:
    """The code of the ``length`` bytes at ``begin``, or -1 if they are new and the tables have no room for them."""
    mask = 2 * places.entries - 1
    slots = places.slots + 4 * (mask + 1) * table
    hashes = places.hashes + 8 * places.entries * table
    ends = places.ends + 8 * (places.entries + 1) * table
    pool = places.pools + places.pool_bytes * table
    hashed = _hash(begin, length)
    slot = _int(hashed) & mask
    code: int = _int(load_code(slots + 4 * slot))
    while code >= 0:
        if load_word(hashes + 8 * code) == hashed:
            start = load_int(ends + 8 * code)
            if load_int(ends + 8 * code + 8) - start == length and same_bytes(pool + start, begin, length):
                return code
        slot = (slot + 1) & mask
        code = _int(load_code(slots + 4 * slot))
    code = load_int(places.used + 8 * table)
    start = load_int(ends + 8 * code)
    if code == places.entries or start + length > places.pool_bytes:
        return -1
    for index in range(length):
        store_byte(pool + start + index, load_byte(begin + index))
    store_code(slots + 4 * slot, np.int32(code))
    store_word(hashes + 8 * code, hashed)
    store_int(ends + 8 * code + 8, start + length)
    store_int(places.used + 8 * table, code + 1)
    return code
