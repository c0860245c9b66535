"""The rolling window of minutes that each new minute is judged by, in memory."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.spans import SpanBatch
from tracetune.traces.quality import Problems
from tracetune.traces.summarise import TraceSummary

MOST_ROWS = 1_500_000
"""Rows of operations at most: 10,000 operations keep two and a half hours, a hundred their whole day."""

MOST_EXEMPLAR_SPANS = 200_000
"""Spans of exemplar traces at most; the oldest go first."""


class Window:
    """The minutes of the last hours, added up as they come.

    Args:
        length: minutes to keep.
        minutes: what is there at the start.
    """

    def __init__(self, length: int, minutes: MinuteBatch) -> None:
        self._length = length
        self._minutes = minutes
        self._exemplars = SpanBatch.empty()
        self.problems = Problems()
        self.spans = self.traces = 0

    def add(self, summary: TraceSummary) -> None:
        """Add minutes, new or late."""
        self._minutes = MinuteBatch.merge([self._minutes, summary.minutes])
        self._exemplars = SpanBatch.concat([self._exemplars, summary.exemplars])
        self.problems.update(summary.problems)
        self.spans += summary.spans
        self.traces += summary.traces

    def until(self, closed_minute: int) -> MinuteBatch:
        """The minutes up to a closed one, without older ones than fit; rows of open minutes stay for later."""
        first = max(closed_minute + 1 - self._length, self._first_that_fits(closed_minute))
        self._minutes = _cut(self._minutes, first, None)
        return _cut(self._minutes, first, closed_minute + 1)

    def exemplars(self) -> SpanBatch:
        """The spans of the exemplar traces of these minutes."""
        table = self._exemplars.table
        chosen = pc.is_in(table["trace_id"], value_set=self._minutes.exemplars["trace_id"].combine_chunks())
        table = table.filter(chosen)
        self._exemplars = SpanBatch(table.slice(max(0, table.num_rows - MOST_EXEMPLAR_SPANS)).combine_chunks())
        return self._exemplars

    def _first_that_fits(self, closed_minute: int) -> int:
        rows = self._minutes.operations.num_rows
        if rows <= MOST_ROWS:
            return 0
        counts = (
            self._minutes.operations.group_by("minute")
            .aggregate([([], "count_all")])
            .sort_by([("minute", "descending")])
        )
        total = 0
        for minute, count in zip(counts["minute"].to_pylist(), counts["count_all"].to_pylist(), strict=True):
            total += count
            if total > MOST_ROWS:
                return min(int(minute) + 1, closed_minute)
        return 0


def _cut(minutes: MinuteBatch, first: int, last: int | None) -> MinuteBatch:
    """The minutes in ``[first, last)``."""
    tables = {}
    for name in ("operations", "links", "instances", "paths", "exemplars"):
        table: pa.Table = getattr(minutes, name)
        keep = pc.greater_equal(table["minute"], first)
        if last is not None:
            keep = pc.and_(keep, pc.less(table["minute"], last))
        tables[name] = table.filter(keep).combine_chunks()
    return MinuteBatch(**tables)
