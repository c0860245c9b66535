"""What each call did in which order: its own work in segments, what each waits for, and which calls each makes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from tracetune.tuning.queues.compiling import KERNEL, PART
from tracetune.tuning.queues.observed import Bools, Floats, Ints, Observed

SLACK_SECONDS = 2e-4
"""Clocks and rounding: a call that returned this much after another was sent may still have come before it."""

LATE_SHARE = 0.01
"""Calls of which more than this share outlast their caller are not awaited by it."""

OVERLAP_SHARE = 0.02
"""Calls that overlap more often than this do not wait for each other."""

LEAST_PAIRS = 20
"""With fewer pairs of the same signature, all of the caller's operation are counted."""

MOST_CHILDREN = 62
"""A call that makes more calls than this is replayed as one piece of work beside which they happen."""


class Structure(NamedTuple):
    """The segments of every call. Segments of a call follow each other in ``segment_offset``; the last one ends it.

    Attributes:
        segment_offset: (call + 1,).
        start, end: (segment,), when its own work was seen; equal where there was none.
        needs: (segment,), bits of the calls whose return it waits for, by their place among the call's children.
        launch_offset: (segment + 1,), into ``launched``: the calls that it makes when it ends.
        launched: (call with a caller,), their numbers.
        lag: (call,), how long after the segment's end it was sent.
        bit: (call,), its place among its caller's children; -1 where nobody waits for it.
    """

    segment_offset: Ints
    start: Floats
    end: Floats
    needs: Ints
    launch_offset: Ints
    launched: Ints
    lag: Floats
    bit: Ints


def find_structure(observed: Observed) -> tuple[Structure, Observed]:
    """The structure of every call, and the calls with those that nobody waits for marked so.

    A call waits for those of its earlier calls that returned before it was sent, unless traces refute that: calls of the
    same two labels under the same signature (operation of the caller and all it calls) that overlap.

    Source: Chow et al. 2014, "The Mystery Machine", section 3.2 (happens-before by refutation); Zhang et al. 2023,
    "LatenSeer", section 3 (set nodes).
    """
    observed = observed._replace(is_awaited=observed.is_awaited & ~_is_late(observed))
    label = _labels(observed)
    signature = _signatures(observed, label)
    pairs = int(_count_pairs(observed.child_offset))
    by_signature, by_operation = np.empty(pairs, np.int64), np.empty(pairs, np.int64)
    overlaps = np.empty(pairs, np.bool_)
    _list_pairs(observed, label, signature, by_signature, by_operation, overlaps)
    return _build(observed, _are_parallel(by_signature, by_operation, overlaps)), observed


def _is_late(observed: Observed) -> Bools:
    """Calls of such pairs of operations as often outlast their callers, (call,)."""
    has = np.flatnonzero(observed.parent >= 0)
    above = observed.parent[has]
    width = int(observed.operation.max()) + 1 if len(observed.operation) else 1
    _, edge = np.unique(observed.operation[above] * width + observed.operation[has], return_inverse=True)
    late = observed.returned[has] > observed.ended[above] + SLACK_SECONDS
    share = np.bincount(edge, late) / np.maximum(np.bincount(edge), 1)
    found = np.zeros(len(observed.parent), np.bool_)
    found[has] = share[edge] > LATE_SHARE
    return found


@njit(**KERNEL)
def _labels(observed: Observed) -> Ints:
    """What a caller calls each of its calls: the operation, and how many times it was called before."""
    label = np.zeros(len(observed.parent), np.int64)
    for call in range(len(observed.parent)):
        first, last = observed.child_offset[call], observed.child_offset[call + 1]
        for at in range(first, last):
            earlier = 0
            for other in range(first, at):
                earlier += observed.operation[observed.child[other]] == observed.operation[observed.child[at]]
            label[observed.child[at]] = observed.operation[observed.child[at]] * 64 + min(earlier, 63)
    return label


@njit(**PART)
def _mix(value: int) -> int:
    spread = (value ^ (value >> 31)) * 7046029254386353131
    return spread ^ (spread >> 29)


@njit(**KERNEL)
def _signatures(observed: Observed, label: Ints) -> Ints:
    """A number for each call's operation with the set of all labels that it calls, whatever their order."""
    signature = np.zeros(len(observed.parent), np.int64)
    for call in range(len(observed.parent)):
        total = np.int64(0)
        for at in range(observed.child_offset[call], observed.child_offset[call + 1]):
            total += _mix(label[observed.child[at]] + 1)
        signature[call] = _mix(total + observed.operation[call])
    return signature


@njit(**KERNEL)
def _count_pairs(child_offset: Ints) -> int:
    pairs = 0
    for call in range(len(child_offset) - 1):
        children = child_offset[call + 1] - child_offset[call]
        if children <= MOST_CHILDREN:
            pairs += children * (children - 1) // 2
    return pairs


