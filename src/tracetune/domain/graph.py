"""Who calls whom: services as nodes, calls as edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tracetune.domain.minutes import MinuteBatch, column, group_rows, labels

_OF_EDGE = ("client", "server", "connection_type")


@dataclass(frozen=True, slots=True)
class Edge:
    """Calls from one service to another over a period."""

    client: str
    server: str
    connection_type: str  # "" for a call, else database, messaging_system or virtual_node
    calls: int
    errors: int


@dataclass(frozen=True, slots=True)
class ServiceGraph:
    """The services met in a period and the calls between them; a service without calls is a node too."""

    services: tuple[str, ...]
    edges: tuple[Edge, ...]
    # Found once: a judgement asks for thousands of services what they reach.
    _callees: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False)
    _callers: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_callees", self._neighbours(downstream=True))
        object.__setattr__(self, "_callers", self._neighbours(downstream=False))

    @classmethod
    def from_minutes(cls, minutes: MinuteBatch) -> ServiceGraph:
        """The graph over all minutes; edges by descending number of calls."""
        links = minutes.links
        of_edge = [labels(links, name) for name in _OF_EDGE]
        first, group = group_rows(links, _OF_EDGE)
        (clients, servers, kinds) = ([names[code] for code in codes[first]] for codes, names in of_edge)
        calls, errors = (np.zeros(len(first), np.int64) for _ in range(2))
        np.add.at(calls, group, column(links, "calls"))
        np.add.at(errors, group, column(links, "errors"))
        totals = {
            (clients[at], servers[at], kinds[at]): (int(calls[at]), int(errors[at]))
            for at in np.argsort(first).tolist()
        }
        edges = sorted(
            (Edge(*key, *total) for key, total in totals.items()), key=lambda e: (-e.calls, e.client, e.server)
        )
        codes, names = labels(minutes.operations, "service_name")
        services = {names[code] for code in np.unique(codes)}
        services.update(name for edge in edges for name in (edge.client, edge.server))
        return cls(tuple(sorted(services)), tuple(edges))

    def callees(self) -> Mapping[str, frozenset[str]]:
        """For each service, those it calls itself."""
        return self._callees

    def callers(self) -> Mapping[str, frozenset[str]]:
        """For each service, those that call it."""
        return self._callers

    def reachable(self, service_name: str) -> frozenset[str]:
        """Every service that this one depends on, at any depth; without itself unless it is in a loop."""
        callees = self._callees
        found: set[str] = set()
        todo = [service_name]
        while todo:
            for callee in callees.get(todo.pop(), frozenset()) - found:
                found.add(callee)
                todo.append(callee)
        return frozenset(found)

    def _neighbours(self, *, downstream: bool) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {name: set() for name in self.services}
        for edge in self.edges:
            near, far = (edge.client, edge.server) if downstream else (edge.server, edge.client)
            if near != far:
                found[near].add(far)
        return {name: frozenset(others) for name, others in found.items()}
