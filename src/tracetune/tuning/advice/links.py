"""What each connection did over the healthy minutes: durations, requests in flight, attempts and errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.histograms import Histograms
from tracetune.domain.minutes import column, histograms, labels
from tracetune.tuning.advice.demand import Values, split_rows

_USED = ["minute", "client", "server", "span_name", "calls", "errors", "client_duration_nano", "client_duration"]
"""Not the histograms of gaps: they are as many bytes as all of these."""

NO_CALL = frozenset({"database", "messaging_system"})
"""Connections that no service mesh routes by request: their limits are set in the client's driver."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One caller and one callee, over the observed minutes.

    Attributes:
        calls, errors: (minute,), as the client sent them: every attempt counts.
        in_flight: (minute,), mean number of requests that the whole caller has open, by Little's law.
        operations: names of the callee's operations, the rows of ``durations``.
        durations: client durations by operation, over the healthy minutes only.
    """

    client: str
    server: str
    calls: Values
    errors: Values
    in_flight: Values
    operations: tuple[str, ...]
    durations: Histograms


def connections(
    links: pa.Table, observed: NDArray[np.int64], healthy: NDArray[np.bool_]
) -> Mapping[tuple[str, str], Connection]:
    """The connections between services that a mesh can limit, by (client, server).

    ``links`` is the minute table; ``healthy`` (minute,) marks the observed minutes whose durations count.
    """
    kinds, kind_names = labels(links, "connection_type")
    routed = np.isin(kinds, [code for code, name in enumerate(kind_names) if name not in NO_CALL])
    known = np.isin(column(links, "minute"), observed)
    links = links.select(_USED).filter(pa.array(routed & known)).combine_chunks()
    clients, client_names = labels(links, "client")
    servers, server_names = labels(links, "server")
    split = split_rows(links, clients.astype(np.int64) * len(server_names) + servers)
    pairs = {
        (client_names[number // len(server_names)], server_names[number % len(server_names)]): table
        for number, table in split.items()
    }
    return {
        names: _connection(names, table, observed, healthy)
        for names, table in sorted(pairs.items(), key=lambda pair: pair[0])
        if names[0] != names[1]
    }


def callees_of(pairs: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    """The services that each client calls, from (client, server) pairs."""
    callees: dict[str, list[str]] = {}
    for client, server in pairs:
        callees.setdefault(client, []).append(server)
    return callees


def reachable(name: str, callees: Mapping[str, Sequence[str]]) -> set[str]:
    """Every service that calls of this one can lead to; itself only where they come back."""
    found, todo = set(), [name]
    while todo:
        for callee in callees.get(todo.pop(), ()):
            if callee not in found:
                found.add(callee)
                todo.append(callee)
    return found


def _connection(
    names: tuple[str, str], table: pa.Table, observed: NDArray[np.int64], healthy: NDArray[np.bool_]
) -> Connection:
    position = np.searchsorted(observed, column(table, "minute"))

    def total(value: str) -> Values:
        summed = np.bincount(position, weights=column(table, value), minlength=len(observed))
        return summed.astype(np.float64)

    good = table.filter(pa.array(healthy[position])).combine_chunks()
    codes, operations = labels(good, "span_name")
    used, row = np.unique(codes, return_inverse=True)
    durations = histograms(good, "client_duration").add_up(row.astype(np.int64), len(used))
    return Connection(
        *names,
        total("calls"),
        total("errors"),
        total("client_duration_nano") / 60e9,
        tuple(operations[code] for code in used),
        durations,
    )