@njit(**KERNEL)
def _list_pairs(
    observed: Observed,
    label: Ints,
    signature: Ints,
    by_signature: Ints,
    by_operation: Ints,
    overlaps: Bools,
) -> None:
    """Every two calls of one caller, the earlier first: a key of both labels, and whether they overlapped."""
    pair = 0
    for call in range(len(observed.parent)):
        first, last = observed.child_offset[call], observed.child_offset[call + 1]
        if last - first > MOST_CHILDREN:
            continue
        for late in range(first + 1, last):
            for early in range(first, late):
                one, two = observed.child[early], observed.child[late]
                low, high = min(label[one], label[two]), max(label[one], label[two])
                key = _mix(low * 1000003 + high)
                by_signature[pair] = _mix(key + signature[call])
                by_operation[pair] = _mix(key + observed.operation[call])
                overlaps[pair] = observed.returned[one] > observed.sent[two] + SLACK_SECONDS
                pair += 1


def _are_parallel(by_signature: Ints, by_operation: Ints, overlaps: Bools) -> Bools:
    share, pairs = _share(by_signature, overlaps)
    coarse, _ = _share(by_operation, overlaps)
    result: Bools = np.where(pairs >= LEAST_PAIRS, share, coarse) > OVERLAP_SHARE
    return result


def _share(key: Ints, overlaps: Bools) -> tuple[Floats, Ints]:
    _, group = np.unique(key, return_inverse=True)
    pairs = np.bincount(group).astype(np.int64)
    return (np.bincount(group, overlaps) / np.maximum(pairs, 1))[group], pairs[group]


def _build(observed: Observed, parallel: Bools) -> Structure:
    calls = len(observed.parent)
    most = calls + len(observed.child)
    structure = Structure(
        np.zeros(calls + 1, np.int64),
        np.empty(most),
        np.empty(most),
        np.zeros(most, np.int64),
        np.zeros(most + 1, np.int64),
        np.empty(len(observed.child), np.int64),
        np.zeros(calls),
        np.full(calls, -1, np.int64),
    )
    segments = int(_fill(observed, parallel, structure))
    return structure._replace(
        start=structure.start[:segments].copy(),
        end=structure.end[:segments].copy(),
        needs=structure.needs[:segments].copy(),
        launch_offset=structure.launch_offset[: segments + 1].copy(),
    )


@njit(**KERNEL)
def _fill(observed: Observed, parallel: Bools, structure: Structure) -> int:  # noqa: C901, PLR0912, PLR0915 - one pass over all calls
    segment, launch, pair = 0, 0, 0
    needs = np.empty(MOST_CHILDREN, np.int64)
    for call in range(len(observed.parent)):
        first, last = observed.child_offset[call], observed.child_offset[call + 1]
        arrived, ended = observed.arrived[call], observed.ended[call]
        if last - first > MOST_CHILDREN:
            structure.start[segment], structure.end[segment] = arrived, arrived
            for at in range(first, last):
                child = observed.child[at]
                structure.launched[launch] = child
                structure.lag[child] = max(0.0, observed.sent[child] - arrived)
                launch += 1
            segment += 1
            structure.launch_offset[segment] = launch
            structure.start[segment], structure.end[segment] = arrived, ended
            segment += 1
            structure.launch_offset[segment] = launch
            structure.segment_offset[call + 1] = segment
            continue
        awaited = np.int64(0)
        for place in range(last - first):
            child = observed.child[first + place]
            needs[place] = 0
            for earlier in range(place):
                other = observed.child[first + earlier]
                before = observed.returned[other] <= observed.sent[child] + SLACK_SECONDS
                if observed.is_awaited[other] and before and not parallel[pair]:
                    needs[place] |= np.int64(1) << earlier
                pair += 1
            if observed.is_awaited[child]:
                structure.bit[child] = place
                awaited |= np.int64(1) << place
        for place in range(last - first):
            if needs[place] < 0:
                continue
            begin = arrived
            for earlier in range(place):
                if needs[place] >> earlier & 1:
                    begin = max(begin, observed.returned[observed.child[first + earlier]])
            begin = min(begin, ended)
            end = max(begin, observed.sent[observed.child[first + place]])
            if needs[place] == awaited:  # only messages: they are sent beside the work that ends the call
                end = begin
            structure.start[segment], structure.end[segment] = begin, end
            mask = needs[place]
            structure.needs[segment] = mask
            for later in range(place, last - first):
                if needs[later] == mask:
                    child = observed.child[first + later]
                    structure.launched[launch] = child
                    structure.lag[child] = max(0.0, observed.sent[child] - end)
                    launch += 1
                    needs[later] = -1
            segment += 1
            structure.launch_offset[segment] = launch
        begin = arrived
        for place in range(last - first):
            if awaited >> place & 1:
                begin = max(begin, observed.returned[observed.child[first + place]])
        structure.start[segment], structure.end[segment] = min(begin, ended), ended
        structure.needs[segment] = awaited
        segment += 1
        structure.launch_offset[segment] = launch
        structure.segment_offset[call + 1] = segment
    return segment
