"""The application that is scaled: queues whose truth is known, run a minute at a time with the replicas of that minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.spans import SPAN_SCHEMA, SpanBatch, SpanKind
from tracetune.testing.build import DAY_START_UNIX_NANO
from tracetune.testing.networks import slot_seconds, slots_of, with_replicas
from tracetune.testing.queues import IN_TURN, OWN_WORK, Network, Requests, simulate

Ints = NDArray[np.int64]

SERVICES = ("gateway", "catalog", "checkout", "payments")
REPLICAS = {"gateway": 1, "catalog": 2, "checkout": 1, "payments": 1}
SCALED = SERVICES[1:]


def network() -> Network:
    """The gateway calls catalog and checkout side by side, then payments; checkout calls payments too."""
    counts = [REPLICAS[name] for name in SERVICES]
    return Network(
        service=np.arange(4),
        work_nano=np.array([2e6, 100e6, 60e6, 45e6]),
        work_sigma=np.array([0.3, 0.5, 0.5, 0.5]),
        group_of_operation=np.array([0, 2, 2, 3, 3]),
        call_of_group=np.array([0, 2, 3, 4]),
        callee=np.array([1, 2, 3, 3]),
        probability=np.array([1.0, 1.0, 0.7, 0.5]),
        detached=np.zeros(4, np.bool_),
        travel_nano=np.full(4, 0.3e6),
        instance_of_service=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        slots=np.repeat([64, 2, 2, 2], counts),
        slow_from_nano=np.zeros(4, np.int64),
        slow_until_nano=np.zeros(4, np.int64),
        slow_factor=np.ones(4),
        discipline=np.full(4, OWN_WORK),
        balancing=np.full(4, IN_TURN),
    )


@dataclass(frozen=True, slots=True)
class Minute:
    """What one minute was like.

    Attributes:
        p99_seconds: of the calls of the gateway.
        busy: share of each service's slots that were held, by its name.
    """

    spans: SpanBatch
    p99_seconds: float
    busy: Mapping[str, float]


def run(minute: int, rate: float, replicas: Mapping[str, int], seed: int) -> Minute:
    """One minute after DAY_START at so many traces a second; its queues begin empty, so no backlog is carried over."""
    scaled = with_replicas(network(), {SERVICES.index(name): count for name, count in replicas.items()})
    rng = np.random.default_rng((seed, minute))
    count = rng.poisson(60 * rate)
    start = DAY_START_UNIX_NANO + minute * NANOS_PER_MINUTE
    times = np.sort(start + (rng.random(count) * 0.98 * NANOS_PER_MINUTE).astype(np.int64))
    requests = simulate(scaled, np.zeros(count, np.int64), times, int(rng.integers(1 << 30)))
    roots = requests.parent < 0
    waited = (requests.ended - requests.arrived)[roots] / 1e9
    slots = slots_of(scaled) * np.diff(scaled.instance_of_service)
    busy = slot_seconds(requests, scaled) / (60 * slots)
    shares = {name: min(float(busy[place]), 1.0) for place, name in enumerate(SERVICES)}  # CPU is never over 100 %
    return Minute(spans_of(requests, scaled, minute), float(np.quantile(waited, 0.99)), shares)


def spans_of(requests: Requests, scaled: Network, minute: int) -> SpanBatch:
    """Every request as the span of its callee, from the pod that handled it."""
    size = len(requests.parent)
    place = scaled.service[requests.operation]
    pod = requests.instance - scaled.instance_of_service[place]
    own = (np.uint64(minute + 1) << np.uint64(32)) + np.arange(size, dtype=np.uint64)
    parent = np.where(requests.parent >= 0, own[requests.parent], np.uint64(0))
    trace = np.stack((own[requests.root], own[requests.root] ^ np.uint64(0xA5A5A5A5)), axis=1)
    names = [f"{name} handles" for name in SERVICES]
    pods = [f"{name}-{number}" for name in SERVICES for number in range(64)]
    nothing = pa.nulls(size, SPAN_SCHEMA.field("peer").type)
    columns = {
        "trace_id": _ids(trace, 16),
        "span_id": _ids(own, 8),
        "parent_span_id": _ids(parent, 8),
        "name": _labels(requests.operation, names),
        "kind": pa.array(np.full(size, SpanKind.SERVER, np.int8)),
        "start_time_unix_nano": pa.array(requests.arrived),
        "end_time_unix_nano": pa.array(requests.ended),
        "status_code": pa.array(np.zeros(size, np.int8)),
        "service_name": _labels(place, list(SERVICES)),
        "service_version": nothing,
        "instance": _labels(64 * place + pod, pods),
        "peer": nothing,
        "attributes": pa.array([[]] * size, SPAN_SCHEMA.field("attributes").type),
    }
    return SpanBatch(pa.Table.from_arrays([columns[name] for name in SPAN_SCHEMA.names], schema=SPAN_SCHEMA))


def _ids(words: NDArray[np.uint64], width: int) -> pa.Array:
    buffer = pa.py_buffer(np.ascontiguousarray(words))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(words), [None, buffer])


def _labels(codes: Ints, values: list[str]) -> pa.Array:
    index = pa.array(codes.astype(np.int32))
    return pa.DictionaryArray.from_arrays(index, pa.array(values)).cast(SPAN_SCHEMA.field("name").type)
