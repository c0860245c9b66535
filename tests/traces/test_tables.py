"""Columns of the minute tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tracetune.domain.minutes import EXEMPLARS
from tracetune.traces.tables import label_column, to_table


def test_a_missing_label_becomes_the_empty_one() -> None:
    assert label_column(np.array([1, -1, 0]), ["a", "b"]).to_pylist() == ["b", "", "a"]
    assert label_column(np.array([1, -1, 0]), ["", "b"]).to_pylist() == ["b", "", ""]


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
