"""Whole traces out of spans that arrive in any order, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.spans import SpanBatch
from tracetune.traces.columns import number_traces, signed
from tracetune.traces.grouping import GOLDEN, Int64s

_REMEMBERED_BITS = 20
_REMEMBERED_SPAN_BITS = 22


@dataclass(frozen=True, slots=True)
class Assembled:
    """Some whole traces; or, if ``is_late``, spans whose traces were given out before without them.

    ``repeated`` spans were left out: each had been given out before, and was sent again.
    """

    spans: SpanBatch
    is_late: bool = False
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """What an assembler holds and remembers, to go on from after a restart."""

    older: SpanBatch
    newer: SpanBatch
    late: SpanBatch
    given_out: Int64s  # (place,), trace keys
    given_spans: Int64s  # (place,), span keys


class Assembler:
    """Holds spans until their traces seem whole, which is when nothing more of them came for a while.

    Time is told by arrival: a trace is whole when the last third of ``max_spans`` that arrived has none of its spans.
    Where too few traces fall quiet, all but the newest third are given out as far as they are known. Held are at most
    ``max_spans`` and the batch being added. Who knows the time says so by ``close``, which gives out every trace that began
    before. About a million trace ids given out last are remembered (8 MiB), so that spans that come later are told apart:
    they are ``is_late``. So are about four million spans (32 MiB), so that what a sender sends again, long after it was
    given out, is not counted again.

    Args:
        max_spans: the most spans to hold.
    """

    def __init__(self, max_spans: int = 1_000_000) -> None:
        self._generation = max(max_spans // 3, 1)
        self._older = SpanBatch.empty()
        self._newer: list[SpanBatch] = []
        self._newer_spans = 0
        self._late: list[SpanBatch] = []
        # Direct-mapped: a trace id overwrites another that falls into its place, so memory is bounded; 0 is no id.
        self._given_out = np.zeros(1 << _REMEMBERED_BITS, np.int64)
        self._given_spans = np.zeros(1 << _REMEMBERED_SPAN_BITS, np.int64)

    @classmethod
    def resume(cls, held: Held, max_spans: int = 1_000_000) -> Assembler:
        """An assembler that goes on where another was when it gave this."""
        assembler = cls(max_spans)
        assembler._older = held.older
        assembler._newer = [held.newer] if len(held.newer) else []
        assembler._newer_spans = len(held.newer)
        assembler._late = [held.late] if len(held.late) else []
        assembler._given_out, assembler._given_spans = held.given_out.copy(), held.given_spans.copy()
        return assembler

    @property
    def held_spans(self) -> int:
        """Spans that wait to be given out."""
        return len(self._older) + self._newer_spans + sum(map(len, self._late))

    def held(self) -> Held:
        """Everything that ``resume`` needs; later additions do not change it."""
        newer, late = SpanBatch.concat(self._newer), SpanBatch.concat(self._late)
        return Held(self._older, newer, late, self._given_out.copy(), self._given_spans.copy())

    def add(self, spans: SpanBatch) -> Iterator[Assembled]:
        """Take spans; give traces that have become whole. Iterate to the end: the work is done on the way."""
        is_late = self._was_given_out(spans)
        if is_late.any():
            self._late.append(spans.filter(is_late))
            spans = spans.filter(~is_late)
        if len(spans):
            self._newer.append(spans)
            self._newer_spans += len(spans)
        if self._newer_spans + sum(map(len, self._late)) >= self._generation:
            yield from self._turn()

    def close(self, end_unix_nano: int) -> Iterator[Assembled]:
        """Give every trace whose earliest span began before this time, and all that came late. Iterate to the end."""
        yield from self._give_late()
        older = len(self._older)
        held = SpanBatch.concat([self._older, *self._newer])
        if not len(held):
            return
        number, traces = number_traces(signed(held.ids("trace_id")))
        has_begun = np.zeros(traces, np.bool_)
        has_begun[number[held.column("start_time_unix_nano") < end_unix_nano]] = True
        given = has_begun[number]
        self._older = held.filter(~given & (np.arange(len(held)) < older)).compact()
        newer = held.filter(~given & (np.arange(len(held)) >= older)).compact()
        self._newer, self._newer_spans = [newer], len(newer)
        yield from self._give(held.filter(given))

    def flush(self) -> Iterator[Assembled]:
        """Give everything that is held; the assembler is empty and usable afterwards."""
        held = SpanBatch.concat([self._older, *self._newer])
        self._older, self._newer, self._newer_spans = SpanBatch.empty(), [], 0
        yield from self._give_late()
        yield from self._give(held)

    def _turn(self) -> Iterator[Assembled]:
        """End a generation: give the traces of the older one that are whole, and let the newer become the older."""
        yield from self._give_late()
        older = len(self._older)
        held = SpanBatch.concat([self._older, *self._newer])
        number, traces = number_traces(signed(held.ids("trace_id")))
        in_older, in_newer = np.zeros(traces, np.bool_), np.zeros(traces, np.bool_)
        in_older[number[:older]] = True
        in_newer[number[older:]] = True
        is_whole = (in_older & ~in_newer)[number]
        if older - is_whole.sum() > self._generation:
            is_whole = in_older[number]
        if len(held) - is_whole.sum() > 2 * self._generation:
            is_whole[:] = True  # one batch larger than a generation
        self._older, self._newer, self._newer_spans = held.filter(~is_whole).compact(), [], 0
        yield from self._give(held.filter(is_whole))

    def _give(self, spans: SpanBatch) -> Iterator[Assembled]:
        if len(spans):
            keys = _keys(spans)
            self._given_out[_place(keys, _REMEMBERED_BITS)] = keys
            self._remember_spans(spans, keys)
            yield Assembled(spans)

    def _give_late(self) -> Iterator[Assembled]:
        if self._late:
            late, self._late = SpanBatch.concat(self._late), []
            keys = _span_keys(late, _keys(late))
            is_repeated = self._given_spans[_place(keys, _REMEMBERED_SPAN_BITS)] == keys
            fresh = late.filter(~is_repeated) if is_repeated.any() else late
            self._remember_spans(fresh, _keys(fresh))
            yield Assembled(fresh, is_late=True, repeated=int(is_repeated.sum()))

    def _remember_spans(self, spans: SpanBatch, trace_keys: Int64s) -> None:
        keys = _span_keys(spans, trace_keys)
        self._given_spans[_place(keys, _REMEMBERED_SPAN_BITS)] = keys

    def _was_given_out(self, spans: SpanBatch) -> NDArray[np.bool_]:
        keys = _keys(spans)
        known: NDArray[np.bool_] = self._given_out[_place(keys, _REMEMBERED_BITS)] == keys
        return known


def _keys(spans: SpanBatch) -> Int64s:
    """Both halves of each trace id in one number that is not 0; two ids share one with a chance of 2**-64."""
    ids = signed(spans.ids("trace_id"))
    keys: Int64s = ids[:, 1] ^ (ids[:, 0] * np.int64(GOLDEN))
    return np.where(keys == 0, 1, keys)


def _span_keys(spans: SpanBatch, trace_keys: Int64s) -> Int64s:
    """A number for each span that is not 0: of its trace, its id and its side of the call, which may share an id."""
    ids = signed(spans.ids("span_id"))
    kind = spans.column("kind").astype(np.int64)
    keys = _spread(_spread(trace_keys) ^ ids) + kind
    return np.where(keys == 0, 1, keys)


def _place(keys: Int64s, bits: int) -> Int64s:
    place: Int64s = (_spread(keys) >> (64 - bits)) & ((1 << bits) - 1)
    return place


def _spread(keys: Int64s) -> Int64s:
    """Keys with their bits mixed, one to one; the upper half first: ids counted up differ in it, as they stand in memory."""
    spread: Int64s = (keys ^ (keys >> 32)) * np.int64(GOLDEN)
    return spread ^ (spread >> 29)
