"""The sweep: its committed table shows real queueing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tracetune_lab.grid import load_grid
from tracetune_lab.recordings import Recording

TABLE = Path(__file__).resolve().parent.parent / "recordings" / "shop-sweep.csv"


def rows() -> list[dict[str, str]]:
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def p95_of(service: str, replicas: str) -> dict[float, float]:
    """The 95th percentile of a service at each load of a setting, in seconds."""
    chosen = [row for row in rows() if row["service"] == service and row["replicas"] == replicas]
    return {float(row["rate_rps"]): float(row["p95_seconds"]) for row in chosen}


def test_committed_table_holds_every_point_of_the_grid_without_errors() -> None:
    points = {point.number: point for setting in load_grid().points() for point in setting}

    entries = [row for row in rows() if row["operation"] == "entry"]
    assert {int(row["point"]) for row in entries} == set(points)
    for row in entries:
        point = points[int(row["point"])]
        assert (row["split"], float(row["rate_rps"])) == (point.split, point.rate_rps)
        assert row["replicas"] == point.replicas_text()
        assert int(row["errors"]) == 0


def test_every_point_has_its_endpoints_beside_the_entry_as_a_whole() -> None:
    calls: dict[str, dict[str, int]] = {}
    for row in rows():
        if row["service"] == "entry":
            calls.setdefault(row["point"], {})[row["operation"]] = int(row["calls"])

    for of_point in calls.values():
        assert set(of_point) == {"entry", *load_grid().mix}
        assert sum(of_point.values()) == 2 * of_point["entry"]


def test_what_only_waits_is_not_disturbed_by_the_machine() -> None:
    # Work of currency is 0.012 s at sigma 0.1: a busy core would show in its 99th percentile first.
    ends = [float(row["p99_seconds"]) for row in rows() if row["service"] == "currency"]

    assert max(ends) < 0.025


def test_more_replicas_of_the_busiest_service_shorten_its_waiting() -> None:
    one, two, three = (
        p95_of("payment", f"payment={count} recommendation=2 checkout={max(2, count)}")[24.0] for count in (1, 2, 3)
    )

    assert one > 1.5 * two
    assert two > 0.95 * three


@pytest.mark.parametrize("service", ["payment", "recommendation"])
def test_waiting_grows_with_the_load_when_there_is_one_replica(service: str) -> None:
    at = p95_of(service, "payment=1 recommendation=1 checkout=1")

    assert at[22.0] > 1.15 * at[8.0]


def test_spans_of_every_training_point_are_committed_and_whole() -> None:
    for point in (point for setting in load_grid().points() for point in setting):
        if point.split == "train":
            scenario = Recording(TABLE.parent / "sweep" / point.folder()).manifest.scenario
            assert (scenario["number"], scenario["rate_rps"]) == (point.number, point.rate_rps)
