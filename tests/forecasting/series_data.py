"""Series of a made-up system with known events: daily load, load-dependent latency, noise that shrinks with the calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.graph import Edge, ServiceGraph
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey

Array = NDArray[np.float64]

START_MINUTE = 29_000_000  # a day in February 2025, UTC
OPERATIONS_A_SERVICE = 2


class EventKind(StrEnum):
    STEP = "step"  # one service slower at once
    LEAK = "leak"  # one service slower and slower
    ERRORS = "errors"  # one service fails part of its calls
    SURGE = "surge"  # the whole system gets more calls
    DROP = "drop"  # the whole system gets fewer calls


@dataclass(frozen=True)
class Event:
    kind: EventKind
    service: int  # position; ignored by SURGE and DROP
    minute: int
    minutes: int
    size: float  # factor on service time or on calls; share of failed calls for ERRORS


@dataclass(frozen=True)
class System:
    """What is true of a made-up system, whatever happens in it."""

    seed: int
    services: int = 12
    least_calls: float = 20.0
    most_calls: float = 600.0

    def graph(self) -> ServiceGraph:
        """A front end, ``svc-0``, that calls every other service."""
        names = tuple(f"svc-{at}" for at in range(self.services))
        return ServiceGraph(names, tuple(Edge(names[0], other, "", 1000, 0) for other in names[1:]))

    def series(
        self, *, minutes: int = 1440, events: Sequence[Event] = (), unobserved: Sequence[tuple[int, int]] = ()
    ) -> SeriesBatch:
        """All six metrics; the operations of ``svc-0`` begin every trace.

        Latency is service time times an M/M/1-like factor of the service's utilisation, at 30 to 75 % on the daily peak.
        """
        rng = np.random.default_rng(self.seed)
        count = self.services * OPERATIONS_A_SERVICE
        service = np.repeat(np.arange(self.services), OPERATIONS_A_SERVICE)
        now = np.arange(minutes)
        daily = np.exp(rng.uniform(0.3, 0.6) * np.sin(2.0 * np.pi * (now - rng.uniform(0, 1440)) / 1440.0))
        load = np.exp(_wander(rng, 1, minutes, 0.97, 0.05))[0] * daily
        usual = np.exp(rng.uniform(np.log(self.least_calls), np.log(self.most_calls), count))
        rates = usual[:, None] * load * np.exp(_wander(rng, count, minutes, 0.9, 0.03))
        peak = np.quantile(load, 0.99) * np.exp(2.0 * 0.03)
        slowness = np.exp(_wander(rng, self.services, minutes, 0.9, 0.03))
        failing = np.repeat((10.0 ** rng.uniform(-4.0, -2.5, count))[:, None], minutes, axis=1)
        for event in events:
            _happen(event, rates, slowness, failing, service)
        calls = rng.poisson(rates).astype(np.float64)
        share = (rates / usual[:, None]).reshape(self.services, OPERATIONS_A_SERVICE, minutes).mean(axis=1) / peak
        busy = np.minimum(rng.uniform(0.3, 0.75, (self.services, 1)) * share * np.minimum(slowness, 1.3), 0.97)
        mean = np.exp(rng.uniform(np.log(0.003), np.log(0.1), (count, 1)))
        scale = (mean * (slowness * (1.0 + busy**2 / (1.0 - busy)))[service]).astype(np.float64)
        spread = rng.uniform(0.3, 0.7, (count, 1))
        p50, p95 = _quantiles(rng, calls, np.log(scale), spread)
        metrics = {
            Metric.CALLS: calls,
            Metric.ERROR_RATIO: _ratio(rng.binomial(calls.astype(np.int64), failing), calls),
            Metric.LATENCY_P50: p50,
            Metric.LATENCY_P95: p95,
            Metric.SELF_TIME_P50: 0.8 * p50,
            Metric.SELF_TIME_P95: 0.8 * p95,
        }
        observed = np.ones(minutes, np.bool_)
        for first, last in unobserved:
            observed[first:last] = False
        metrics = {metric: np.where(observed, values, np.nan) for metric, values in metrics.items()}
        keys = tuple(SeriesKey(f"svc-{at}", f"GET /{at}-{n}") for at in range(self.services) for n in range(2))
        return SeriesBatch(keys, START_MINUTE, metrics, observed, (service == 0).astype(np.float64))


def random_events(seed: int, *, services: int, minutes: int, first: int = 400) -> list[Event]:
    """About one event every two hours after ``first``, never two at once, with half an hour of rest between."""
    rng = np.random.default_rng(seed)
    events: list[Event] = []
    at = first + int(rng.integers(0, 60))
    kinds = [EventKind.STEP, EventKind.LEAK, EventKind.ERRORS, EventKind.SURGE, EventKind.DROP]
    while at < minutes - 120:
        kind = kinds[int(rng.choice(5, p=[0.35, 0.2, 0.2, 0.15, 0.1]))]
        length = int(rng.integers(60, 120) if kind is EventKind.LEAK else rng.integers(10, 45))
        sizes = {
            EventKind.STEP: (1.4, 3.0),
            EventKind.LEAK: (1.5, 3.0),
            EventKind.ERRORS: (0.03, 0.3),
            EventKind.SURGE: (1.6, 2.3),
            EventKind.DROP: (0.0, 0.4),
        }
        events.append(Event(kind, int(rng.integers(services)), at, length, float(rng.uniform(*sizes[kind]))))
        at += length + 60 + int(rng.integers(0, 60))
    return events


def _happen(event: Event, rates: Array, slowness: Array, failing: Array, service: NDArray[np.int64]) -> None:
    at = slice(event.minute, event.minute + event.minutes)
    if event.kind is EventKind.STEP:
        slowness[event.service, at] *= event.size
    elif event.kind is EventKind.LEAK:
        slowness[event.service, at] *= np.linspace(1.0, event.size, event.minutes)[: slowness[0, at].size]
    elif event.kind is EventKind.ERRORS:
        failing[service == event.service, at] = event.size
    else:
        rates[:, at] *= event.size


def _wander(rng: np.random.Generator, rows: int, minutes: int, memory: float, spread: float) -> Array:
    """Autoregressive noise of this standard deviation."""
    steps = rng.normal(0.0, spread * np.sqrt(1.0 - memory**2), (rows, minutes))
    for minute in range(1, minutes):
        steps[:, minute] += memory * steps[:, minute - 1]
    return steps


def _quantiles(rng: np.random.Generator, calls: Array, middle: Array, spread: Array) -> tuple[Array, Array]:
    """Median and p95 of so many lognormal durations, by the normal limit of order statistics."""
    counted = np.maximum(calls, 1.0)
    half = middle + spread * 1.2533 * rng.normal(size=calls.shape) / np.sqrt(counted)
    tail = half + spread * np.abs(1.645 + 2.113 * rng.normal(size=calls.shape) / np.sqrt(counted))
    return np.where(calls > 0, np.exp(half), np.nan), np.where(calls > 0, np.exp(tail), np.nan)


def _ratio(errors: NDArray[np.int64], calls: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.where(calls > 0, errors / np.maximum(calls, 1.0), np.nan)
