"""Minutes in Parquet are whole files that others can read; the rest is the port's contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tracetune.domain.minutes import MinuteBatch
from tracetune.errors import InvalidInput
from tracetune.stores.parquet import ParquetMinutes
from tracetune.testing.minutes import random_minutes, sorted_rows


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ParquetMinutes]:
    with closing(ParquetMinutes(tmp_path)) as store:
        yield store


def test_each_write_is_a_folder_of_zstd_files(tmp_path: Path, store: ParquetMinutes) -> None:
    store.write(random_minutes(1))
    store.write(random_minutes(2))

    assert [part.name for part in sorted(tmp_path.glob("part-*"))] == ["part-000001", "part-000002"]
    file = pq.ParquetFile(tmp_path / "part-000001" / "operations.parquet")
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert file.read().column_names == random_minutes(1).operations.column_names


def test_part_that_was_not_finished_is_ignored_and_cleared_away(tmp_path: Path, store: ParquetMinutes) -> None:
    store.write(random_minutes(1))
    store.close()
    unfinished = tmp_path / "unfinished-000002"
    unfinished.mkdir()
    (unfinished / "operations.parquet").write_bytes(b"PAR1 cut of")

    with closing(ParquetMinutes(tmp_path)) as again:
        again.write(random_minutes(2))
        read = again.read(0, 2**31 - 1)

    assert not unfinished.exists()
    assert sorted_rows(read) == sorted_rows(MinuteBatch.merge([random_minutes(1), random_minutes(2)]))


def test_damaged_file_is_named_with_what_to_do(tmp_path: Path, store: ParquetMinutes) -> None:
    store.write(random_minutes(1))
    damaged = tmp_path / "part-000001" / "links.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-20])

    with pytest.raises(InvalidInput, match=r"links\.parquet is not a table of minutes") as caught:
        store.read(0, 2**31 - 1)

    assert "part-000001" in caught.value.hint


def test_missing_file_of_a_part_is_named(tmp_path: Path, store: ParquetMinutes) -> None:
    store.write(random_minutes(1))
    (tmp_path / "part-000001" / "paths.parquet").unlink()

    with pytest.raises(InvalidInput, match=r"paths\.parquet is not a table of minutes"):
        store.read(0, 2**31 - 1)
