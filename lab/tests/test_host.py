"""Which replicas share their slots."""

from __future__ import annotations

import msgspec

from tracetune_lab.host import pools_of
from tracetune_lab.plan import Ends, HostPlan, Instance
from tracetune_lab.topology import Topology

TWO = """
name: two
description: a shares its slots between replicas, b does not
entry: {service: a, mix: {GET /x: 1}}
services:
  a: {replicas: 2, pool: {slots: 1, shared: true}, operations: {GET /x: [{call: {to: b, operation: GET /y}}]}}
  b: {replicas: 2, pool: {slots: 1}, operations: {GET /y: [{work: {median_seconds: 0.02}}]}}
"""


def test_replicas_share_one_pool_only_where_the_topology_says_so() -> None:
    topology = msgspec.yaml.decode(TWO, type=Topology)
    instances = [Instance(name, f"{name}-{number}", "1", 1, 2, 3, 4) for name in "ab" for number in range(2)]

    pools = pools_of(HostPlan(topology, instances, Ends("sidecar", "otlp-http", 1, 2, 3), 1, 1.0))

    assert pools[0] is pools[1]
    assert pools[2] is not pools[3]
