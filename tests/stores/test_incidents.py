"""Incidents in the store: the newest version of each."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tracetune.stores.clickhouse import ClickHouse
from tracetune.stores.incidents import ClickHouseIncidents


def test_newest_version_of_each_counts_and_outlasts_the_store(tmp_path: Path) -> None:
    with closing(ClickHouse(f"chdb://{tmp_path}")) as database:
        incidents = ClickHouseIncidents(database)
        incidents.write("INC-1", onset=100, changed=110, document="found")
        incidents.write("INC-2", onset=105, changed=111, document='{"text": "it\'s"}')
        incidents.write("INC-1", onset=100, changed=120, document="ended")

    with closing(ClickHouse(f"chdb://{tmp_path}")) as database:
        incidents = ClickHouseIncidents(database)
        assert incidents.read(0, 1000) == ["ended", '{"text": "it\'s"}']
        assert incidents.read(101, 1000) == ['{"text": "it\'s"}']
