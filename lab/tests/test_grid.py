"""The grid: forty points or more, each of one split, with the topology that it is measured on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracetune_lab.errors import InvalidTopologyError
from tracetune_lab.grid import load_grid
from tracetune_lab.topology_rules import breaches


def test_grid_has_forty_points_or_more_numbered_through() -> None:
    points = [point for setting in load_grid().points() for point in setting]

    assert len(points) >= 40
    assert [point.number for point in points] == list(range(len(points)))
    assert len({point.seed for point in points}) == len(points)


def test_what_may_be_learnt_from_is_one_setting_and_half_of_the_points_are_for_reports_only() -> None:
    points = [point for setting in load_grid().points() for point in setting]

    assert len({point.replicas_text() for point in points if point.split == "train"}) == 1
    assert sum(point.split == "report" for point in points) >= 20


def test_topology_of_a_point_has_its_replicas_pools_and_no_work_of_the_machine() -> None:
    topology = load_grid().topology_at({"payment": 3, "recommendation": 1})

    assert (topology.services["payment"].replicas, topology.services["payment"].pool.slots) == (3, 1)
    assert topology.services["payment"].pool.held == "request"
    works = [
        step.work
        for service, spec in topology.services.items()
        for operation in spec.operations
        for step in topology.steps_of(service, operation)
        if step.work
    ]
    assert {work.kind for work in works} == {"wait"}
    assert breaches(topology) == []


def test_malformed_grid_is_refused_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text("topology: shop\n")

    with pytest.raises(InvalidTopologyError, match=r"grid\.yaml"):
        load_grid(path)
