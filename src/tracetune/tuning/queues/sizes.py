"""Cuts a sample of calls to the minutes in which every service had one number of instances: autoscalers change it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.calls import CallSample
from tracetune.domain.minutes import labels

Ints = NDArray[np.int64]

LEAST_CALLS = 1000
"""With fewer of one size a sample of several sizes says more."""


def of_one_size(sample: CallSample) -> CallSample:
    """The minutes of the size that most calls met; the sample itself where there is but one, or no size has enough calls.

    A queue is found from how calls met each other in an instance, and how callers choose among instances: neither can be
    told where two replicas were one for half of the time. An instance is there from its first call to its last, so a
    quiet minute is no other size; services with less than a call an instance and minute have no say.
    """
    if not len(sample):
        return sample
    service, _ = labels(sample.table, "service_name")
    instance, _ = labels(sample.table, "instance")
    known, minute = np.unique(sample.table["begun_unix_nano"].to_numpy() // NANOS_PER_MINUTE, return_inverse=True)
    sizes = _sizes(service.astype(np.int64), instance.astype(np.int64), minute, len(known))  # (minute, service)
    _, size_of_minute = np.unique(sizes, axis=0, return_inverse=True)
    size_of_minute = size_of_minute.reshape(-1)
    calls = np.bincount(size_of_minute[minute])
    most = int(np.argmax(calls))
    if len(calls) == 1 or calls[most] < LEAST_CALLS:
        return sample
    return sample.within(known[size_of_minute == most])


def _sizes(service: Ints, instance: Ints, minute: Ints, minutes: int) -> Ints:
    """How many instances each service with enough calls had in each minute, (minute, service)."""
    pairs, of_call, calls = np.unique(np.stack((service, instance)), axis=1, return_inverse=True, return_counts=True)
    of_call = of_call.reshape(-1)
    first = np.full(len(calls), minutes)
    last = np.full(len(calls), -1)
    np.minimum.at(first, of_call, minute)
    np.maximum.at(last, of_call, minute)
    owner = pairs[0]
    lived = np.bincount(owner, weights=last - first + 1)
    has_say = np.bincount(owner, weights=calls) >= lived
    changes = np.zeros((minutes + 1, len(lived)), np.int64)
    np.add.at(changes, (first, owner), 1)
    np.add.at(changes, (last + 1, owner), -1)
    counts: Ints = np.maximum(np.cumsum(changes, axis=0)[:minutes, has_say], 1)  # not called is no size
    return counts
