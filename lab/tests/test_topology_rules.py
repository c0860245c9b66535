"""Each rule of a topology is told with its place and its value."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tracetune_lab.errors import InvalidTopologyError
from tracetune_lab.topology import Topology, span_name
from tracetune_lab.topology_files import load_topology, shipped
from tracetune_lab.topology_rules import breaches

SOUND = """
name: two
description: a calls b
entry: {service: a, mix: {GET /x: 1}}
services:
  a: {operations: {GET /x: [{call: {to: b, operation: GET /y}}]}}
  b: {operations: {GET /y: [{work: {median_seconds: 0.02}}]}}
"""


def breaches_of(text: str) -> list[str]:
    return breaches(msgspec.yaml.decode(text, type=Topology))


def test_sound_topology_breaks_nothing() -> None:
    assert breaches_of(SOUND) == []


@pytest.mark.parametrize("name", shipped())
def test_shipped_topology_is_sound_and_every_service_is_reached(name: str) -> None:
    topology = load_topology(name)

    called = {
        (step.call or step.send).to  # type: ignore[union-attr]
        for service, spec in topology.services.items()
        for operation in spec.operations
        for step in topology.steps_of(service, operation)
        if step.call or step.send
    }

    assert called | {topology.entry.service} == set(topology.services)


def test_topologies_of_four_twelve_and_thirty_services_ship() -> None:
    services = {name: len(load_topology(name).services) for name in shipped()}

    assert services == {"bookinfo": 4, "limits": 6, "shop": 12, "wide": 30}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{service: a,", "{service: z,", "entry.service is 'z'"),
        ("GET /x: 1", "GET /x: 0", "no weight above 0"),
        ("to: b,", "to: c,", "calls 'c', which is not among the services"),
        ("operation: GET /y}", "operation: GET /w}", "which it does not have (it has ['GET /y'])"),
        ("median_seconds: 0.02", "median_seconds: -1", "work -1.0 s"),
        ("{work: {median_seconds: 0.02}}", "{redis: {command: GET}}", "say `redis: true`"),
        ("{work: {median_seconds: 0.02}}", "{}", "a step says nothing; say exactly one of"),
        ("b: {operations", "b: {replicas: 0, operations", "b.replicas is 0; use 1 to 8"),
        ("b: {operations", "b: {pool: {slots: 0}, operations", "b.pool.slots is 0"),
        ("{work: {median_seconds: 0.02}}", "{call: {to: a, operation: GET /x}}", "a GET /x -> b GET /y -> a GET /x"),
    ],
)
def test_breach_is_told_with_its_place(old: str, new: str, told: str) -> None:
    found = breaches_of(SOUND.replace(old, new))

    assert any(told in text for text in found), found


def test_unknown_key_in_a_file_is_refused_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(SOUND.replace("median_seconds", "medain_seconds"))

    with pytest.raises(InvalidTopologyError, match=r"bad\.yaml: .*medain_seconds"):
        load_topology(str(path))


def test_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(InvalidTopologyError, match="one of bookinfo, limits, shop, wide"):
        load_topology("bookstore")


def test_span_name_is_istios_host_port_and_path() -> None:
    assert span_name("cart", "GET /cart/items") == "cart.default.svc.cluster.local:9080/cart/items"
