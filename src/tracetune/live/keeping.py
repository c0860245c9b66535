"""Moves minutes, and the sample of calls, between a store and Parquet files: for interchange and backups."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tracetune.domain.minutes import MinuteBatch
from tracetune.errors import InvalidInput
from tracetune.ports import MinuteStore
from tracetune.stores.calls import ClickHouseCalls, read_parquet, write_parquet
from tracetune.stores.clickhouse import ClickHouse
from tracetune.stores.minutes import ClickHouseMinutes
from tracetune.stores.parquet import ParquetMinutes

TABLES = ("operations", "links", "instances", "paths", "exemplars")

_MINUTES_PER_DAY = 1440
_ALL_TIME = (0, 2**31 - 1)


def export_minutes(url: str, folder: Path) -> int:
    """Write all minutes of a store as Parquet, a part a day; gives how many minutes have operations.

    A part is named by its day: exporting into the same folder again adds only the days that are not there. The sample of
    calls, where the store has one, takes the place of the one before.

    Raises:
        Conflict: a server has the store, or somebody writes to the folder.
        InvalidInput: the store is empty.
    """
    database = ClickHouse(url)
    with closing(ClickHouseMinutes(database)) as store, closing(ParquetMinutes(folder)) as files:
        days = store.days()
        if not days:
            raise InvalidInput(f"the store {url} holds no minutes", hint="look at store.url")
        moved = sum(_copy(store, files, day) for day in days)
        sample = ClickHouseCalls(database).read()
        if len(sample):
            write_parquet(sample, folder)
        return moved


def import_minutes(folder: Path, url: str) -> int:
    """Add the minutes of Parquet files to a store; those of parts that were imported lately are left out.

    Raises:
        Conflict: a server has the store, or somebody writes to the folder.
        InvalidInput: the folder holds no minutes.
    """
    if not folder.is_dir():
        raise InvalidInput(f"{folder} is no folder", hint="name the folder that tracetune export wrote")
    sample, database = read_parquet(folder), ClickHouse(url)
    with closing(ClickHouseMinutes(database)) as store, closing(ParquetMinutes(folder)) as files:
        found = files.read(*_ALL_TIME).minutes()
        if not found:
            raise InvalidInput(f"{folder} holds no minutes", hint="name the folder that tracetune export wrote")
        days = range(found.start // _MINUTES_PER_DAY, (found.stop - 1) // _MINUTES_PER_DAY + 1)
        moved = sum(_copy(files, store, day) for day in days)
        ClickHouseCalls(database).add(sample)
        return moved


def forget_minutes(url: str, before_minute: int, tables: Sequence[str] = ()) -> int:
    """Delete the minutes of a store before one of them; gives how many minutes with operations went.

    Args:
        url: of the store, which no server has.
        before_minute: since the Unix epoch; it stays.
        tables: of ``TABLES``; all of them where none is named.

    Raises:
        Conflict: a server has the store.
        InvalidInput: there is no such table.
    """
    unknown = sorted(set(tables) - set(TABLES))
    if unknown:
        raise InvalidInput(f"there is no table {unknown[0]!r}", hint=f"name {', '.join(TABLES)}")
    with closing(ClickHouseMinutes(ClickHouse(url))) as store:
        gone = store.read(0, before_minute).operations["minute"]
        store.forget(dict.fromkeys(tables or TABLES, before_minute), wait=True)
    return len(set(gone.to_pylist())) if not tables or "operations" in tables else 0


def _copy(source: MinuteStore, target: MinuteStore, day: int) -> int:
    minutes: MinuteBatch = source.read(day * _MINUTES_PER_DAY, (day + 1) * _MINUTES_PER_DAY)
    if not minutes.minutes():
        return 0
    target.write(minutes, write_id=f"day-{day}")
    return len(set(minutes.operations["minute"].to_pylist()))
