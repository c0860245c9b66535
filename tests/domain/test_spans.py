"""Span batches and what they give out."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tracetune.domain.spans import SpanBatch


def span(trace: int, identity: int, **given: object) -> dict[str, object]:
    row = {
        "trace_id": trace.to_bytes(16, "big"),
        "span_id": identity.to_bytes(8, "big"),
        "name": "get",
        "service_name": "shop",
        "start_time_unix_nano": 1,
        "end_time_unix_nano": 2,
    }
    return {**row, **given}


def test_what_is_left_out_of_a_row_is_not_given() -> None:
    batch = SpanBatch.from_rows([span(1, 1)])

    codes, values = batch.labels("instance")
    assert (codes.tolist(), values) == ([-1], [])
    assert batch.column("kind").tolist() == [0]
    assert batch.table["attributes"].to_pylist() == [[]]


def test_equal_ids_are_equal_numbers_in_slices_too() -> None:
    batch = SpanBatch.from_rows([span(1, 1), span(2, 7), span(2, 8)])
    part = SpanBatch(batch.table.slice(1))

    assert part.ids("trace_id").shape == (2, 2)
    assert (part.ids("trace_id")[0] == part.ids("trace_id")[1]).all()
    assert part.ids("span_id").tolist() == batch.ids("span_id")[1:].tolist()


def test_batches_joined_share_one_dictionary() -> None:
    batches = [SpanBatch.from_rows([span(1, 1, name=name, attributes={"a": name})]) for name in ("get", "put")]

    joined = SpanBatch.concat(batches)

    codes, values = joined.labels("name")
    assert [values[code] for code in codes] == ["get", "put"]
    assert joined.table["attributes"].to_pylist() == [[("a", "get")], [("a", "put")]]


def test_no_batches_join_to_an_empty_one() -> None:
    assert len(SpanBatch.concat([])) == len(SpanBatch.empty()) == 0


def test_a_table_of_another_schema_is_refused() -> None:
    with pytest.raises(TypeError, match="span schema"):
        SpanBatch(pa.table({"name": ["get"]}))
