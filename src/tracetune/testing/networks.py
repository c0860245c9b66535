"""Random applications of queues whose slots and disciplines are known: what tuning's estimates are checked against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.calls import CALLS, CallSample
from tracetune.domain.spans import LABEL
from tracetune.testing.queues import (
    AT_RANDOM,
    IN_TURN,
    LESS_BUSY_OF_TWO,
    OWN_WORK,
    SHARED,
    WHOLE_REQUEST,
    Network,
    Requests,
    simulate,
)

_START_UNIX_NANO = 1_790_000_040_000_000_000  # the begin of a minute
_BUSIEST = 0.85  # use of the slots of the busiest service at the full rate
_IDLEST = 0.35  # services with more room than this get fewer slots
_MOST_PER_SECOND = 350.0
_TRIAL = 1500


@dataclass(frozen=True)
class RandomApp:
    """An application: service 0 is the gateway, whose operations come first and begin the traces.

    Attributes:
        mix: (endpoint,), shares of the traces.
        rate: traces a second at which the busiest service uses 85 % of its slots.
        use: (service,), of its slots at that rate.
    """

    network: Network
    mix: NDArray[np.float64]
    rate: float
    use: NDArray[np.float64]

    def run(self, rates: NDArray[np.float64], seed: int, replicas: dict[int, int] | None = None) -> Requests:
        """Requests at so many traces a second in each second, (second,), with other replicas of some services."""
        rng = np.random.default_rng(seed)
        counts = rng.poisson(rates)
        times = np.sort((np.repeat(np.arange(len(rates)), counts) + rng.random(int(counts.sum()))) * 1e9)
        network = with_replicas(self.network, replicas or {})
        endpoints = rng.choice(len(self.mix), len(times), p=self.mix)
        return simulate(network, endpoints, times.astype(np.int64) + _START_UNIX_NANO, seed)


def random_app(seed: int) -> RandomApp:
    """An application of four to eight services behind a gateway, with two or three endpoints."""
    rng = np.random.default_rng(seed)
    services = int(rng.integers(5, 10))
    endpoints = int(rng.integers(2, 4))
    operations: list[tuple[int, float, float, list[list[tuple[int, float, bool]]]]] = []
    for service in range(services):
        operations += [_operation(rng, service, services, endpoints) for _ in range(1 if service else endpoints)]
    mix = rng.uniform(0.3, 1, endpoints)
    network = _network(rng, operations, services)
    app = RandomApp(network, mix / mix.sum(), 1.0, np.zeros(services))
    return _dimensioned(app, seed)


def calls_of(requests: Requests, network: Network) -> CallSample:
    """The calls as a perfect tracer would have recorded them: service ``s3``, operation ``op5``, instance ``s3-1``."""
    service = network.service[requests.operation]
    root = requests.parent < 0
    columns: dict[str, Any] = {
        "begun_unix_nano": requests.sent[requests.root],
        "trace_id": _ids(requests.root + 1, 16),
        "call_id": _ids(np.arange(len(root)) + 1, 8),
        "parent_call_id": _ids(requests.parent + 1, 8),
        "service_name": _labels(service, "s{}"),
        "span_name": _labels(requests.operation, "op{}"),
        "service_version": _labels(np.zeros(len(root), np.int64), "v{}"),
        "instance": pa.array(
            [
                f"s{owner}-{place}"
                for owner, place in zip(service, requests.instance - network.instance_of_service[service], strict=True)
            ]
        ).cast(LABEL),
        "node": pa.array([""] * len(root)).cast(LABEL),
        "sent_unix_nano": np.where(root, requests.arrived, requests.sent),
        "arrived_unix_nano": requests.arrived,
        "ended_unix_nano": requests.ended,
        "returned_unix_nano": np.where(root, requests.ended, requests.returned),
        "is_awaited": ~root & ~network.detached[requests.call]
        if len(network.detached)
        else np.zeros(len(root), np.bool_),
        "is_served": np.ones(len(root), np.bool_),
        "is_error": np.zeros(len(root), np.bool_),
    }
    arrays = [
        pa.array(columns[field.name]) if isinstance(columns[field.name], np.ndarray) else columns[field.name]
        for field in CALLS
    ]
    return CallSample(pa.Table.from_arrays(arrays, schema=CALLS))


def with_replicas(network: Network, replicas: dict[int, int]) -> Network:
    """The same with so many instances of some services, each with the slots of the first."""
    counts = np.diff(network.instance_of_service)
    slots = network.slots[network.instance_of_service[:-1]]
    for service, count in replicas.items():
        counts[service] = count
    return network._replace(
        instance_of_service=np.concatenate(([0], np.cumsum(counts))).astype(np.int64), slots=np.repeat(slots, counts)
    )


def slots_of(network: Network) -> NDArray[np.int64]:
    """The slots of one instance of each service, (service,)."""
    result: NDArray[np.int64] = network.slots[network.instance_of_service[:-1]]
    return result


def slot_seconds(requests: Requests, network: Network) -> NDArray[np.float64]:
    """For how long each service's slots were held, all instances, (service,).

    Where they are held for whole requests, that is so only of a run in which nothing waited.
    """
    service = network.service[requests.operation]
    held = np.where(
        network.discipline[service] == WHOLE_REQUEST, requests.ended - requests.arrived, requests.worked_nano
    )
    result: NDArray[np.float64] = np.bincount(service, held, len(network.discipline)) / 1e9
    return result


def _operation(
    rng: np.random.Generator, service: int, services: int, endpoints: int
) -> tuple[int, float, float, list[list[tuple[int, float, bool]]]]:
    """Service, median work in nanoseconds, sigma, and groups of (callee, probability, is detached)."""
    later = np.arange(service + 1, services)
    groups = []
    wanted = rng.choice([1, 1, 2]) if service == 0 else rng.choice([0, 1, 1])
    for _ in range(wanted if len(later) else 0):
        most = rng.choice([1, 2, 2, 3]) if service == 0 else rng.choice([1, 1, 2])
        chosen = rng.choice(later, min(len(later), int(most)), replace=False)
        groups.append(
            [
                (endpoints + int(callee) - 1, float(rng.choice([1, 1, 0.7, 0.5])), bool(rng.random() < 0.1))
                for callee in chosen
            ]
        )
    work = rng.uniform(0.5e6, 3e6) if service == 0 else rng.uniform(3e6, 25e6)
    return service, float(work), float(rng.uniform(0.3, 0.9)), groups


def _network(
    rng: np.random.Generator,
    operations: list[tuple[int, float, float, list[list[tuple[int, float, bool]]]]],
    services: int,
) -> Network:
    groups = [group for operation in operations for group in operation[3]]
    calls = [call for group in groups for call in group]
    counts = rng.choice([1, 2, 2, 3], services)
    slots = rng.choice([1, 2, 3, 4, 6, 8], services)
    discipline = rng.choice([WHOLE_REQUEST, OWN_WORK, OWN_WORK, SHARED], services)
    discipline[0], slots[0], counts[0] = OWN_WORK, 64, 2
    return Network(
        service=np.array([operation[0] for operation in operations]),
        work_nano=np.array([operation[1] for operation in operations]),
        work_sigma=np.array([operation[2] for operation in operations]),
        group_of_operation=np.concatenate(([0], np.cumsum([len(operation[3]) for operation in operations]))).astype(
            np.int64
        ),
        call_of_group=np.concatenate(([0], np.cumsum([len(group) for group in groups]))).astype(np.int64),
        callee=np.array([call[0] for call in calls], np.int64),
        probability=np.array([call[1] for call in calls]),
        detached=np.array([call[2] for call in calls], np.bool_),
        travel_nano=rng.uniform(0.15e6, 0.4e6, len(calls)),
        instance_of_service=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        slots=np.repeat(slots, counts),
        slow_from_nano=np.zeros(len(operations), np.int64),
        slow_until_nano=np.zeros(len(operations), np.int64),
        slow_factor=np.ones(len(operations)),
        discipline=discipline,
        balancing=rng.choice([IN_TURN, AT_RANDOM, LESS_BUSY_OF_TWO], services),
    )


def _dimensioned(app: RandomApp, seed: int) -> RandomApp:
    """With the rate that fills the busiest service, and fewer slots where there would be far too many."""
    trial = app.run(np.full(_TRIAL, 1.0), seed)  # one a second: nothing waits
    traces = int((trial.parent < 0).sum())
    demand = slot_seconds(trial, app.network) / traces
    counts, slots = np.diff(app.network.instance_of_service), slots_of(app.network).copy()
    used = np.flatnonzero(demand[1:] > 0) + 1
    rate = min(_MOST_PER_SECOND, float(np.min(_BUSIEST * counts[used] * slots[used] / demand[used])))
    for service in used:
        while (
            counts[service] * slots[service] * _IDLEST > rate * demand[service] and counts[service] * slots[service] > 1
        ):
            fewer = (counts[service] - 1, slots[service]) if counts[service] > 1 else (1, slots[service] - 1)
            if rate * demand[service] > _BUSIEST * fewer[0] * fewer[1]:
                break
            counts[service], slots[service] = fewer
    network = app.network._replace(
        instance_of_service=np.concatenate(([0], np.cumsum(counts))).astype(np.int64), slots=np.repeat(slots, counts)
    )
    return RandomApp(network, app.mix, rate, rate * demand / (counts * slots))


def _ids(numbers: NDArray[np.int64], width: int) -> pa.Array:
    words = np.zeros((len(numbers), width // 8), np.int64)
    words[:, -1] = numbers
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(numbers), [None, pa.py_buffer(words.tobytes())])


def _labels(codes: NDArray[np.int64], form: str) -> pa.Array:
    names = pa.array([form.format(code) for code in range(int(codes.max(initial=0)) + 1)])
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), names)
