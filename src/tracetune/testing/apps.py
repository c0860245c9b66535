"""A made-up application: services in layers, who calls whom, and how long calls then take under its load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

Array = NDArray[np.float64]

MOST_BUSY = 0.965
"""Utilisation ends here: beyond, callers would give up."""

_MOST_SLOWNESS_IN_QUEUE = 1.6  # a slower service keeps its slots longer, until its callers time out


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: own work with this mean and coefficient of variation, and calls of others on average.

    Attributes:
        calls: calls of each other operation, by its position, for one call of this one.
        error_ratio: of its own errors, when nothing is wrong.
    """

    service: int
    mean_seconds: float
    variation: float
    calls: dict[int, float]
    error_ratio: float


@dataclass(frozen=True, slots=True)
class App:
    """Operations in the order of their services' layers; an operation calls only into higher layers.

    Attributes:
        layers: (service,), 0 for the gateway, which is service 0.
        base: calls a minute that come in.
    """

    layers: tuple[int, ...]
    operations: tuple[Operation, ...]
    base: float

    def called(self) -> frozenset[int]:
        """The operations that some other calls."""
        return frozenset(callee for operation in self.operations for callee in operation.calls)


def draw_app(rng: np.random.Generator, services: int) -> App:
    """An application of so many services with one to three operations each, and 5 to 3,000 calls a minute."""
    layers = (0, *sorted(int(layer) for layer in rng.integers(1, 4, services - 1)))
    owner = [0, 0, 0] + [service for service in range(1, services) for _ in range(int(rng.integers(1, 4)))]
    operations = []
    for service in owner:
        deeper = [at for at, other in enumerate(owner) if layers[other] > layers[service]]
        calls: dict[int, float] = {}
        if deeper and rng.random() < 0.9:
            chosen = rng.choice(deeper, min(len(deeper), int(rng.integers(1, 4))), replace=False)
            calls = {int(callee): float(rng.choice([0.3, 1.0, 1.0, 1.0, 2.0])) for callee in chosen}
        mean = float(np.exp(rng.uniform(np.log(2e-3), np.log(0.12))))
        failing = float(10.0 ** rng.uniform(-4.5, -2.3))
        operations.append(Operation(service, mean, float(rng.uniform(0.3, 1.2)), calls, failing))
    return App(layers, tuple(operations), float(np.exp(rng.uniform(np.log(5.0), np.log(3000.0)))))


def busy(
    app: App, rates: Float[Array, "operation minute"], target: Float[Array, " service"]
) -> tuple[Float[Array, "service minute"], Float[Array, " service"]]:
    """Utilisation of each service and its number of slots, sized for ``target`` at the 99th percentile of its load."""
    erlangs = np.zeros((len(app.layers), rates.shape[1]))
    for at, operation in enumerate(app.operations):
        erlangs[operation.service] += rates[at] * operation.mean_seconds / 60.0
    peak = np.quantile(erlangs, 0.99, axis=1)
    slots = np.maximum(np.ceil(peak / target), 1.0)
    # A small service is given a share of a slot, as a CPU limit does, so that load matters there too.
    capacity = np.where(peak / slots < 0.5 * target, peak / target, slots)
    return erlangs / np.maximum(capacity, 1e-12)[:, None], slots


def durations(
    app: App,
    utilisation: Float[Array, "service minute"],
    slots: Float[Array, " service"],
    slowness: Float[Array, "service minute"],
) -> tuple[Float[Array, "part operation minute"], Float[Array, "part operation minute"]]:
    """Mean and variance, in seconds, of own time (part 0: work and wait for a slot) and of whole duration (part 1).

    Waiting is that of an M/G/c queue: Sakasegawa's approximation times (1 + variation²) / 2; whole durations add those
    of the calls made.

    Source: Sakasegawa, An approximation formula Lq ≈ α·ρ^β/(1-ρ) (1977); Whitt, Approximations for the GI/G/m queue (1993).
    """
    shape = (2, len(app.operations), utilisation.shape[1])
    mean, variance = np.empty(shape), np.empty(shape)
    for at in range(len(app.operations) - 1, -1, -1):  # callees stand after their callers
        operation = app.operations[at]
        slow, count = slowness[operation.service], slots[operation.service]
        rho = np.minimum(utilisation[operation.service] * np.minimum(slow, _MOST_SLOWNESS_IN_QUEUE), MOST_BUSY)
        work = operation.mean_seconds * slow
        wait = (1.0 + operation.variation**2) / 2.0 * work
        wait = wait * rho ** (np.sqrt(2.0 * (count + 1.0)) - 1.0) / (count * (1.0 - rho))
        mean[:, at] = work + wait
        variance[:, at] = np.square(operation.variation * work) + np.square(wait)
        for callee, calls in operation.calls.items():
            mean[1, at] += calls * mean[1, callee]
            variance[1, at] += calls * variance[1, callee]
    return mean, variance


def error_ratios(app: App, own: Float[Array, "service minute"]) -> Float[Array, "operation minute"]:
    """Errors of each operation: its own, its service's just now, and seven in ten of those of what it calls."""
    ratios = np.empty((len(app.operations), own.shape[1]))
    for at in range(len(app.operations) - 1, -1, -1):
        operation = app.operations[at]
        ratios[at] = operation.error_ratio + own[operation.service]
        for callee, calls in operation.calls.items():
            ratios[at] += 0.7 * min(calls, 1.0) * ratios[callee]
    return np.minimum(ratios, 0.98)
