"""Why calls changed: more of them at the entrance, other ones at the same rate, or the same ones again and again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from tracetune.anomalies.rules import Episode
from tracetune.anomalies.seen import Seen
from tracetune.domain.forecasts import MIDDLE, UPPER
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.series import Metric

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

LOAD_SIGMAS = 2.33
"""Calls above the upper bound of their own 98 % band explain latency …"""

ENTRY_SIGMAS = 1.28
"""… if more than usual come in, too (above the upper bound of an 80 % band): else the same calls are only repeated."""

ROOT_SHARE = 0.5
"""An operation is an entrance if more than this share of its calls begin a trace."""

MIXED_SHARE, MIXED_NET = 0.15, 0.5
"""The mix shifted where this share of all calls moved between entrances, and what came or went in all is less than half."""


SERVED_MINUTES, SERVED_SHARE, SERVED_CALLS = 10, 0.8, 0.9
"""Load is no explanation where at least so many minutes shortly before had (nearly) as many calls, and this share of them
was as quick as expected …"""

SERVED_WITHIN = 120
"""… within so many minutes: at another time of the day there may be more replicas."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the calls of each minute say of each series.

    Attributes:
        overloaded: more calls than expected, of the operation or its service, and they came in at the entrances.
        repeated: more calls than expected, and no more came in: callers ask the same thing again.
        mixed: as many calls as expected came in, but other ones.
    """

    overloaded: Bool[Mask, "series minute"]
    repeated: Bool[Mask, "series minute"]
    mixed: Bool[Mask, " minute"]

    @classmethod
    def of(cls, seen: Seen, calls: Float[Array, "series minute"], graph: ServiceGraph | None) -> Traffic:
        """From the departures of each series' calls, and who can reach whom; without a graph everybody reaches everybody."""
        shape = seen.metrics[Metric.CALLS].shape
        if Metric.CALLS not in seen.expected:
            return cls(np.zeros(shape, np.bool_), np.zeros(shape, np.bool_), np.zeros(shape[1], np.bool_))
        service = _positions(seen)
        mixed = _mixed(seen)
        excess, variance = _excess(seen)
        # A row a service, not a series: ten thousand operations belong to some hundreds of services.
        beside = _departed(_by_service(excess, service), _by_service(variance, service))
        busy = np.fmax(np.nan_to_num(calls), beside[service]) >= LOAD_SIGMAS
        root = seen.series.root_share > ROOT_SHARE
        feeds = _feeds(seen, service, root, graph).astype(np.float64)
        enters: Mask = _departed(feeds @ excess[root], feeds @ variance[root]) >= ENTRY_SIGMAS  # (service, minute)
        entering = enters[service]
        is_fed: Mask = np.any(feeds, axis=1)  # (service,)
        overloaded: Mask = busy & (entering | mixed | ~is_fed[service][:, None])
        return cls(overloaded, busy & ~overloaded & ~root[:, None], mixed)


def was_served(seen: Seen, latency: Float[Array, "series minute"], episode: Episode) -> bool:
    """Whether the service answered as many calls before as in this episode, in time: then their number explains nothing.

    Args:
        seen: what was observed and expected.
        latency: how far each minute's latency departed.
        episode: of one operation.
    """
    name = seen.series.keys[episode.row].service_name
    rows = np.flatnonzero([key.service_name == name for key in seen.series.keys])
    calls = np.nan_to_num(seen.metrics[Metric.CALLS][rows]).sum(axis=0)
    now = float(np.median(calls[episode.onset : episode.end]))
    lately = slice(max(episode.onset - SERVED_WITHIN, 0), episode.onset)
    earlier = latency[episode.row, lately]
    as_busy = (calls[lately] >= SERVED_CALLS * now) & np.isfinite(earlier)
    in_time = as_busy & (earlier < LOAD_SIGMAS)
    return bool(as_busy.sum() >= SERVED_MINUTES and in_time.sum() >= SERVED_SHARE * as_busy.sum())


def _positions(seen: Seen) -> NDArray[np.int64]:
    names = sorted({key.service_name for key in seen.series.keys})
    place = {name: at for at, name in enumerate(names)}
    return np.array([place[key.service_name] for key in seen.series.keys])


def _feeds(
    seen: Seen, service: NDArray[np.int64], root: Bool[Mask, " series"], graph: ServiceGraph | None
) -> Bool[Mask, "service root"]:
    """Whether the calls of a series at the entrance enter the system on a way that reaches a service."""
    services = int(service.max(initial=-1)) + 1
    doors = service[root]
    if graph is None:
        return np.ones((services, len(doors)), np.bool_)
    names = sorted({key.service_name for key in seen.series.keys})
    place = {name: at for at, name in enumerate(names)}
    reach = np.eye(services, dtype=np.bool_)  # (to, from); only from services at the entrance, which are few
    for door in np.unique(doors).tolist():
        reach[[place[other] for other in graph.reachable(names[door]) if other in place], door] = True
    feeding: Mask = reach[:, doors]
    return feeding


def _excess(seen: Seen) -> tuple[Float[Array, "series minute"], Float[Array, "series minute"]]:
    """By how many calls each series departed from what was expected of it, and their variance."""
    expected = seen.expected[Metric.CALLS]
    excess = np.nan_to_num(seen.metrics[Metric.CALLS] - expected[:, :, MIDDLE])
    variance = np.square(np.nan_to_num(expected[:, :, UPPER] - expected[:, :, MIDDLE]) / LOAD_SIGMAS)
    return excess, variance


def _by_service(values: Float[Array, "series minute"], service: NDArray[np.int64]) -> Float[Array, "service minute"]:
    """Summed over the series of each service."""
    summed = np.zeros((int(service.max(initial=-1)) + 1, values.shape[1]))
    order = np.argsort(service, kind="stable")
    begins = np.flatnonzero(np.diff(service[order], prepend=-1))
    summed[service[order][begins]] = np.add.reduceat(values[order], begins, axis=0)
    return summed


def _departed(
    excess: Float[Array, "service minute"], variance: Float[Array, "service minute"]
) -> Float[Array, "service minute"]:
    """How far calls departed in all: one operation's surge slows its neighbours too."""
    departed: Array = excess / np.sqrt(np.maximum(variance, 1.0))
    return departed


def _mixed(seen: Seen) -> Bool[Mask, " minute"]:
    root = seen.series.root_share > ROOT_SHARE
    expected = np.nan_to_num(seen.expected[Metric.CALLS][root, :, MIDDLE])
    # An entrance that nothing was expected of counts as none before: it may be new.
    excess = np.nan_to_num(seen.metrics[Metric.CALLS][root]) - expected
    moved, net = np.abs(excess).sum(axis=0), np.abs(excess.sum(axis=0))
    mixed: Mask = (0.5 * moved >= MIXED_SHARE * np.maximum(expected.sum(axis=0), 1.0)) & (net <= MIXED_NET * moved)
    return mixed
