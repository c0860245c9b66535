"""Minutes go to Parquet files and come back."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from tests.tuning.node_data import calls_on_nodes

from tracetune.errors import InvalidInput
from tracetune.live.keeping import TABLES, export_minutes, forget_minutes, import_minutes
from tracetune.stores.calls import ClickHouseCalls
from tracetune.stores.clickhouse import ClickHouse
from tracetune.stores.minutes import ClickHouseMinutes
from tracetune.testing.minutes import random_minutes, sorted_rows


def test_exported_minutes_come_back_in_another_store_and_count_once(tmp_path: Path) -> None:
    minutes = random_minutes(3)
    first, second, folder = f"chdb://{tmp_path}/first", f"chdb://{tmp_path}/second", tmp_path / "parquet"
    with closing(ClickHouseMinutes(ClickHouse(first))) as store:
        store.write(minutes)

    exported = [export_minutes(first, folder), export_minutes(first, folder)]
    imported = [import_minutes(folder, second), import_minutes(folder, second)]

    with closing(ClickHouseMinutes(ClickHouse(second))) as store:
        found = store.read(0, 2**31 - 1)
    assert sorted_rows(found) == sorted_rows(minutes)
    assert exported == imported == [len(set(minutes.operations["minute"].to_pylist()))] * 2


def test_the_sample_of_calls_goes_along_and_counts_once(tmp_path: Path) -> None:
    first, second, folder = f"chdb://{tmp_path}/first", f"chdb://{tmp_path}/second", tmp_path / "parquet"
    sample = calls_on_nodes(1, seconds=90)
    with closing(ClickHouse(first)) as database:
        ClickHouseMinutes(database).write(random_minutes(3))
        ClickHouseCalls(database).write(sample)

    export_minutes(first, folder)
    import_minutes(folder, second)
    import_minutes(folder, second)

    with closing(ClickHouse(second)) as database:
        found = ClickHouseCalls(database).read()
    by_id = [("trace_id", "ascending")]
    assert found.table.sort_by(by_id).to_pylist() == sample.table.sort_by(by_id).to_pylist()


def test_empty_stores_and_folders_are_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no minutes"):
        export_minutes(f"chdb://{tmp_path}/store", tmp_path / "parquet")
    with pytest.raises(InvalidInput, match="is no folder"):
        import_minutes(tmp_path / "nowhere", f"chdb://{tmp_path}/store")
    with pytest.raises(InvalidInput, match="holds no minutes"):
        import_minutes(tmp_path / "parquet", f"chdb://{tmp_path}/store")


def test_minutes_before_a_time_are_deleted_and_the_others_stay(tmp_path: Path) -> None:
    minutes, url = random_minutes(3, minutes=10, rows=200), f"chdb://{tmp_path}/store"
    before = minutes.minutes().start + 4
    with closing(ClickHouseMinutes(ClickHouse(url))) as store:
        store.write(minutes)

    of_paths = forget_minutes(url, before, ["paths"])
    with closing(ClickHouseMinutes(ClickHouse(url))) as store:
        after_paths = store.read(0, 2**31 - 1)
    of_all = forget_minutes(url, before)
    with closing(ClickHouseMinutes(ClickHouse(url))) as store:
        after_all = store.read(0, 2**31 - 1)

    assert (of_paths, of_all) == (0, 4)
    assert min(after_paths.paths["minute"].to_pylist()) == before
    assert sorted_rows(after_paths)["operations"] == sorted_rows(minutes)["operations"]
    for name in TABLES:
        kept = [minute for minute in getattr(minutes, name)["minute"].to_pylist() if minute >= before]
        assert sorted(getattr(after_all, name)["minute"].to_pylist()) == sorted(kept)


def test_table_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no table 'spans'"):
        forget_minutes(f"chdb://{tmp_path}/store", 1, ["spans"])
