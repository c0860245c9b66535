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


@dataclass(frozen=True, slots=True)
class Assembled:
    """Some whole traces; or, if ``is_late``, spans whose traces were given out before without them."""

    spans: SpanBatch
    is_late: bool = False


class Assembler:
    """Holds spans until their traces seem whole, which is when nothing more of them came for a while.

    Time is told by arrival: a trace is whole when the last third of ``max_spans`` that arrived has none of its spans.
    Where too few traces fall quiet, all but the newest third are given out as far as they are known. Held are at most
    ``max_spans`` and the batch being added. About a million trace ids given out last are remembered (8 MiB), so that
    spans that come later are told apart: they are ``is_late``.

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
        self._older, self._newer, self._newer_spans = held.filter(~is_whole), [], 0
        yield from self._give(held.filter(is_whole))

    def _give(self, spans: SpanBatch) -> Iterator[Assembled]:
        if len(spans):
            keys = _keys(spans)
            self._given_out[_place(keys)] = keys
            yield Assembled(spans)

    def _give_late(self) -> Iterator[Assembled]:
        if self._late:
            late, self._late = SpanBatch.concat(self._late), []
            yield Assembled(late, is_late=True)

    def _was_given_out(self, spans: SpanBatch) -> NDArray[np.bool_]:
        keys = _keys(spans)
        known: NDArray[np.bool_] = self._given_out[_place(keys)] == keys
        return known


def _keys(spans: SpanBatch) -> Int64s:
    """Both halves of each trace id in one number that is not 0; two ids share one with a chance of 2**-64."""
    ids = signed(spans.ids("trace_id"))
    keys: Int64s = ids[:, 1] ^ (ids[:, 0] * np.int64(GOLDEN))
    return np.where(keys == 0, 1, keys)


def _place(keys: Int64s) -> Int64s:
    spread: Int64s = (keys * np.int64(GOLDEN)) >> (64 - _REMEMBERED_BITS)
    return spread & ((1 << _REMEMBERED_BITS) - 1)
