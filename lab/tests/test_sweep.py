"""The sweep: its committed table shows real queueing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

TABLE = Path(__file__).resolve().parent.parent / "recordings" / "shop-sweep.csv"


def rows() -> list[dict[str, str]]:
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def test_committed_table_holds_forty_points_without_errors() -> None:
    entries = [row for row in rows() if row["operation"] == "entry"]

    assert len(entries) >= 40
    assert all(int(row["errors"]) == 0 for row in entries)


def test_more_replicas_of_the_busiest_service_shorten_its_waiting() -> None:
    at_peak = {
        row["replicas"]: float(row["p95_seconds"])
        for row in rows()
        if row["service"] == "payment" and float(row["rate_rps"]) == 20
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
