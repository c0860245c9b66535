from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from tracetune.sources.otlp_intern import Places, Tables, intern, same_bytes


@njit()
def intern_in(addresses: NDArray[np.int64], table: int, text: NDArray[np.uint8]) -> int:
    begin: Any = np.int64(text.ctypes.data)
    places = Places(
        addresses[0], addresses[1], addresses[2], addresses[3], addresses[4], addresses[5], addresses[6]
    )  # numba unpacks no array into a tuple
    return intern(places, table, begin, text.size)


@njit()
def same(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> bool:
    left_at: Any = np.int64(left.ctypes.data)
    right_at: Any = np.int64(right.ctypes.data)
    return same_bytes(left_at, right_at, left.size)


def code_of(tables: Tables, table: int, text: bytes) -> int:
    data = np.frombuffer(text + b"\0", np.uint8)[: len(text)].copy()
    arrays = (tables.slots, tables.hashes, tables.ends, tables.pools, tables.used)
    room = (tables.hashes.shape[1], tables.pools.shape[1])
    return int(intern_in(np.array([*(array.ctypes.data for array in arrays), *room]), table, data))


@given(st.lists(st.binary(max_size=20), max_size=60))
def test_equal_strings_get_equal_codes_in_the_order_they_are_met_however_the_tables_grow(texts: list[bytes]) -> None:
    tables = Tables.empty(2, entries=4, pool_bytes=16)
    codes: list[int] = []

    for text in texts:
        while (code := code_of(tables, 1, text)) < 0:
            tables = tables.grown()
        codes.append(code)

    order = list(dict.fromkeys(texts))
    assert codes == [order.index(text) for text in texts]
    assert tables.used.tolist() == [0, len(order)]


def test_a_table_without_room_says_so_and_stays_as_it_is() -> None:
    tables = Tables.empty(1, entries=4, pool_bytes=4)
    code_of(tables, 0, b"abc")

    code = code_of(tables, 0, b"de")

    assert code == -1
    assert tables.used.tolist() == [1]


def test_bytes_are_compared_to_the_last_one() -> None:
    left = np.arange(19, dtype=np.uint8)
    right = left.copy()
    right[18] = 0

    answers = same(left, left.copy()), same(left, right)

    assert answers == (True, False)
