"""A day of a simulated shop as spans, with stories whose truth is known: a release, a surge, missing minutes.

Load follows the hour (the busiest has four times the calls of the quietest), and latency follows from load, because
requests queue for their services' slots. What happens is said by stories; what was said is the truth to compare with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.spans import SpanBatch
from tracetune.testing.build import DAY_START_UNIX_NANO
from tracetune.testing.queues import Network, Requests, simulate
from tracetune.testing.recording import Recording
from tracetune.testing.topology import CALLS, OPERATIONS, network, number

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_BUSIEST_MINUTE = 17 * 60
_MINUTES_PER_DAY = 1440
_SWING = 0.6  # the busiest hour has (1 + 0.6) / (1 - 0.6) = 4 times the load of the quietest
_NOISE_SIGMA = 0.05  # of the lognormal noise on each minute's load, beside Poisson's
_SURGE_FACTOR = 2.2
_SURGE_RAMP_MINUTES = 3
_SLOW_FACTOR = 2.5


class Kind(StrEnum):
    """What can happen to the shop."""

    RELEASE = "release"  # a new version of the service makes the operation 2.5 times as slow until it is rolled back
    SURGE = "surge"  # 2.2 times the visitors; nothing is wrong with any code, the named service is the first to queue
    MISSING = "missing"  # no spans are received, though the shop goes on


@dataclass(frozen=True, slots=True)
class Truth:
    """What happened in the minutes ``[start_minute, end_minute)``, counted from the first minute of the day."""

    kind: Kind
    service: str
    operation: str
    start_minute: int
    end_minute: int


STORIES = (
    Truth(Kind.MISSING, "", "", 4 * 60 + 20, 4 * 60 + 30),
    Truth(Kind.RELEASE, "payments", "POST /authorize", 14 * 60 + 10, 15 * 60),
    Truth(Kind.SURGE, "recommendations", "GET /recommendations", 19 * 60 + 30, 19 * 60 + 55),
)
"""The demo's day."""


def shop_day(
    seed: int,
    *,
    minutes: int = _MINUTES_PER_DAY,
    traces_per_minute: float = 37.0,
    stories: Sequence[Truth] = STORIES,
    batch_minutes: int = 60,
) -> Iterator[SpanBatch]:
    """The shop's spans from midnight on, one batch for the traces that begin in each ``batch_minutes``.

    By default about 56,000 traces of 570,000 spans a day. Times are whole microseconds, so that every format can hold
    them. Minute 0 is ``build.DAY_START_UNIX_NANO``.

    Args:
        seed: equal seeds give equal days.
        minutes: how long to go on; more than a day repeats the day's load, not its stories.
        traces_per_minute: averaged over a day without stories. With fewer, requests hardly queue.
        stories: what happens; one release at most for each operation.
        batch_minutes: the length of a batch.
    """
    rng = np.random.default_rng(seed)
    noise = np.exp(_NOISE_SIGMA * rng.standard_normal(minutes))
    times, operations = _visits(rng, load_per_minute(minutes, traces_per_minute, stories) * noise)
    requests = simulate(_slowed(network(), stories), operations, times, seed)
    recording = Recording(requests, _failures(rng, requests), _released(requests, stories), seed)
    begun = (requests.sent[requests.root] - DAY_START_UNIX_NANO) // NANOS_PER_MINUTE  # (request,), when its trace began
    for first in range(0, minutes, batch_minutes):
        chosen = (begun >= first) & (begun < first + batch_minutes) & ~_missing(begun, stories)
        spans = recording.spans(np.flatnonzero(chosen))
        minute = (spans.column("start_time_unix_nano") - DAY_START_UNIX_NANO) // NANOS_PER_MINUTE
        yield spans.filter(~_missing(minute, stories))


def told(stories: Sequence[Truth] = STORIES) -> dict[str, list[dict[str, object]]]:
    """What happened, as the lab writes it down: with times as nanoseconds since the Unix epoch."""
    kinds = {Kind.RELEASE: "release_regression", Kind.SURGE: "traffic_surge", Kind.MISSING: "missing"}
    entries: list[dict[str, object]] = []
    for story in stories:
        start, end = _window_nano(story)
        named: dict[str, object] = {"service_name": story.service, "span_name": story.operation}
        entries.append({"kind": kinds[story.kind], **named, "start_unix_nano": start, "end_unix_nano": end})
    return {"faults": entries}


def load_per_minute(minutes: int, traces_per_minute: float, stories: Sequence[Truth] = ()) -> NDArray[np.float64]:
    """How many traces are expected to begin in each minute, (minute,)."""
    minute = np.arange(minutes)
    hour_of_day = np.cos(2 * np.pi * (minute - _BUSIEST_MINUTE) / _MINUTES_PER_DAY)
    load: NDArray[np.float64] = traces_per_minute * (1 + _SWING * hour_of_day)
    for story in stories:
        if story.kind is Kind.SURGE:
            since, left = minute - story.start_minute + 1, story.end_minute - minute
            load *= 1 + (_SURGE_FACTOR - 1) * np.clip(np.minimum(since, left) / _SURGE_RAMP_MINUTES, 0, 1)
    return load


def _visits(rng: np.random.Generator, load: NDArray[np.float64]) -> tuple[Ints, Ints]:
    """When each trace begins, ascending, and the operation that it begins with."""
    counts = rng.poisson(load)
    minute = np.repeat(np.arange(len(load)), counts)
    times = np.sort(((minute + rng.random(len(minute))) * NANOS_PER_MINUTE).astype(np.int64)) + DAY_START_UNIX_NANO
    shares = [operation.root_share for operation in OPERATIONS]
    return times, rng.choice(len(OPERATIONS), len(times), p=shares)


def _slowed(shop: Network, stories: Sequence[Truth]) -> Network:
    for story in stories:
        if story.kind is Kind.RELEASE:
            operation = number(story.service, story.operation)
            shop.slow_from_nano[operation], shop.slow_until_nano[operation] = _window_nano(story)
            shop.slow_factor[operation] = _SLOW_FACTOR
    return shop


def _released(requests: Requests, stories: Sequence[Truth]) -> Bools:
    """Whether each request was handled by the new version of its service."""
    released = np.zeros(len(requests.operation), np.bool_)
    for story in stories:
        if story.kind is Kind.RELEASE:
            of_service = np.array([operation.service == story.service for operation in OPERATIONS])
            start, end = _window_nano(story)
            released |= of_service[requests.operation] & (requests.arrived >= start) & (requests.arrived < end)
    return released


def _failures(rng: np.random.Generator, requests: Requests) -> Bools:
    """Whether each request failed, of itself or because a call that it needs did."""
    ratio = np.array([operation.error_ratio for operation in OPERATIONS])
    failed = rng.random(len(requests.operation)) < ratio[requests.operation]
    required = np.array([call.required for call in CALLS])[requests.call] & (requests.call >= 0)
    reached = 0
    while reached != (reached := int(failed.sum())):
        failed[requests.parent[failed & required]] = True
    return failed


def _missing(minute: Ints, stories: Sequence[Truth]) -> Bools:
    missing = np.zeros(len(minute), np.bool_)
    for story in stories:
        if story.kind is Kind.MISSING:
            missing |= (minute >= story.start_minute) & (minute < story.end_minute)
    return missing


def _window_nano(story: Truth) -> tuple[int, int]:
    return (
        DAY_START_UNIX_NANO + story.start_minute * NANOS_PER_MINUTE,
        DAY_START_UNIX_NANO + story.end_minute * NANOS_PER_MINUTE,
    )
