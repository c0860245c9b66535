"""The rolling window of minutes that each new minute is judged by, in memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tracetune.domain.minutes import EXEMPLARS, MinuteBatch, column
from tracetune.domain.spans import SpanBatch
from tracetune.traces.quality import Problems
from tracetune.traces.summarise import TraceSummary

MOST_ROWS = 1_500_000
"""Rows of operations at most: 10,000 operations keep two and a half hours, a hundred their whole day."""

MINUTES_A_PART = 16
"""Minutes are put together in tables of so many: a new one is copied together with few others, and tables stay few."""

MOST_EXEMPLAR_SPANS = 200_000
"""Spans of exemplar traces at most; the oldest go first."""


class Window:
    """The minutes of the last hours, added up as they come.

    Tables are kept in parts of some minutes each, in their order, so that a new minute costs what it holds and not what the
    window does.

    Args:
        length: minutes to keep.
        minutes: what is there at the start.
    """

    def __init__(self, length: int, minutes: MinuteBatch) -> None:
        self._length = length
        self._parts: list[MinuteBatch] = []
        self._starts: list[int] = []  # of each part; it ends where the next one begins
        self._exemplars = SpanBatch.empty()
        self.problems = Problems()
        self.spans = self.traces = 0
        self.changed: set[int] = set()
        self._add(minutes)

    def add(self, summary: TraceSummary) -> None:
        """Add minutes, new or late."""
        self._add(summary.minutes)
        self._exemplars = SpanBatch.concat([self._exemplars, summary.exemplars])
        self.problems.update(summary.problems)
        self.spans += summary.spans
        self.traces += summary.traces

    def until(self, closed_minute: int) -> MinuteBatch:
        """The minutes up to a closed one, without older ones than fit; rows of open minutes stay for later."""
        first = max(closed_minute + 1 - self._length, self._first_that_fits(closed_minute))
        while len(self._starts) > 1 and self._starts[1] <= first:
            del self._starts[0], self._parts[0]
        if self._parts:
            self._parts[0] = _cut(self._parts[0], first, None)
        return _joined(
            [
                part if part_end <= closed_minute + 1 else _cut(part, first, closed_minute + 1)
                for part, part_end in zip(self._parts, [*self._starts, _NEVER][1:], strict=True)
            ]
        )

    def exemplars(self) -> SpanBatch:
        """The spans of the exemplar traces of these minutes."""
        table = self._exemplars.table
        wanted = pa.concat_arrays(
            [chunk for part in self._parts for chunk in part.exemplars["trace_id"].chunks]
            or [EXEMPLARS.empty_table()["trace_id"].combine_chunks()]
        )
        table = table.filter(pc.is_in(table["trace_id"], value_set=wanted))
        self._exemplars = SpanBatch(
            table.slice(max(0, table.num_rows - MOST_EXEMPLAR_SPANS)).combine_chunks()
        ).compact()
        return self._exemplars

    def _add(self, minutes: MinuteBatch) -> None:
        """Put every minute into the part it belongs to; behind the last one, or where that is full, another is begun."""
        seen = np.unique(np.concatenate([column(getattr(minutes, name), "minute") for name in _TABLES]))
        self.changed.update(seen.tolist())
        while len(seen):
            first = int(seen[0])
            at = max(bisect_right(self._starts, first) - 1, 0)
            is_last = at >= len(self._starts) - 1
            if is_last and (not self._starts or first >= self._starts[-1] + MINUTES_A_PART):
                self._starts.append(first)
                self._parts.append(MinuteBatch.empty())
                at = len(self._starts) - 1
            end = self._starts[at] + MINUTES_A_PART if at == len(self._starts) - 1 else self._starts[at + 1]
            end = max(end, first + 1)
            self._starts[at] = min(self._starts[at], first)
            self._parts[at] = _with(self._parts[at], _cut(minutes, first, end))
            seen = seen[seen >= end]

    def _first_that_fits(self, closed_minute: int) -> int:
        total = sum(part.operations.num_rows for part in self._parts)
        if total <= MOST_ROWS:
            return 0
        minute = np.concatenate([column(part.operations, "minute") for part in self._parts])
        numbers, counts = np.unique(minute, return_counts=True)
        kept = np.cumsum(counts[::-1])[::-1] <= MOST_ROWS  # ascending minutes: those from which on all rows fit
        fitting = numbers[kept]
        return min(int(fitting[0]) if len(fitting) else closed_minute, closed_minute)


_TABLES = ("operations", "links", "instances", "paths", "exemplars")
_NEVER = 2**31 - 1


def _with(part: MinuteBatch, more: MinuteBatch) -> MinuteBatch:
    """Both together; rows are looked for that add up only where the minutes are not all later."""
    both = [part, more]
    last = max((int(column(getattr(part, name), "minute").max(initial=-1)) for name in _TABLES), default=-1)
    early = min(int(column(getattr(more, name), "minute").min(initial=_NEVER)) for name in _TABLES)
    return _combined(_joined(both)) if early > last else MinuteBatch.merge(both)


def _joined(parts: Sequence[MinuteBatch]) -> MinuteBatch:
    """Their rows behind each other, in as many pieces."""
    whole = parts or [MinuteBatch.empty()]
    return MinuteBatch(
        **{name: pa.concat_tables([getattr(part, name) for part in whole]).unify_dictionaries() for name in _TABLES}
    )


def _combined(minutes: MinuteBatch) -> MinuteBatch:
    return MinuteBatch(**{name: getattr(minutes, name).combine_chunks() for name in _TABLES})


def _cut(minutes: MinuteBatch, first: int, last: int | None) -> MinuteBatch:
    """The minutes in ``[first, last)``; the same tables where that is all of them."""
    tables = {}
    for name in _TABLES:
        table: pa.Table = getattr(minutes, name)
        minute = column(table, "minute")
        keep = (minute >= first) & (minute < (_NEVER if last is None else last))
        tables[name] = table if keep.all() else table.filter(pa.array(keep)).combine_chunks()
    return MinuteBatch(**tables)
