"""Days of many made-up applications as per-minute series, with the truth of everything that happened in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from tracetune.domain.graph import Edge, ServiceGraph
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.testing.apps import App, busy, draw_app, durations, error_ratios
from tracetune.testing.incidents import SLOW, Incident, IncidentKind, draw_incidents
from tracetune.testing.noise import lognormal_quantiles, order_chances, wander

Array = NDArray[np.float64]

DEVELOPMENT_SEEDS = (1, 2, 3)
"""Looked at while developing."""

REPORT_SEEDS = (901, 902, 903, 904, 905, 906)
"""Only for the figures we publish: nothing may be tuned on them."""

START_MINUTE = 29_520_000
"""Of the first minute of every history, midnight of a Monday in UTC: 16 February 2026."""

MINUTES_PER_DAY = 1440
LEAST_EFFECT, LABELLED_EFFECT = 0.17, 0.10
"""An operation is slow in truth where the mean of its duration rose by the first share, in the minutes of the second."""

_MISSING = 0.004
_DEPLOY_DAYS = 3.5
_AFTER_DEPLOY_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Size:
    """How much history.

    Attributes:
        test_days: the last days, with many incidents; those before have few, and nothing says where.
        train_rate, test_rate: incidents a service and day.
    """

    apps: int = 10
    services: int = 8
    days: int = 18
    test_days: int = 4
    train_rate: float = 0.05
    test_rate: float = 0.35


@dataclass(frozen=True, slots=True)
class History:
    """Series and their truth.

    Attributes:
        test_from: position of the first minute of the test days.
        incident: 1 + position in ``incidents`` of what affects this series in this minute; 0 where nothing does. Latency
            counts where the mean duration truly rose (LEAST_EFFECT), errors where they rose by two in a hundred.
        deployed: the quarter of an hour after a new version of the series' service.
    """

    series: SeriesBatch
    graph: ServiceGraph
    incidents: tuple[Incident, ...]
    incident: Int[NDArray[np.int16], "series minute"]
    deployed: Bool[NDArray[np.bool_], "series minute"]
    test_from: int

    def happening(self, *kinds: IncidentKind) -> Bool[NDArray[np.bool_], "series minute"]:
        """Where an incident of these kinds affects a series."""
        chosen = np.array([False, *(each.kind in kinds for each in self.incidents)])
        return chosen[self.incident]


@dataclass(slots=True)
class _Part:
    app: App
    keys: list[SeriesKey]
    roots: list[float]
    metrics: dict[Metric, Array]
    incidents: list[Incident]
    incident: NDArray[np.int16]
    deployed: NDArray[np.bool_]


def make_history(seed: int, size: Size | None = None) -> History:
    """Equal seeds and sizes give equal histories; each application has random numbers of its own.

    Call graphs of four layers; daily and weekly load that wanders, with bursts at the full hour; M/G/c waits; quantiles
    that scatter with the number of calls; deploys that shift the level, harmless spikes of a minute, missing minutes, and
    operations with hardly any traffic.
    """
    size = size or Size()
    minutes = size.days * MINUTES_PER_DAY
    parts = [_part(np.random.default_rng((seed, number)), number, size) for number in range(size.apps)]
    observed = _observed(np.random.default_rng((seed, size.apps)), minutes, size.days)
    metrics = {metric: np.concatenate([part.metrics[metric] for part in parts]) for metric in Metric}
    for values in metrics.values():
        values[:, ~observed] = np.nan
    incident, before = [], 0
    for part in parts:
        incident.append(np.where(part.incident > 0, part.incident + before, 0).astype(np.int16))
        before += len(part.incidents)
    keys = tuple(key for part in parts for key in part.keys)
    roots = np.array([root for part in parts for root in part.roots])
    return History(
        SeriesBatch(keys, START_MINUTE, metrics, observed, roots),
        _graph(parts),
        tuple(each for part in parts for each in part.incidents),
        np.concatenate(incident),
        np.concatenate([part.deployed for part in parts]),
        (size.days - size.test_days) * MINUTES_PER_DAY,
    )


def _part(rng: np.random.Generator, number: int, size: Size) -> _Part:
    minutes = size.days * MINUTES_PER_DAY
    app = draw_app(rng, size.services)
    test_from = minutes - size.test_days * MINUTES_PER_DAY
    happened = draw_incidents(rng, number, app.layers, range(test_from), size.train_rate)
    happened += draw_incidents(rng, number, app.layers, range(test_from, minutes), size.test_rate)
    rates = _rates(rng, app, minutes, happened)
    slowness, deployed = _slowness(rng, size.services, minutes)
    utilisation, slots = busy(app, rates, rng.uniform(0.3, 0.88, size.services))
    usual, _ = durations(app, utilisation, slots, slowness)
    failing = np.zeros_like(slowness)
    for each in happened:
        if each.kind in SLOW:
            slowness[each.service, each.slice] *= each.shape()
        elif each.kind is IncidentKind.ERRORS:
            failing[each.service, each.slice] += each.shape()
    mean, variance = durations(app, utilisation, slots, slowness)
    ratios = error_ratios(app, failing)
    owner = np.array([operation.service for operation in app.operations])
    called = app.called()
    return _Part(
        app=app,
        keys=[SeriesKey(f"app{number}-svc{service}", f"op{at}") for at, service in enumerate(owner)],
        roots=[float(at not in called) for at in range(len(owner))],
        metrics=_observe(rng, rates, mean, variance, ratios),
        incidents=happened,
        incident=_truth(happened, mean[1] / usual[1] - 1.0, ratios, app),
        deployed=deployed[owner],
    )


def _rates(
    rng: np.random.Generator, app: App, minutes: int, happened: list[Incident]
) -> Float[Array, "operation minute"]:
    """Calls a minute to expect of each operation."""
    now = np.arange(minutes)
    of_day, weekday = now % MINUTES_PER_DAY, now // MINUTES_PER_DAY % 7
    phase = rng.uniform(0.0, MINUTES_PER_DAY)
    angle = 2.0 * np.pi * (of_day - phase) / MINUTES_PER_DAY
    daily = np.exp(rng.uniform(0.2, 0.7) * np.sin(angle) + rng.uniform(0.0, 0.25) * np.sin(2.0 * angle + 1.0))
    level = daily * np.where(weekday >= 5, rng.uniform(0.4, 1.0), 1.0)
    level = level * np.exp(wander(rng, 1, minutes, 0.97, rng.uniform(0.03, 0.12))[0])
    for each in happened:
        if each.kind in (IncidentKind.SURGE, IncidentKind.DROP):
            level[each.slice] *= each.size
    rates = np.zeros((len(app.operations), minutes))
    shares = rng.dirichlet([1.5] * 3)
    called = app.called()
    for at, operation in enumerate(app.operations):
        if operation.service == 0:
            rates[at] += app.base * shares[at] * level * np.exp(wander(rng, 1, minutes, 0.9, 0.05)[0])
            if rng.random() < 0.3:  # what a scheduler sends at the full hour
                rates[at] *= 1.0 + rng.uniform(0.3, 1.5) * (of_day % 60 < 2)
        elif at not in called:  # what other entrances bring
            rates[at] += app.base * rng.uniform(0.02, 0.3) * level
        for callee, calls in operation.calls.items():
            rates[callee] += calls * rates[at]
    return rates


def _slowness(
    rng: np.random.Generator, services: int, minutes: int
) -> tuple[Float[Array, "service minute"], Bool[NDArray[np.bool_], "service minute"]]:
    """Factor on service times when nothing is wrong, and the minutes after deploys."""
    slowness = np.exp(wander(rng, services, minutes, 0.9, rng.uniform(0.02, 0.08, services)))
    deployed = np.zeros((services, minutes), np.bool_)
    for service in range(services):
        at = int(rng.integers(0, 3 * MINUTES_PER_DAY))
        while at < minutes:
            slowness[service, at:] *= np.exp(rng.normal(0.0, 0.08))
            slowness[service, at : at + 3] *= rng.uniform(1.0, 1.5)  # caches are cold
            deployed[service, at : at + _AFTER_DEPLOY_MINUTES] = True
            at += int(rng.exponential(_DEPLOY_DAYS * MINUTES_PER_DAY)) + 200
        spikes = rng.integers(0, minutes, rng.poisson(2.0 * minutes / MINUTES_PER_DAY))
        slowness[service, spikes] *= rng.uniform(1.2, 2.2, len(spikes))
    return slowness, deployed


def _observe(
    rng: np.random.Generator,
    rates: Float[Array, "operation minute"],
    mean: Float[Array, "part operation minute"],
    variance: Float[Array, "part operation minute"],
    ratios: Float[Array, "operation minute"],
) -> dict[Metric, Array]:
    """What a tracer would have counted: Poisson calls, quantiles of that many durations, failures one by one."""
    calls = rng.poisson(rates).astype(np.float64)
    metrics = {metric: np.full(calls.shape, np.nan) for metric in Metric}
    metrics[Metric.CALLS] = calls.copy()
    for row, count in enumerate(calls):
        chances = order_chances(rng, count, (0.5, 0.95))
        own = lognormal_quantiles(chances, mean[0, row], variance[0, row])
        whole = lognormal_quantiles(chances, mean[1, row], variance[1, row])
        metrics[Metric.SELF_TIME_P50][row], metrics[Metric.SELF_TIME_P95][row] = own
        metrics[Metric.LATENCY_P50][row], metrics[Metric.LATENCY_P95][row] = whole
        metrics[Metric.ERROR_RATIO][row] = rng.binomial(count.astype(np.int64), ratios[row]) / np.maximum(count, 1.0)
    missing = rng.random(calls.shape) < _MISSING
    for metric, values in metrics.items():
        values[missing if metric is Metric.CALLS else missing | (calls == 0)] = np.nan
    return metrics


def _truth(
    happened: list[Incident],
    effect: Float[Array, "operation minute"],
    ratios: Float[Array, "operation minute"],
    app: App,
) -> Int[NDArray[np.int16], "operation minute"]:
    truth = np.zeros(effect.shape, np.int16)
    for number, each in enumerate(happened, start=1):
        for row, operation in enumerate(app.operations):
            if each.kind in SLOW:
                felt = effect[row, each.slice]
                if felt.max() > LEAST_EFFECT:
                    at = np.flatnonzero(felt > LABELLED_EFFECT)
                    truth[row, each.start + at[0] : each.start + at[-1] + 1] = number
            elif each.kind is not IncidentKind.ERRORS or (
                ratios[row, each.slice].mean() > operation.error_ratio + 0.02
            ):
                truth[row, each.slice] = number
    return truth


def _observed(rng: np.random.Generator, minutes: int, days: int) -> Bool[NDArray[np.bool_], " minute"]:
    """Every third day the traces fail to arrive for 5 to 20 minutes."""
    observed = np.ones(minutes, np.bool_)
    for _ in range(days // 3):
        start = int(rng.integers(0, minutes - 30))
        observed[start : start + int(rng.integers(5, 20))] = False
    return observed


def _graph(parts: list[_Part]) -> ServiceGraph:
    calls: Counter[tuple[str, str]] = Counter()
    for part in parts:
        total = np.nansum(part.metrics[Metric.CALLS], axis=1)
        for at, operation in enumerate(part.app.operations):
            for callee, count in operation.calls.items():
                calls[part.keys[at].service_name, part.keys[callee].service_name] += int(count * total[at])
    edges = tuple(Edge(client, server, "", count, 0) for (client, server), count in calls.most_common())
    services = sorted({key.service_name for part in parts for key in part.keys})
    return ServiceGraph(tuple(services), edges)
