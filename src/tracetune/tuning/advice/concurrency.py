"""Where an adaptive limit of concurrency should start: above all that is healthy, and below what only queues."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.whatif import Ask, Discipline, Station
from tracetune.tuning.advice.scaling import Target
from tracetune.tuning.queues.model import Model
from tracetune.tuning.queues.observed import Floats
from tracetune.tuning.queues.predict import run
from tracetune.tuning.whatifs.allocate import can_plan
from tracetune.tuning.whatifs.whatif import asked

PERCENTILE = 90.0
"""What the controller compares of round-trip times; Envoy's default is the median, which a queue for a few calls hides from."""

LEAST_BUFFER, MOST_BUFFER = 25.0, 200.0
"""Percent by which round-trip times may exceed the least before the limit falls; 25 is Envoy's default."""

ABOVE_HEALTHY = 1.2
SAMPLED_CALLS = 50
"""Envoy's default number of calls from which it measures the least round-trip time."""

LEAST_INTERVAL_SECONDS = 60.0
SAMPLING_SHARE = 0.05
"""While the least is measured only ``min_concurrency`` calls are let in: no more of the time than this."""

_REQUESTS = 4000
_LEAST_CALLS = 200


def concurrency(model: Model, target: Target | None, hours: float) -> Iterator[Advice]:
    """Starting values of Envoy's adaptive concurrency for every service whose queue is known.

    The limit an instance is c + sqrt(c), or 1.2 times what was in flight in the busiest healthy moment where that is more;
    the least, during measurements, is the slots c. The buffer lets through what the queue of the load to come adds to the
    90th percentile with the replicas that are planned.

    Source: Envoy, "Adaptive Concurrency" (gradient controller: limit x (minRTT + buffer) / sampleRTT + sqrt(limit)).
    """
    if target is None or not target.plan.meets:
        return
    added = _added(model, target)
    for place, station in enumerate(model.stations):
        if can_plan(station) and math.isfinite(added[place]):
            yield _advice(station, float(added[place]), target, hours)


def _added(model: Model, target: Target) -> Floats:
    """By service, the 90th percentile at the load to come over that if nothing waited in it, less 1; NaN for few calls."""
    more = {
        station.service_name: count
        for station in model.stations
        if (count := target.plan.replicas.get(station.service_name, 0)) > station.replicas > 0
    }
    stations = asked(model, model.best, Ask(1.0, more))
    free = stations._replace(discipline=np.zeros_like(stations.discipline))
    queued, alone = (
        [
            float(np.quantile(took, PERCENTILE / 100)) if len(took) >= _LEAST_CALLS else math.nan
            for took in run(model, each, target.rate, _REQUESTS, 1, resample=False).of_service
        ]
        for each in (stations, free)
    )
    result: Floats = np.array(queued) / np.maximum(np.array(alone), 1e-9) - 1
    return result


def _advice(station: Station, added: float, target: Target, hours: float) -> Advice:
    slots = math.ceil(station.slots)
    held = station.slots * station.replicas / station.saturation_calls_per_second  # slot-seconds a call
    start = math.ceil(station.slots + math.sqrt(station.slots))
    limit = max(start, math.ceil(ABOVE_HEALTHY * station.peak_in_flight))
    buffer = float(math.ceil(min(MOST_BUFFER, max(LEAST_BUFFER, 100 * ABOVE_HEALTHY * added))))
    rate = station.calls_per_second / station.replicas
    interval = max(LEAST_INTERVAL_SECONDS, SAMPLED_CALLS / max(rate, 1e-3) / SAMPLING_SHARE)
    longest = (limit - station.slots) * held / station.slots
    what = "cores" if station.discipline is Discipline.SHARING else "slots"
    return Advice(
        station.service_name,
        "",
        Knob.CONCURRENCY_LIMIT,
        Action.SET,
        "requests",
        None,
        float(slots),
        float(limit),
        float(2 * limit),
        Confidence.MEDIUM if hours >= 2 else Confidence.LOW,
        (
            f"Let at most {limit} requests into one instance of {station.service_name} at once, and fewer while it is slow",
            f"it works on {station.slots:.2g} at once ({what}), and {station.peak_in_flight} were in flight at most",
            f"at the load to come ({words.rate(target.rate)}) its queue adds {words.share(added)} to the 90th percentile",
        ),
        effect=f"in an overload no request waits longer than about {words.duration(longest)}; the others are refused at once",
        risk=(
            "a refused request is a 503 that a retry multiplies: set the retry budget with it; streams and long polls count "
            "as in flight. Watch http.adaptive_concurrency.gradient_controller.rq_blocked"
        ),
        details=(
            ("max_concurrency_limit", float(limit)),
            ("min_concurrency", float(slots)),
            ("sample_aggregate_percentile", PERCENTILE),
            ("buffer", buffer),
            ("request_count", float(SAMPLED_CALLS)),
            ("interval", float(math.ceil(interval))),
        ),
    )
