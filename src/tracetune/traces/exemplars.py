"""Spans and traces to look at: the EXEMPLARS table, and the spans of the traces worth keeping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from tracetune.domain.histograms import Histograms
from tracetune.domain.minutes import EXEMPLARS, column, histograms, labels
from tracetune.traces.columns import TraceColumns
from tracetune.traces.grouping import KERNEL, Int32s, Int64s, group_rows
from tracetune.traces.red import Operations
from tracetune.traces.tables import id_column, label_column, to_table

MOST_SPANS_KEPT = 500
"""A longer trace is named but its spans are not kept: nobody reads it, and one would outweigh a day of others."""


@dataclass(frozen=True, slots=True)
class Exemplars:
    """The EXEMPLARS table, and which traces to keep the spans of, (trace,)."""

    table: pa.Table
    keep: NDArray[np.bool_]


def choose_exemplars(columns: TraceColumns, operations: Operations, entry: NDArray[np.bool_]) -> Exemplars:
    """For each minute and entry operation the slowest call, and one from the bucket that holds the median.

    Of equal calls the one with the smallest ids is taken, so that the order of spans does not matter. Traces are kept
    for operations that begin traces: what a user calls.
    """
    at = np.flatnonzero(entry)
    table = operations.table
    group = operations.group[at].astype(np.int64)
    operation = (labels(table, "service_name")[0], labels(table, "span_name")[0])
    first, choice_of_group = group_rows(column(table, "minute"), *operation)  # rows that differ in kind are one choice
    choices = len(first)
    begins_traces = np.bincount(choice_of_group, column(table, "root_calls"), choices) > 0
    duration = columns.duration_nano[at]
    choice = choice_of_group[group]
    is_usual = _has_most_calls(table, choice_of_group, choices)[group]
    is_usual &= columns.duration_bucket[at] == _median_buckets(histograms(table, "duration"))[group]
    slowest = _best(choice, choices, duration, at, columns.trace_id, columns.span_id)
    candidates = np.flatnonzero(is_usual)
    usual = _best(
        choice[candidates], choices, np.zeros_like(candidates), at[candidates], columns.trace_id, columns.span_id
    )
    usual = np.append(candidates, -1)[usual]
    is_other = (usual >= 0) & (usual != slowest)
    picked = np.concatenate([slowest[slowest >= 0], usual[is_other]])
    row = at[picked]
    keep = np.zeros(columns.traces, np.bool_)
    keep[columns.trace[row[begins_traces[choice[picked]]]]] = True
    keep &= np.diff(columns.offsets) <= MOST_SPANS_KEPT
    chosen = to_table(
        EXEMPLARS,
        {
            "minute": columns.minute[row],
            "service_name": label_column(columns.service[row], columns.labels.service),
            "span_name": label_column(columns.name[row], columns.labels.name),
            "trace_id": id_column(columns.trace_id.take(row, axis=0)),
            "span_id": id_column(columns.span_id[row]),
            "duration_nano": duration[picked],
            "is_slowest": np.arange(len(picked)) < (slowest >= 0).sum(),
        },
    )
    return Exemplars(chosen, keep)


def _has_most_calls(table: pa.Table, choice_of_group: Int32s, choices: int) -> NDArray[np.bool_]:
    """Which rows of the operations table have the most calls of all rows with one choice; one of each, entries only."""
    calls = np.where(column(table, "is_entry"), column(table, "calls"), 0)
    order = np.lexsort((-column(table, "span_kind"), calls))
    most = np.zeros(choices, np.int64)
    most[choice_of_group[order]] = order  # the last written, that of the most calls, stays
    chosen: NDArray[np.bool_] = most[choice_of_group] == np.arange(len(calls))
    return chosen


def _median_buckets(durations: Histograms) -> NDArray[np.int16]:
    """The bucket that holds the lower median of each histogram, (row,); none is empty."""
    running = np.cumsum(durations.counts.astype(np.int64))
    before = np.concatenate(([0], running))[durations.offsets]
    rank = before[:-1] + (np.diff(before) + 1) // 2
    buckets: NDArray[np.int16] = durations.buckets[np.searchsorted(running, rank)]
    return buckets


@njit(**KERNEL)
def _best(choice: Int32s, choices: int, weight: Int64s, row: Int64s, trace_id: Int64s, span_id: Int64s) -> Int64s:
    """The candidate with the largest weight for each choice, of equal ones that with the smallest ids; -1 for none."""
    best = np.empty(choices, np.int64)
    for at in range(choices):
        best[at] = -1
    for at in range(len(choice)):
        other = best[choice[at]]
        if other < 0 or weight[at] > weight[other]:
            best[choice[at]] = at
        elif weight[at] == weight[other]:
            left, right = row[at], row[other]
            if trace_id[left, 0] != trace_id[right, 0]:
                is_smaller = trace_id[left, 0] < trace_id[right, 0]
            elif trace_id[left, 1] != trace_id[right, 1]:
                is_smaller = trace_id[left, 1] < trace_id[right, 1]
            else:
                is_smaller = span_id[left] < span_id[right]
            if is_smaller:
                best[choice[at]] = at
    return best
