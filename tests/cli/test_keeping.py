"""The commands of export and import; what they move is tested in tests/live/test_keeping.py."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tracetune.cli.keeping import export, forget, import_
from tracetune.errors import InvalidInput
from tracetune.stores.clickhouse import ClickHouse
from tracetune.stores.minutes import ClickHouseMinutes
from tracetune.testing.minutes import random_minutes


def test_both_say_how_many_minutes_they_moved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"chdb://{tmp_path}/store"
    with closing(ClickHouseMinutes(ClickHouse(url))) as store:
        store.write(random_minutes(1, minutes=3))

    export(tmp_path / "out", store=url, as_json=True)
    import_(tmp_path / "out", store=f"chdb://{tmp_path}/other")

    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith('{"minutes": ')
    assert said[1] == f"{int(said[0][12:-1])} minutes added from {tmp_path / 'out'}"


def test_store_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no store is named"):
        export(tmp_path)


def test_what_is_older_than_a_day_of_the_calendar_is_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"chdb://{tmp_path}/store"
    midnight = 29_540_160  # minutes since the Unix epoch, of 2026-03-02
    with closing(ClickHouseMinutes(ClickHouse(url))) as store:
        store.write(random_minutes(1, first_minute=midnight - 2, minutes=5, rows=200))

    forget("2026-03-02", store=url)

    with closing(ClickHouseMinutes(ClickHouse(url))) as store:
        assert store.read(0, 2**31 - 1).minutes() == range(midnight, midnight + 3)
    assert capsys.readouterr().out == "2 minutes deleted\n"


def test_time_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'yesterday' is no time"):
        forget("yesterday", store=f"chdb://{tmp_path}/store")
