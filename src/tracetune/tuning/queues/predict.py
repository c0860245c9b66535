"""Latency quantiles of replayed traces, for one choice of stations and load, and their spread over many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tracetune.domain.whatif import Bounded, Latency
from tracetune.tuning.queues.arrivals import arrivals
from tracetune.tuning.queues.model import QUANTILES, Model
from tracetune.tuning.queues.observed import Floats, Ints
from tracetune.tuning.queues.simulate import replay
from tracetune.tuning.queues.templates import Stations

EVALUATED_SECONDS = 300.0
"""Quantiles are those of so many seconds: over a longer time they vary less."""

LEAST_REQUESTS, MOST_REQUESTS = 500, 4000
SEEDS = 8
"""Runs of the best model, which give the value."""

_WARM_UP_SHARE = 0.05
BLOCK_TRACES = 50
"""Traces are drawn again in runs of so many that began one after the other, so that what comes together stays together."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Latencies of one run.

    Attributes:
        of_endpoint: seconds of every request, by endpoint.
        of_service: seconds of every call, by service.
        busy: (service,), slot-seconds a second.
    """

    of_endpoint: tuple[Floats, ...]
    of_service: tuple[Floats, ...]
    busy: Floats
    events: int


def run(  # noqa: PLR0913 - the choices of one run
    model: Model,
    stations: Stations,
    rate: float,
    requests: int,
    seed: int,
    *,
    burst: float = 1.0,
    resample: bool = True,
) -> Outcome:
    """Replay ``requests`` traces, drawn from the sample, at ``rate`` a second."""
    rng = np.random.default_rng(seed)
    begin = arrivals(rng, rate, requests, model.load, burst)
    chosen = _draw(rng, len(model.traces), len(begin), resample=resample)
    return replayed(model, stations, chosen, begin, seed)


def replayed(model: Model, stations: Stations, chosen: Ints, begin: Floats, seed: int) -> Outcome:
    """Replay these of the model's traces at these times."""
    templates = model.templates
    trace = model.traces[chosen]
    found = replay(templates, stations, trace, begin, seed)
    warm = begin[int(_WARM_UP_SHARE * len(begin))] if len(begin) else 0.0
    first = np.concatenate(([0], np.cumsum(np.diff(templates.trace_offset)[trace])[:-1])).astype(np.int64)
    counted = begin >= warm
    took, endpoint = found.took[first][counted], model.endpoint[chosen][counted]
    late = found.arrived >= warm
    service, all_took = templates.service[found.call][late], found.took[late]
    seconds = float(begin[-1] - begin[0]) if len(begin) > 1 else 1.0
    return Outcome(
        tuple(took[endpoint == number] for number in range(len(model.endpoints))),
        tuple(all_took[service == number] for number in range(len(model.stations))),
        found.held / max(seconds, 1e-9),
        found.events,
    )


def quantiles(values: Floats) -> Floats:
    """The three quantiles, NaN without values."""
    if not len(values):
        return np.full(len(QUANTILES), np.nan)
    result: Floats = np.quantile(values, QUANTILES)
    return result


def _draw(rng: np.random.Generator, traces: int, requests: int, *, resample: bool) -> Ints:
    if not resample:
        return rng.integers(0, traces, requests)
    blocks = max(1, traces // BLOCK_TRACES)
    kept = rng.integers(0, blocks, blocks)  # a bootstrap of blocks, from which traces are drawn
    block = kept[rng.integers(0, blocks, requests)]
    place = block * BLOCK_TRACES + rng.integers(0, BLOCK_TRACES, requests)
    result: Ints = np.minimum(place, traces - 1)
    return result


def latency(model: Model, runs: Sequence[Floats]) -> Latency | None:
    """Three quantiles with their intervals: the first runs give the value, all of them the interval."""
    told = [values for values in runs if len(values)]
    if not told:
        return None
    value = quantiles(np.concatenate(told[:SEEDS]))
    each = np.stack([quantiles(values) for values in told])
    low, high = each.min(axis=0) / model.widening, each.max(axis=0) * model.widening
    bounded = [Bounded(float(value[at]), float(low[at]), float(high[at])) for at in range(len(QUANTILES))]
    return Latency(*bounded)
