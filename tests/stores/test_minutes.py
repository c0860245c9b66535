"""Minutes in ClickHouse survive their process and are added up by the engine; the rest is the port's contract."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from tracetune.domain.minutes import LINKS, MinuteBatch
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.stores.clickhouse import ClickHouse
from tracetune.stores.minutes import ClickHouseMinutes
from tracetune.testing.minutes import random_minutes, sorted_rows

WRITE = """
import sys
from tracetune.stores.clickhouse import ClickHouse
from tracetune.stores.minutes import ClickHouseMinutes
from tracetune.testing.minutes import random_minutes
store = ClickHouseMinutes(ClickHouse(f"chdb://{sys.argv[1]}"))
for seed in (1, 2):
    store.write(random_minutes(seed))
print("written", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[ClickHouse]:
    with closing(ClickHouse(f"chdb://{tmp_path}")) as database:
        yield database


def test_minutes_survive_a_killed_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:  # noqa: S603 - ours
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        writer.kill()

    with closing(ClickHouseMinutes(ClickHouse(f"chdb://{tmp_path}"))) as store:
        read = store.read(0, 2**31 - 1)

    assert sorted_rows(read) == sorted_rows(MinuteBatch.merge([random_minutes(1), random_minutes(2)]))


def test_engine_adds_up_what_it_merges_on_disk(database: ClickHouse) -> None:
    piece = random_minutes(1, minutes=1, rows=10, words=["cart", "payments"])
    store = ClickHouseMinutes(database)
    for _ in range(3):
        store.write(piece)

    for table in ("operations", "links", "instances", "paths", "exemplars"):
        database._client.command(f"OPTIMIZE TABLE {table} FINAL")
    rows_on_disk = database.query("SELECT count() AS n FROM operations", {})["n"].to_pylist()
    read = store.read(0, 2**31 - 1)

    assert rows_on_disk == [len(piece.operations)]
    assert sorted_rows(read) == sorted_rows(MinuteBatch.merge([piece] * 3))


def test_what_is_read_makes_the_same_series(database: ClickHouse) -> None:
    minutes = random_minutes(4, rows=300)
    store = ClickHouseMinutes(database)
    store.write(minutes)

    stored, direct = SeriesBatch.from_minutes(store.read(0, 2**31 - 1)), SeriesBatch.from_minutes(minutes)

    assert stored.keys == direct.keys
    for metric in Metric:
        np.testing.assert_array_equal(stored[metric], direct[metric])


def test_tables_read_have_the_domains_types_in_one_piece(database: ClickHouse) -> None:
    store = ClickHouseMinutes(database)
    store.write(random_minutes(1))

    links = store.read(0, 2**31 - 1).links

    assert links.schema.equals(LINKS)
    assert {column.num_chunks for column in links.columns} == {1}
