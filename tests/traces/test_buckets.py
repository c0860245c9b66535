"""Buckets of many durations, and their histograms by group."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tracetune.domain.histograms import Histograms, bucket_of
from tracetune.traces.buckets import buckets_of, histograms_of
from tracetune.traces.grouping import rows_by_group


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(st.integers(0, 2**63 - 1), st.integers(-2, 3), st.integers(1, 10**6)), max_size=30))
def test_buckets_are_those_of_the_domain(durations: list[int]) -> None:
    nanos = np.array(durations, np.int64)

    assert buckets_of(nanos).tolist() == bucket_of(nanos).tolist()


def test_durations_beside_every_power_of_two_are_in_the_buckets_of_the_domain() -> None:
    powers = 1 << np.arange(63, dtype=np.int64)
    nanos = np.concatenate([powers - 1, powers, powers + 1, [2**63 - 1]])

    assert buckets_of(nanos).tolist() == bucket_of(nanos).tolist()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 20)), max_size=30))
def test_histograms_equal_those_counted_one_by_one(drawn: list[tuple[int, int]]) -> None:
    group = np.array([group for group, _ in drawn], np.int32)
    duration = np.array([length for _, length in drawn], np.int64) * 1_000

    found = histograms_of(rows_by_group(group, 5), buckets_of(duration))

    expected = Histograms.from_entries(5, group.astype(np.int64), bucket_of(duration), np.ones(len(drawn), np.uint64))
    assert found.to_arrow().to_pylist() == expected.to_arrow().to_pylist()
