"""Every store keeps the contract of ports.MinuteStore."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tracetune.ports import MinuteStore
from tracetune.stores.clickhouse import ClickHouse
from tracetune.stores.minutes import ClickHouseMinutes
from tracetune.stores.parquet import ParquetMinutes
from tracetune.testing.checks import MINUTE_STORE, OpenStore

STORES: dict[str, Callable[[Path], MinuteStore]] = {
    "clickhouse": lambda folder: ClickHouseMinutes(ClickHouse(f"chdb://{folder}")),
    "parquet": ParquetMinutes,
}


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("rule", MINUTE_STORE, ids=lambda rule: rule.__name__)
def test_store_keeps_the_rule(tmp_path: Path, store: str, rule: Callable[[OpenStore], None]) -> None:
    rule(lambda: STORES[store](tmp_path / "store"))
