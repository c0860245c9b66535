"""The sample of calls in the store and in a file."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.tuning.node_data import calls_on_nodes

from tracetune.domain.calls import CallSample
from tracetune.errors import InvalidInput
from tracetune.stores import clickhouse
from tracetune.stores.calls import FILE, ClickHouseCalls, read_parquet, write_parquet
from tracetune.stores.clickhouse import ClickHouse
from tracetune.stores.minutes import ClickHouseMinutes
from tracetune.testing.minutes import random_minutes, sorted_rows

SAMPLE = calls_on_nodes(1, seconds=70, services=2)
BY_ID = [("trace_id", "ascending"), ("call_id", "ascending")]


def _rows(sample: CallSample) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = sample.table.sort_by(BY_ID).to_pylist()
    return rows


def test_a_sample_outlasts_the_store_with_the_minutes_it_left_out(tmp_path: Path) -> None:
    with closing(ClickHouse(f"chdb://{tmp_path}")) as store:
        ClickHouseCalls(store).write(CallSample(SAMPLE.table, frozenset({7, 9})))

    with closing(ClickHouse(f"chdb://{tmp_path}")) as store:
        found = ClickHouseCalls(store).read()

    assert _rows(found) == _rows(SAMPLE)
    assert found.left_out == {7, 9}


def test_a_new_sample_takes_the_place_of_the_old_one_and_the_same_calls_count_once(tmp_path: Path) -> None:
    with closing(ClickHouse(f"chdb://{tmp_path}")) as store:
        calls = ClickHouseCalls(store)
        nothing = calls.read()
        calls.write(calls_on_nodes(2, seconds=70))
        calls.write(SAMPLE)
        calls.add(SAMPLE)
        found = calls.read()

    assert len(nothing) == 0
    assert _rows(found) == _rows(SAMPLE)


def test_a_store_of_before_gets_the_table_and_keeps_its_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = random_minutes(5)
    with monkeypatch.context() as before:
        before.setattr(clickhouse, "_STEPS", clickhouse._STEPS[:2])
        before.setattr(clickhouse, "SCHEMA_VERSION", 2)
        with closing(ClickHouseMinutes(ClickHouse(f"chdb://{tmp_path}"))) as store:
            store.write(minutes)

    with closing(ClickHouse(f"chdb://{tmp_path}")) as database:
        found = ClickHouseMinutes(database).read(0, 2**31 - 1)
        ClickHouseCalls(database).add(SAMPLE)
        calls = ClickHouseCalls(database).read()

    assert sorted_rows(found) == sorted_rows(minutes)
    assert len(calls) == len(SAMPLE)


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    write_parquet(CallSample(SAMPLE.table, frozenset({7})), tmp_path)

    found = read_parquet(tmp_path)

    assert _rows(found) == _rows(SAMPLE)
    assert found.left_out == {7}
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_file_from_before_nodes_were_known_has_none(tmp_path: Path) -> None:
    pq.write_table(SAMPLE.table.drop_columns(["node"]), tmp_path / FILE)

    found = read_parquet(tmp_path)

    assert set(found.table["node"].to_pylist()) == {""}
    assert len(found) == len(SAMPLE)


def test_a_folder_without_a_sample_has_an_empty_one(tmp_path: Path) -> None:
    assert len(read_parquet(tmp_path)) == 0


def test_a_file_that_is_no_sample_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"PAR1 no table")

    with pytest.raises(InvalidInput, match=FILE):
        read_parquet(tmp_path)
