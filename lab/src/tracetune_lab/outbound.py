"""Keeps what every Envoy of a lab knows about the services that it calls, and changes it while they run."""

from __future__ import annotations

from pathlib import Path

from tracetune_lab import envoy, envoy_resources
from tracetune_lab.plan import GATEWAY, Instance
from tracetune_lab.policies import Policies, policy_of
from tracetune_lab.topology import Topology


class Outbound:
    """The watched files of routes, clusters and endpoints of one lab."""

    def __init__(self, topology: Topology, folder: Path) -> None:
        """Write to `folder`, which exists."""
        self.folder = folder
        self._topology = topology
        self._policies: Policies = {}
        self._nodes: dict[str, list[Instance]] = {}

    def add(self, instances: list[Instance]) -> None:
        """Write the files of the Envoy that is the sidecar of these replicas, before it starts."""
        node = envoy.node_of(self._topology, instances)
        self._nodes[node] = instances
        self._write(node, instances)

    def add_gateway(self) -> None:
        """Write the files of the ingress gateway, before it starts."""
        pod, entry = f"{GATEWAY}-0", self._topology.entry.service
        policy = policy_of(self._policies, GATEWAY, entry)
        host = envoy_resources.virtual_host(self._topology, entry, policy, ["*"])
        envoy_resources.write_routes(self.folder, pod, [host])
        envoy_resources.write_clusters(self.folder, pod, [entry], GATEWAY, self._policies)

    def apply(self, policies: Policies) -> None:
        """Let every running Envoy follow these policies, and only these, from now on."""
        self._policies = policies
        for node, instances in self._nodes.items():
            self._write(node, instances)
        self.add_gateway()

    def route_to(self, service: str, instances: list[Instance]) -> None:
        """Let every Envoy send a service's requests to these replicas."""
        envoy_resources.write_endpoints(self.folder, service, instances)

    def _write(self, node: str, instances: list[Instance]) -> None:
        called: dict[str, None] = {}
        for instance in instances:
            callees = envoy_resources.callees(self._topology, instance.service)
            called.update(dict.fromkeys(callees))
            hosts = [
                envoy_resources.virtual_host(
                    self._topology, callee, policy_of(self._policies, instance.service, callee)
                )
                for callee in callees
            ]
            envoy_resources.write_routes(self.folder, instance.pod, hosts)
        envoy_resources.write_clusters(self.folder, node, sorted(called), instances[0].service, self._policies)
