"""The sweep: a grid of forty points or more, and a table that says what was measured."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from tracetune_lab.sweep import PointRow, load_grid, topology_at, write_table

TABLE = Path(__file__).resolve().parent.parent / "recordings" / "shop-sweep.csv"


def rows() -> list[dict[str, str]]:
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def test_grid_has_forty_points_or_more() -> None:
    grid = load_grid()

    assert len(grid.rates_rps) * len(grid.replicas) >= 40


def test_topology_of_a_point_has_its_replicas_and_pools() -> None:
    topology = topology_at(load_grid(), {"payment": 3, "recommendation": 1})

    assert (topology.services["payment"].replicas, topology.services["payment"].pool.slots) == (3, 1)
    assert topology.services["payment"].pool.held == "request"


def test_table_is_written_whole_with_nan_where_nothing_was_measured(tmp_path: Path) -> None:
    row = PointRow(0, 4.0, "a=1", "entry", "entry", 9, 0.1, 0.1, 0.2, 0.3, math.nan, math.nan, 0)

    write_table([row], tmp_path / "table.csv")

    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[0].startswith("point,rate_rps,replicas,service")
    assert lines[1] == "0,4.0000,a=1,entry,entry,9,0.1000,0.1000,0.2000,0.3000,nan,nan,0"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_committed_table_holds_every_point_of_the_grid() -> None:
    grid = load_grid()

    entries = [row for row in rows() if row["service"] == "entry"]
    assert len(entries) == len(grid.rates_rps) * len(grid.replicas)
    assert all(int(row["errors"]) == 0 for row in entries)


def test_more_replicas_of_the_busiest_service_shorten_its_waiting() -> None:
    at_peak = {
        row["replicas"]: float(row["p95_seconds"])
        for row in rows()
        if row["service"] == "payment" and float(row["rate_rps"]) == max(load_grid().rates_rps)
    }

    assert at_peak["payment=1 recommendation=2"] > 1.3 * at_peak["payment=2 recommendation=2"]
    assert at_peak["payment=2 recommendation=2"] > 0.95 * at_peak["payment=3 recommendation=2"]


@pytest.mark.parametrize("service", ["payment", "recommendation"])
def test_waiting_grows_with_the_load_when_there_is_one_replica(service: str) -> None:
    one = [
        float(row["p95_seconds"])
        for row in rows()
        if row["service"] == service and row["replicas"] == "payment=1 recommendation=1"
    ]

    assert one[-1] > 1.3 * one[0]
