"""Minute tables add up, whatever their pieces and their order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tracetune.domain.minutes import (
    EXEMPLARS,
    INSTANCES,
    OPERATIONS,
    MinuteBatch,
    column,
    group_rows,
    histograms,
    labels,
    own_labels,
)


def table(schema: pa.Schema, *rows: dict[str, Any]) -> pa.Table:
    arrays = []
    for field in schema:
        values = [row.get(field.name, _default(field)) for row in rows]
        plain = pa.string() if pa.types.is_dictionary(field.type) else field.type
        arrays.append(pa.array(values, plain).cast(field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def batch(**tables: pa.Table) -> MinuteBatch:
    empty = MinuteBatch.empty()
    names = ("operations", "links", "instances", "paths", "exemplars")
    return MinuteBatch(**{name: tables.get(name, getattr(empty, name)) for name in names})


def operation(minute: int, name: str, calls: int, bucket: int = 0) -> pa.Table:
    row = {"minute": minute, "service_name": "shop", "span_name": name, "calls": calls, "duration": [(bucket, calls)]}
    return table(OPERATIONS, row)


def test_equal_rows_add_up_and_others_stay() -> None:
    parts = [
        batch(operations=operation(*row)) for row in ((1, "get", 2, 5), (1, "put", 3), (1, "get", 4, 5), (2, "get", 1))
    ]

    merged = MinuteBatch.merge(parts)

    rows = {(row["minute"], row["span_name"]): row for row in merged.operations.to_pylist()}
    assert {key: row["calls"] for key, row in rows.items()} == {(1, "get"): 6, (1, "put"): 3, (2, "get"): 1}
    assert rows[1, "get"]["duration"] == [(5, 6)]
    assert merged.minutes() == range(1, 3)


def test_rows_that_are_all_different_are_kept_as_they_are() -> None:
    merged = MinuteBatch.merge([batch(operations=operation(minute, "get", 1)) for minute in (3, 1, 2)])

    assert sorted(column(merged.operations, "minute").tolist()) == [1, 2, 3]
    assert histograms(merged.operations, "duration").totals().tolist() == [1.0, 1.0, 1.0]


def test_concurrency_merges_by_maximum() -> None:
    parts = [
        batch(instances=table(INSTANCES, {"minute": 1, "calls": 2, "max_concurrency": most})) for most in (3, 7, 5)
    ]

    merged = MinuteBatch.merge(parts)

    assert (merged.instances["calls"].to_pylist(), merged.instances["max_concurrency"].to_pylist()) == ([6], [7])


def test_the_slowest_exemplar_stays_in_whatever_order_batches_come() -> None:
    rows = [
        {"trace_id": bytes([at] * 16), "span_id": bytes(8), "duration_nano": duration, "is_slowest": slowest}
        for at, (duration, slowest) in enumerate([(5, True), (9, True), (3, False), (2, False), (9, True)], start=1)
    ]
    parts = [batch(exemplars=table(EXEMPLARS, row)) for row in rows]

    merged, reverse = MinuteBatch.merge(parts), MinuteBatch.merge(parts[::-1])

    kept = [
        sorted((row["is_slowest"], row["trace_id"][0]) for row in m.exemplars.to_pylist()) for m in (merged, reverse)
    ]
    assert kept == [[(False, 3), (True, 2)]] * 2


def test_nothing_merges_to_nothing() -> None:
    assert len(MinuteBatch.merge([]).operations) == 0
    assert MinuteBatch.merge([MinuteBatch.empty()]).minutes() == range(0)


def test_a_table_of_another_schema_is_refused() -> None:
    with pytest.raises(TypeError, match="operations"):
        batch(operations=INSTANCES.empty_table())


def test_groups_are_right_though_their_keys_do_not_fit_one_number() -> None:
    numbers = np.random.default_rng(0).integers(-(2**31), 2**31 - 1, 20)
    keys = pa.table({name: np.concatenate([numbers, numbers]) for name in "abc"})

    first, group = group_rows(keys, ["a", "b", "c"])

    assert len(first) == 20
    assert (group[:20] == group[20:]).all()


def test_labels_of_chunks_with_their_own_dictionaries_share_one() -> None:
    chunks = pa.concat_tables([operation(1, "get", 1), operation(1, "put", 1)])

    codes, values = labels(chunks, "span_name")

    assert [values[code] for code in codes] == ["get", "put"]


def _default(field: pa.Field) -> object:
    if pa.types.is_dictionary(field.type):
        return ""
    return [] if pa.types.is_map(field.type) else 0 if not pa.types.is_boolean(field.type) else False


def test_own_labels_are_those_of_the_slice_and_not_of_its_whole() -> None:
    column_of_all = pa.chunked_array([pa.array(["a", "b", "c", "b"]).dictionary_encode()])
    table = pa.table({"name": column_of_all}).slice(1, 3)

    codes, values = own_labels(table, "name")

    assert ([values[code] for code in codes], values) == (["b", "c", "b"], ["b", "c"])
    assert own_labels(table.slice(0, 0), "name")[1] == []


def test_rows_are_grouped_alike_with_and_without_sorting(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    table = pa.table({"one": rng.integers(0, 30, 500), "other": rng.integers(-5, 5, 500)})

    counted = group_rows(table, ["one", "other"])
    monkeypatch.setattr("tracetune.domain.minutes._MOST_PLACES_A_ROW", 0)
    ordered = group_rows(table, ["one", "other"])

    np.testing.assert_array_equal(counted[0], ordered[0])
    np.testing.assert_array_equal(counted[1], ordered[1])
