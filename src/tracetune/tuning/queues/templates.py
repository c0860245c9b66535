"""Traces to be run again and the stations that they meet, as arrays for the kernels."""

from __future__ import annotations

from typing import NamedTuple

from tracetune.tuning.queues.observed import Bools, Floats, Ints

DELAY, HOLD, SELF, SHARING, CONTENTION = 0, 1, 2, 3, 4
"""The disciplines of ``domain.whatif`` as numbers; nothing ever waits in DELAY."""

RANDOM, ROUND_ROBIN, LEAST_REQUEST = 0, 1, 2


class Templates(NamedTuple):
    """Whole traces to be run again.

    Attributes:
        trace_offset: (trace + 1,), into the calls; the first call of a trace is its root.
        parent: (call,), -1 for roots.
        service: (call,).
        transit: (call,), seconds on the way, both ways together.
        lag: (call,), seconds from the end of the segment that makes the call to when it is sent.
        bit: (call,), its place among what its caller waits for; -1 where nobody waits.
        segment_offset: (call + 1,), into the segments; the last segment of a call ends it.
        needs: (segment,), bits of the calls that must have returned.
        work: (segment,), seconds without waiting.
        is_job: (segment,), whether it may queue.
        launch_offset: (segment + 1,), into ``launched``.
        launched: calls made at the end of each segment.
    """

    trace_offset: Ints
    parent: Ints
    service: Ints
    transit: Floats
    lag: Floats
    bit: Ints
    segment_offset: Ints
    needs: Ints
    work: Floats
    is_job: Bools
    launch_offset: Ints
    launched: Ints


class Stations(NamedTuple):
    """The services; all are (service,).

    ``slots`` is the number of slots of an instance; the cores for SHARING; the growth per request in flight for
    CONTENTION. ``scale`` multiplies all work.
    """

    discipline: Ints
    slots: Floats
    replicas: Ints
    balancing: Ints
    scale: Floats
