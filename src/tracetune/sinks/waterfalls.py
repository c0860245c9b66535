"""One trace as rows of bars: its spans in the order of calls, the short ones left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode
from tracetune.sinks.document import Waterfall, WaterfallRow

MOST_ROWS = 24


@dataclass(slots=True)
class _Span:
    service_name: str
    span_name: str
    kind: int
    start: int
    end: int
    failed: bool
    children: list[_Span]


def waterfall(spans: SpanBatch, trace_id: bytes) -> Waterfall | None:
    """The trace with this id; None where its spans were not kept.

    A client span whose only child is the server's span of the same call is left out: one row a call. Of the rest the
    longest MOST_ROWS are kept.
    """
    rows = pc.equal(spans.table["trace_id"], pa.scalar(trace_id, pa.binary(16)))
    trace = spans.table.filter(rows)
    if not len(trace):
        return None
    roots = _tree(trace)
    drawn: list[tuple[_Span, int]] = []
    for root in roots:
        _walk(root, 0, drawn)
    start = min(span.start for span, _ in drawn)
    end = max(span.end for span, _ in drawn)
    longest = sorted(range(len(drawn)), key=lambda i: (drawn[i][1] > 0, drawn[i][0].start - drawn[i][0].end, i))
    kept = sorted(longest[:MOST_ROWS])
    return Waterfall(
        trace_id=trace_id.hex(),
        start_seconds=start / 1e9,
        duration_seconds=(end - start) / 1e9,
        rows=[_row(*drawn[i], start) for i in kept],
        hidden=len(drawn) - len(kept),
    )


def _tree(trace: pa.Table) -> list[_Span]:
    """The roots, with children in order of their start; a span whose parent is missing is a root."""
    spans: dict[bytes, _Span] = {}
    parents: list[tuple[_Span, bytes]] = []
    order = np.argsort(trace["start_time_unix_nano"].to_numpy(), kind="stable")
    for row in trace.take(pa.array(order)).drop_columns(["attributes"]).to_pylist():
        span = _Span(
            row["service_name"],
            row["name"],
            row["kind"],
            row["start_time_unix_nano"],
            row["end_time_unix_nano"],
            row["status_code"] == StatusCode.ERROR,
            [],
        )
        # Zipkin's server half shares the id of its client half and comes second: it hangs under it.
        shared = row["span_id"] in spans
        parents.append((span, row["span_id"] if shared else row["parent_span_id"]))
        spans.setdefault(row["span_id"], span)
    roots = []
    for span, parent_id in parents:
        parent = spans.get(parent_id)
        if parent is None or parent is span:
            roots.append(span)
        else:
            parent.children.append(span)
    return roots or [span for span, _ in parents[:1]]  # a loop of parents: begin anywhere


def _walk(root: _Span, depth: int, drawn: list[tuple[_Span, int]]) -> None:
    stack, seen = [(root, depth)], set()
    while stack:
        span, depth = stack.pop()
        if id(span) in seen:
            continue
        seen.add(id(span))
        only = span.children[0] if len(span.children) == 1 else None
        if span.kind == SpanKind.CLIENT and only is not None and only.kind == SpanKind.SERVER:
            stack.append((only, depth))
            continue
        drawn.append((span, depth))
        stack.extend((child, depth + 1) for child in reversed(span.children))


def _row(span: _Span, depth: int, start: int) -> WaterfallRow:
    return WaterfallRow(
        span.service_name,
        span.span_name,
        depth,
        round((span.start - start) / 1e9, 7),
        round((span.end - span.start) / 1e9, 7),
        span.failed,
    )
