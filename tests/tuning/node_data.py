"""Services with one instance on each of some nodes, that queue each by itself, and a node that is slow now and then."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.calls import CALLS, CallSample

_START_UNIX_NANO = 1_790_000_040_000_000_000
Floats = NDArray[np.float64]


def calls_on_nodes(  # noqa: PLR0913
    seed: int,
    *,
    services: int = 3,
    nodes: int = 2,
    seconds: int = 300,
    rate: float = 12.0,
    use: float = 0.4,
    noisy: tuple[tuple[float, float], ...] = (),
    factor: float = 1.6,
    swing: float = 0.0,
) -> CallSample:
    """Every service is called ``rate`` times a second on each node, and answers first come, first served with one slot.

    Args:
        seed: of everything.
        services, nodes, seconds: how many.
        rate: of one instance.
        use: of its slot, without noise.
        noisy: when, from and to, node 0 takes ``factor`` times the work of everything on it.
        factor: see noisy.
        swing: of the load of all services together, as a share, in minutes.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for service in range(services):
        for node in range(nodes):
            arrived = np.sort(rng.random(rng.poisson(rate * seconds)) * seconds)
            arrived = arrived[rng.random(len(arrived)) < 1 - swing * np.sin(arrived / 10) ** 2]
            work = rng.lognormal(0, 0.5, len(arrived)) * use / rate / np.exp(0.125)
            for begin, end in noisy if node == 0 else ():
                work[(arrived >= begin) & (arrived < end)] *= factor
            rows += _queue(f"s{service}", f"n{node}", arrived, work)
    return _table(rows)


def _queue(service: str, node: str, arrived: Floats, work: Floats) -> list[dict[str, Any]]:
    free, rows = 0.0, []
    for begin, spent in zip(arrived.tolist(), work.tolist(), strict=True):
        free = max(begin, free) + spent
        rows.append({"service": service, "node": node, "arrived": begin, "ended": free})
    return rows


def _table(rows: list[dict[str, Any]]) -> CallSample:
    count = len(rows)
    arrived = np.array([row["arrived"] * 1e9 for row in rows]).astype(np.int64) + _START_UNIX_NANO
    ended = np.array([row["ended"] * 1e9 for row in rows]).astype(np.int64) + _START_UNIX_NANO
    ids = np.arange(1, count + 1)
    columns: dict[str, Any] = {
        "begun_unix_nano": arrived,
        "trace_id": pa.array([int(each).to_bytes(16, "big") for each in ids], pa.binary(16)),
        "call_id": pa.array([int(each).to_bytes(8, "big") for each in ids], pa.binary(8)),
        "parent_call_id": pa.array([bytes(8)] * count, pa.binary(8)),
        "service_name": [row["service"] for row in rows],
        "span_name": ["does"] * count,
        "service_version": ["1"] * count,
        "instance": [f"{row['service']}-{row['node']}" for row in rows],
        "node": [row["node"] for row in rows],
        "sent_unix_nano": arrived,
        "arrived_unix_nano": arrived,
        "ended_unix_nano": ended,
        "returned_unix_nano": ended,
        "is_awaited": [False] * count,
        "is_served": [True] * count,
        "is_error": [False] * count,
    }
    return CallSample(
        pa.Table.from_arrays(
            [
                pa.array(columns[field.name], pa.string()).cast(field.type)
                if pa.types.is_dictionary(field.type)
                else pa.array(columns[field.name], field.type)
                for field in CALLS
            ],
            schema=CALLS,
        )
    )
