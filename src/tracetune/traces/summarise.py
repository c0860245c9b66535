"""From whole traces to minutes: every kernel of the stage, in order, over one batch of spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow.compute as pc

from tracetune.domain.calls import CallSample
from tracetune.domain.minutes import EXEMPLARS, LINKS, PATHS, MinuteBatch
from tracetune.domain.quality import Finding
from tracetune.domain.spans import SpanBatch, SpanKind
from tracetune.traces.assemble import Assembled
from tracetune.traces.calls import sample_calls
from tracetune.traces.columns import TraceColumns
from tracetune.traces.critical_path import critical_paths
from tracetune.traces.entries import find_entries, find_root_calls
from tracetune.traces.exemplars import choose_exemplars
from tracetune.traces.grouping import group_keys
from tracetune.traces.instances import count_instances
from tracetune.traces.links import count_links, pair_calls
from tracetune.traces.paths import count_paths
from tracetune.traces.quality import Problems, count_late_problems, count_problems, findings
from tracetune.traces.red import count_operations
from tracetune.traces.selftime import self_times
from tracetune.traces.skew import clock_shifts
from tracetune.traces.tree import Parents, Role, children_by_end, find_parents


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """What some traces come to.

    Attributes:
        minutes: their minute tables.
        problems: what was wrong with them.
        exemplars: the spans, as they were received, of the traces that are worth keeping.
        spans: how many spans there were, without duplicates.
        traces: how many traces.
        calls: all calls of a few of the minutes.
    """

    minutes: MinuteBatch
    problems: Problems
    exemplars: SpanBatch
    spans: int
    traces: int
    calls: CallSample = field(default_factory=CallSample.empty)

    @classmethod
    def empty(cls) -> TraceSummary:
        """Of no traces."""
        return cls(MinuteBatch.empty(), Problems(), SpanBatch.empty(), 0, 0)

    @classmethod
    def merge(cls, summaries: Sequence[TraceSummary]) -> TraceSummary:
        """Of all their traces together; exemplar traces that another one beats are dropped."""
        minutes = MinuteBatch.merge([summary.minutes for summary in summaries])
        problems = Problems()
        for summary in summaries:
            problems.update(summary.problems)
        spans = SpanBatch.concat([summary.exemplars for summary in summaries])
        chosen = pc.is_in(spans.table["trace_id"], value_set=minutes.exemplars["trace_id"].combine_chunks())
        return cls(
            minutes,
            problems,
            SpanBatch(spans.table.filter(chosen).combine_chunks()),
            sum(summary.spans for summary in summaries),
            sum(summary.traces for summary in summaries),
            CallSample.merge([summary.calls for summary in summaries]),
        )

    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the data, the most frequent first."""
        return findings(self.problems, self.minutes, spans=self.spans, traces=self.traces)


def summarise(spans: SpanBatch) -> TraceSummary:
    """The minutes, problems and exemplars of whole traces; what belongs to one trace must be in this batch."""
    if not len(spans):
        return TraceSummary.empty()
    columns, parents, duplicates = _without_duplicates(TraceColumns.from_spans(spans))
    shift = clock_shifts(columns, parents)
    if shift.any():
        columns = replace(columns, start=columns.start + shift, end=columns.end + shift)
    children = children_by_end(parents, columns)
    self_time_nano = self_times(columns.start, columns.end, children)
    entry = find_entries(columns, parents)
    operations = count_operations(columns, entry, find_root_calls(columns, parents, entry), self_time_nano)
    exemplars = choose_exemplars(columns, operations, entry)
    problems = count_problems(columns, parents, shift, spans)
    problems.update(duplicates)
    minutes = MinuteBatch(
        operations=operations.table,
        links=count_links(columns, pair_calls(columns, parents, entry), spans),
        instances=count_instances(columns, entry, self_time_nano),
        paths=count_paths(columns, critical_paths(columns.start, columns.end, parents.parent, children)),
        exemplars=exemplars.table,
    )
    kept = np.zeros(len(spans), np.bool_)
    kept[columns.row[exemplars.keep[columns.trace]]] = True
    return TraceSummary(
        minutes,
        problems,
        spans if kept.all() else spans.filter(kept),
        len(columns),
        columns.traces,
        sample_calls(columns, parents, entry, spans),
    )


def summarise_late(spans: SpanBatch) -> TraceSummary:
    """The minutes of spans whose traces were summarised without them: counted as operations and instances only.

    Their place in the trace is not known, so SERVER and CONSUMER spans count as entries, and nothing is on a critical
    path or a link. They add to the spans, not to the traces.
    """
    if not len(spans):
        return TraceSummary.empty()
    columns, parents, duplicates = _without_duplicates(TraceColumns.from_spans(spans))
    self_time_nano = self_times(columns.start, columns.end, children_by_end(parents, columns))
    entry = (columns.kind == SpanKind.SERVER) | (columns.kind == SpanKind.CONSUMER)
    operations = count_operations(columns, entry, np.zeros_like(entry), self_time_nano)
    minutes = MinuteBatch(
        operations=operations.table,
        links=LINKS.empty_table(),
        instances=count_instances(columns, entry, self_time_nano),
        paths=PATHS.empty_table(),
        exemplars=EXEMPLARS.empty_table(),
    )
    problems = count_late_problems(columns, spans)
    problems.update(duplicates)
    return TraceSummary(minutes, problems, SpanBatch.empty(), len(columns), 0)


def summarise_assembled(part: Assembled) -> TraceSummary:
    """The summary of what an assembler gave out; spans that were sent again count as a problem only."""
    summary = summarise_late(part.spans) if part.is_late else summarise(part.spans)
    summary.problems.add("duplicate_span", part.repeated)
    return summary


def warm_up() -> None:
    """Compile every kernel, or load it from the cache, so that the first real batch is quick."""
    summarise(SpanBatch.from_rows(_WARM_UP))
    group_keys(np.zeros(1, np.int64))  # only larger batches need it


def _without_duplicates(columns: TraceColumns) -> tuple[TraceColumns, Parents, Problems]:
    """Each span once, with its place; the first of equal ones is used."""
    parents = find_parents(columns)
    problems = Problems()
    is_duplicate = parents.role == Role.DUPLICATE
    if is_duplicate.any():
        for service, count in enumerate(np.bincount(columns.service[is_duplicate])):
            problems.add("duplicate_span", int(count), columns.labels.service[service])
        columns = columns.keep(~is_duplicate)
        parents = find_parents(columns)
    return columns, parents, problems


_SECOND = 1_000_000_000
_WARM_UP = [
    {
        "trace_id": bytes(15) + b"\1",
        "span_id": bytes(7) + bytes([number]),
        "parent_span_id": bytes(7) + bytes([number - 1]),
        "name": "warm up",
        "kind": kind,
        "start_time_unix_nano": _SECOND * 1_000_000_000 + number,
        "end_time_unix_nano": _SECOND * 1_000_000_001,
        "service_name": f"service {number // 2}",
        "peer": "database",
    }
    for number, kind in enumerate((SpanKind.SERVER, SpanKind.CLIENT, SpanKind.SERVER, SpanKind.CLIENT), start=1)
]
