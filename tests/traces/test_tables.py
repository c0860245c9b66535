"""Columns of the minute tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tracetune.domain.histograms import Histograms, bucket_of
from tracetune.domain.minutes import EXEMPLARS
from tracetune.traces.tables import histograms_of, label_column, to_table


def test_a_missing_label_becomes_the_empty_one() -> None:
    assert label_column(np.array([1, -1, 0]), ["a", "b"]).to_pylist() == ["b", "", "a"]
    assert label_column(np.array([1, -1, 0]), ["", "b"]).to_pylist() == ["b", "", ""]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 20)), max_size=30))
def test_histograms_equal_those_counted_one_by_one(drawn: list[tuple[int, int]]) -> None:
    group = np.array([group for group, _ in drawn], np.int32)
    duration = np.array([length for _, length in drawn], np.int64) * 1_000

    found = histograms_of(group, 5, duration)

    expected = Histograms.from_entries(5, group.astype(np.int64), bucket_of(duration), np.ones(len(drawn), np.uint64))
    assert found.to_arrow().to_pylist() == expected.to_arrow().to_pylist()


def test_a_table_has_the_types_of_its_schema() -> None:
    ids = pa.array([bytes(16)], pa.binary(16)), pa.array([bytes(8)], pa.binary(8))
    label = label_column(np.array([0]), ["a"])

    table = to_table(
        EXEMPLARS,
        {
            "minute": np.array([5]),
            "service_name": label,
            "span_name": label,
            "trace_id": ids[0],
            "span_id": ids[1],
            "duration_nano": np.array([7]),
            "is_slowest": np.array([True]),
        },
    )

    assert table.schema.equals(EXEMPLARS)
