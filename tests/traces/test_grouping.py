"""Groups of equal keys, and exact sums."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tracetune.traces.grouping import counts, group_keys, group_rows, mixed, sums

INT64 = st.integers(-(2**63), 2**63 - 1)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.one_of(INT64, st.integers(0, 3)), max_size=30))
def test_rows_are_in_one_group_exactly_if_their_keys_are_equal(keys: list[int]) -> None:
    first, group = group_keys(np.array(keys, np.int64))

    assert [keys[row] for row in first] == list(dict.fromkeys(keys))
    assert [keys[first[each]] for each in group] == keys


def test_keys_that_differ_in_their_upper_bits_only_do_not_share_slots() -> None:
    keys = np.arange(4096, dtype=np.int64).astype(">i8").view(np.int64)
    spread: Any = mixed.py_func

    slots = np.unique(spread(keys) & 8191)

    assert len(slots) > 3_000  # 3,200 of 8,192 are expected of slots drawn at random


def test_many_groups_outgrow_the_first_table() -> None:
    keys = np.arange(100_000, dtype=np.int64) << 20

    first, group = group_keys(np.concatenate([keys, keys]))

    assert len(first) == 100_000
    assert (group[:100_000] == group[100_000:]).all()


def test_rows_are_told_apart_though_a_code_is_missing() -> None:
    _, group = group_rows(np.array([-1, 0, -1, 0], np.int32), np.array([0, -1, 0, 0], np.int32))

    assert group.tolist() == [0, 1, 0, 2]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(*[st.one_of(st.integers(-(2**31), 2**31 - 1), st.integers(0, 1))] * 3), max_size=30))
def test_rows_of_columns_too_wide_for_one_number_are_grouped_all_the_same(rows: list[tuple[int, int, int]]) -> None:
    columns = np.array(rows, np.int32).reshape(-1, 3).T

    first, group = group_rows(*columns)

    assert [rows[row] for row in first] == list(dict.fromkeys(rows))
    assert [rows[first[each]] for each in group] == rows


def test_groups_without_rows_are_counted_as_empty() -> None:
    assert counts(np.array([2, 0, 2], np.int32), 4).tolist() == [1, 0, 2, 0]


def test_sums_are_exact_beyond_what_floats_hold() -> None:
    values = np.array([2**60, 1, 5], np.int64)

    assert sums(np.array([0, 0, 1], np.int32), 3, values).tolist() == [2**60 + 1, 5, 0]
