"""The real server on a free port over a made-up analysis, for as long as the tests need it."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import uvicorn
from tests.tuning import queue_data

from tracetune.api.app import Options, create_app
from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.analysis import Analysis
from tracetune.domain.calls import CallSample
from tracetune.domain.graph import Edge, ServiceGraph
from tracetune.live.publisher import Publisher, Snapshot
from tracetune.live.status import ReceiverStatus, Status

LINKS = {
    "trace": "https://jaeger.invalid/trace/{trace_id}",
    "compare": "https://jaeger.invalid/trace/{a}...{b}",
    "runbook": "https://runbooks.invalid/{service}",
}


@dataclass(frozen=True)
class Server:
    """A server that answers, and the publisher that feeds it."""

    address: str
    publisher: Publisher


@contextmanager
def served(first: Snapshot, options: Options | None = None) -> Iterator[Server]:
    """The server; it is asked to end, and has ended, when the block is left."""
    publisher = Publisher(first)
    options = options or Options(links=LINKS)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        create_app(publisher, options=options),
        log_level="warning",
        timeout_graceful_shutdown=1,  # a page's stream is open for ever
        lifespan="off",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{listening.getsockname()[1]}{options.prefix}", publisher)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def published(analysis: Analysis, version: int = 1) -> Snapshot:
    """A snapshot of an analysis, closed at its last minute."""
    series = analysis.learned.series
    return Snapshot(analysis, version, series.start_minute + series.length - 1, Status(ready=True))


def running(analysis: Analysis) -> Snapshot:
    """What a server publishes that receives spans by three ways, one of which is away."""
    status = Status(
        started_unix_seconds=60.0 * analysis.learned.series.start_minute,
        ready=True,
        receivers=(
            ReceiverStatus("otlp_grpc", "127.0.0.1:4317", 5_120, 1_240_000, 48_000_000, 3),
            ReceiverStatus("zipkin", "127.0.0.1:9411"),
            ReceiverStatus("kafka", "broker:9092", 10, 5_000, 700_000, 0, "broker away since 14:03"),
        ),
        received={"otlp_grpc": 1_240_000, "kafka": 5_000},
        dropped={"overload": 120, "orphan_span": 1_204},
        held_spans=812,
        lag_seconds=0.4,
        model="baselines, on a whole day of history",
        model_minutes=1_440,
        memory_bytes=412_000_000,
        journal_bytes=8_200_000,
        store_url="chdb:///var/lib/tracetune/store",
        problems=("kafka: broker away since 14:03",),
    )
    return dataclasses.replace(published(open_incident(with_queues(analysis))), model=queue_data.model(), status=status)


def open_incident(analysis: Analysis) -> Analysis:
    """The same day, cut while its first incident goes on: what a server shows in the middle of trouble."""
    first, *rest = analysis.incidents
    going = dataclasses.replace(
        first, end=None, anomalies=tuple(dataclasses.replace(each, end=None) for each in first.anomalies)
    )
    return dataclasses.replace(analysis, incidents=(going, *rest))


def large(analysis: Analysis, services: int = 200, calls: int = 450) -> Analysis:
    """The same incidents among many more services that are called at random, callers before callees."""
    rng = np.random.default_rng(5)
    names = [f"{kind}-{number:03}" for number, kind in enumerate(rng.choice(["ads", "feed", "geo", "mail"], services))]
    ends = np.sort(rng.integers(0, services, (calls, 2)), axis=1)
    edges = [Edge(names[a], names[b], "", 1_000, 0) for a, b in sorted({(a, b) for a, b in ends.tolist() if a != b})]
    known = analysis.graph
    bridge = Edge(names[0], known.services[0], "", 1_000, 0)
    graph = ServiceGraph(tuple(sorted([*known.services, *names])), (*known.edges, *edges, bridge))
    return dataclasses.replace(analysis, graph=graph)


def learning(analysis: Analysis) -> Analysis:
    """The same before anything could be learned."""
    limit = "25 minutes of traces: 30 are the least for an expected range."
    learned = dataclasses.replace(analysis.learned, forecasts={}, limits=(limit,))
    return dataclasses.replace(analysis, learned=learned, headline="11 services: too short to say what is normal.")


def with_queues(analysis: Analysis) -> Analysis:
    """The calls of a small application whose queues are known, in the first healthy minutes of the day."""
    calls = queue_data.sample()
    begun = calls.table["begun_unix_nano"].to_numpy()
    shift = (
        analysis.learned.series.start_minute * NANOS_PER_MINUTE
        - int(begun.min()) // NANOS_PER_MINUTE * NANOS_PER_MINUTE
    )
    table = calls.table
    for name in ("begun_unix_nano", "sent_unix_nano", "arrived_unix_nano", "ended_unix_nano", "returned_unix_nano"):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(name), pa.array(table[name].to_numpy() + shift))
    graph = ServiceGraph(tuple(sorted({*analysis.graph.services, "s0", "s1", "s2", "s3"})), analysis.graph.edges)
    ingested = dataclasses.replace(analysis.ingested, calls=CallSample(table))
    return dataclasses.replace(analysis, ingested=ingested, graph=graph)


def one_service(analysis: Analysis) -> Analysis:
    """Nothing is known but one service without calls to others."""
    return dataclasses.replace(
        analysis,
        graph=ServiceGraph(("frontend",), ()),
        incidents=(),
        rankings={},
        headline="One service is as expected.",
    )
