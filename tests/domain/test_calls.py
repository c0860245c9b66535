"""Samples of calls keep whole minutes, in bounded memory, whatever the order of the batches."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tracetune.domain.calls import CALLS, CallSample, choose_minutes


def _sample(minutes: dict[int, int]) -> CallSample:
    minute = np.repeat(list(minutes), list(minutes.values()))
    count = len(minute)
    columns = {
        "begun_unix_nano": pa.array(minute * 60_000_000_000),
        "trace_id": pa.array([bytes(16)] * count, pa.binary(16)),
        "call_id": pa.array([bytes(8)] * count, pa.binary(8)),
        "parent_call_id": pa.array([bytes(8)] * count, pa.binary(8)),
    }
    for field in CALLS:
        if field.name not in columns:
            fill = "" if pa.types.is_dictionary(field.type) else False if pa.types.is_boolean(field.type) else 0
            columns[field.name] = pa.array([fill] * count, pa.string() if fill == "" else field.type).cast(field.type)
    return CallSample(pa.table([columns[field.name] for field in CALLS], schema=CALLS))


def _counts(sample: CallSample) -> dict[int, int]:
    minute, calls = np.unique(sample.table["begun_unix_nano"].to_numpy() // 60_000_000_000, return_counts=True)
    return dict(zip(minute.tolist(), calls.tolist(), strict=True))


def test_everything_is_kept_while_there_is_room() -> None:
    merged = CallSample.merge([_sample({10: 3}), _sample({10: 2, 11: 4})], most=9)

    assert _counts(merged) == {10: 5, 11: 4}
    assert merged.left_out == frozenset()


def test_the_busiest_minutes_and_some_usual_ones_stay_when_room_runs_out() -> None:
    merged = CallSample.merge([_sample(dict.fromkeys(range(20), 10) | {7: 40})], most=100)

    kept = _counts(merged)
    assert kept[7] == 40
    assert sum(kept.values()) <= 100
    assert len(kept) > 3
    assert merged.left_out == frozenset(range(20)) - set(kept)


def test_a_minute_that_was_left_out_once_is_never_kept_in_part() -> None:
    first = CallSample.merge([_sample({1: 50, 2: 60})], most=60)

    merged = CallSample.merge([first, _sample({1: 5})], most=1000)

    assert _counts(merged) == {2: 60}


def test_the_usual_minutes_are_the_same_in_whatever_order_they_come() -> None:
    parts = [_sample({minute: 10}) for minute in range(30)]

    forward = CallSample.merge(parts, most=100)
    backward = CallSample.merge(parts[::-1], most=100)

    assert _counts(forward).keys() == _counts(backward).keys()


def test_one_minute_that_is_larger_than_all_room_is_cut_and_memory_stays_bounded() -> None:
    keep, left_out = choose_minutes(np.full(500, 3), frozenset(), most=100)

    assert keep.sum() == 100
    assert left_out == frozenset()


def test_only_the_asked_minutes_remain() -> None:
    assert _counts(_sample({1: 2, 2: 3}).within(np.array([2, 9]))) == {2: 3}
    assert _sample({1: 2, 2: 3}).minutes().tolist() == [1, 2]


def test_names_leave_with_the_calls_that_had_them() -> None:
    kept = CallSample.empty()
    for minute in range(20):
        named = pa.array([f"GET /order/{minute}"] * 2, pa.string()).dictionary_encode()
        more = _sample({minute: 2})
        table = more.table.set_column(CALLS.get_field_index("span_name"), CALLS.field("span_name"), named)
        kept = CallSample.merge([kept.within(np.arange(minute - 2, minute)), CallSample(table)])

    (names,) = kept.table["span_name"].chunks

    assert sorted(names.dictionary.to_pylist()) == ["GET /order/17", "GET /order/18", "GET /order/19"]


def test_another_schema_is_refused() -> None:
    with pytest.raises(TypeError, match="not the schema of calls"):
        CallSample(pa.table({"begun_unix_nano": [1]}))
