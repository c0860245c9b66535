"""What the instances of one service did: its calls and its pieces of own work, in the order in which they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tracetune.tuning.queues.inversion import in_flight
from tracetune.tuning.queues.observed import Bools, Floats, Ints, Observed
from tracetune.tuning.queues.structure import Structure

MOST_CALLS = 20_000
"""Of each instance the busiest stretch of this many calls is looked at: more adds time, not certainty."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """One instance: its calls by arrival, and their pieces of own work by begin.

    Attributes:
        calls: (call,), their numbers in Observed.
        arrived, ended: (call,).
        ended_sorted: (call,), ascending.
        acted: (call,), when the call first made a call of its own, or ended.
        own: (call,), own time in its pieces.
        glue: (call,), own time in what is no piece.
        begins, ends: (piece,), of pieces that took any time.
        leaving: (piece,), the order of ``ends``.
        of_call: (piece,), the position in ``calls``.
        piece: (piece,), the segment's number in Structure.
        flying: (call,), other calls in flight in the instance when it arrived.
        working: (call,), pieces of own work going on in the instance when it arrived.
    """

    calls: Ints
    arrived: Floats
    ended: Floats
    ended_sorted: Floats
    acted: Floats
    own: Floats
    glue: Floats
    begins: Floats
    ends: Floats
    leaving: Ints
    of_call: Ints
    piece: Ints
    flying: Ints
    working: Ints


def jobs_of(calls: Ints, observed: Observed, structure: Structure, is_job: Bools, most: int = MOST_CALLS) -> Jobs:
    """The jobs of one instance, from its calls' numbers; ``is_job`` (segment,) says which pieces of work may queue."""
    calls = calls[np.argsort(observed.arrived[calls], kind="stable")]
    if len(calls) > most:
        arrived = observed.arrived[calls]
        first = int(np.argmin(arrived[most - 1 :] - arrived[: len(calls) - most + 1]))
        calls = calls[first : first + most]
    arrived, ended = observed.arrived[calls], observed.ended[calls]
    first_piece = structure.segment_offset[calls]
    pieces = structure.segment_offset[calls + 1] - first_piece
    of_call = np.repeat(np.arange(len(calls)), pieces)
    within = np.arange(len(of_call)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    piece = first_piece[of_call] + within
    begins, ends = structure.start[piece], structure.end[piece]
    own: Floats = np.bincount(of_call, (ends - begins) * is_job[piece], len(calls)).astype(np.float64)
    glue: Floats = np.bincount(of_call, (ends - begins) * ~is_job[piece], len(calls)).astype(np.float64)
    took = (ends > begins) & is_job[piece]
    order = np.flatnonzero(took)[np.lexsort((ends[took], begins[took]))]
    begins_sorted, ends_of = begins[order], ends[order]
    ended_sorted = np.sort(ended)
    return Jobs(
        calls=calls,
        arrived=arrived,
        ended=ended,
        ended_sorted=ended_sorted,
        acted=np.maximum(structure.end[first_piece], arrived),
        own=own,
        glue=glue,
        begins=begins_sorted,
        ends=ends_of,
        leaving=np.argsort(ends_of, kind="stable"),
        of_call=of_call[order],
        piece=piece[order],
        flying=in_flight(arrived, ended_sorted, arrived),
        working=in_flight(begins_sorted, np.sort(ends_of), arrived),
    )


def per_call(jobs: Jobs, of_pieces: Floats) -> Floats:
    """The sum over the pieces of each call, (call,)."""
    result: Floats = np.bincount(jobs.of_call, of_pieces, len(jobs.calls)).astype(np.float64)
    return result


GLUE_SHARE = 0.1
"""Pieces shorter than this share of a call's own time may be the time on the way from one thing to the next."""

GLUE_GROWTH = 2.0
"""Unless they take this many times as long, and a millisecond more, where much else goes on in the instance."""


def find_glue(jobs: Sequence[Jobs], observed: Observed, structure: Structure) -> Bools:
    """Which segments of a service need no slot, (segment,): short ones that do not grow with what else goes on.

    Handing a request to a proxy, and reading its answer, take part of a millisecond outside any pool. As jobs they would
    refute every model with few slots: they begin and end while all slots are taken. Pieces are told apart by operation,
    by how many pieces the call has, and by their place among them.
    """
    calls = np.concatenate([each.calls[each.of_call] for each in jobs])
    piece = np.concatenate([each.piece for each in jobs])
    took = np.concatenate([each.ends - each.begins for each in jobs])
    load = np.concatenate([in_flight(each.begins, np.sort(each.ends), each.begins) for each in jobs])
    glue = np.zeros(len(structure.start), np.bool_)
    if not len(piece):
        return glue
    mean_own = sum(each.own.sum() for each in jobs) / max(sum(len(each.calls) for each in jobs), 1)
    pieces = structure.segment_offset[calls + 1] - structure.segment_offset[calls]
    place = piece - structure.segment_offset[calls]
    _, kind = np.unique(np.stack([observed.operation[calls], pieces, place]), axis=1, return_inverse=True)
    kind = kind.ravel()
    for rows in np.split(np.argsort(kind, kind="stable"), np.cumsum(np.bincount(kind))[:-1]):
        if np.median(took[rows]) > GLUE_SHARE * mean_own:
            continue
        low, high = np.quantile(load[rows], (0.5, 0.8))
        quiet, busy = took[rows][load[rows] <= low], took[rows][load[rows] > max(high - 1e-9, low)]
        if not len(busy) or busy.mean() < GLUE_GROWTH * quiet.mean() + 1e-3:
            glue[piece[rows]] = True
    return glue
