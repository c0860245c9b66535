"""Spans per CPU-second of the trace kernels, beside the plain-Python reference that gives the same answers."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import pyarrow as pa

import report
from tracetune.domain.histograms import Histograms
from tracetune.domain.minutes import OPERATIONS, MinuteBatch
from tracetune.domain.spans import SPAN_SCHEMA, SpanBatch, SpanKind
from tracetune.traces import reference
from tracetune.traces.assemble import Assembler
from tracetune.traces.columns import TraceColumns
from tracetune.traces.critical_path import critical_paths
from tracetune.traces.entries import find_entries, find_root_calls
from tracetune.traces.red import count_operations
from tracetune.traces.selftime import self_times
from tracetune.traces.summarise import summarise, warm_up
from tracetune.traces.tree import children_by_end, find_parents

SPANS_PER_TRACE = 19
SERVICES, OPERATIONS_PER_SERVICE, PODS_PER_SERVICE = 40, 22, 4
_BEGIN = 1_760_000_000_000_000_000


def many_spans(traces: int, *, seed: int = 0) -> SpanBatch:
    """Traces of an hour: trees of 19 spans, client and server in turn, over 40 services of 22 operations and 4 pods."""
    rng = np.random.default_rng(seed)
    number = np.arange(SPANS_PER_TRACE)
    above = np.where(number == 0, -1, np.where(number % 2 == 0, number - 1, 2 * (number // 4)))
    kind = np.where(number % 2 == 0, SpanKind.SERVER, SpanKind.CLIENT)
    start = np.zeros((traces, SPANS_PER_TRACE), np.int64)
    length = np.zeros_like(start)
    start[:, 0] = _BEGIN + np.sort(rng.integers(0, 3_600_000_000_000, traces))
    length[:, 0] = rng.lognormal(18, 0.5, traces).astype(np.int64)
    service = np.zeros_like(start)
    service[:, 0] = rng.integers(0, SERVICES, traces)
    for at in range(1, SPANS_PER_TRACE):
        parent = above[at]
        start[:, at] = start[:, parent] + (length[:, parent] * rng.uniform(0.05, 0.5, traces)).astype(np.int64)
        length[:, at] = (length[:, parent] * rng.uniform(0.2, 0.45, traces)).astype(np.int64)
        is_call = kind[at] == SpanKind.SERVER
        service[:, at] = (service[:, parent] + at) % SERVICES if is_call else service[:, parent]
    count = start.size
    name = service.ravel() * OPERATIONS_PER_SERVICE + rng.integers(0, OPERATIONS_PER_SERVICE, count)
    pod = service.ravel() * PODS_PER_SERVICE + rng.integers(0, PODS_PER_SERVICE, count)
    span_id = rng.integers(1, 2**63, start.shape, np.int64)
    parent_id = np.where(above >= 0, span_id[:, above], 0)
    columns = {
        "trace_id": _ids(np.repeat(rng.integers(1, 2**63, (traces, 2), np.int64), SPANS_PER_TRACE, axis=0)),
        "span_id": _ids(span_id.reshape(-1, 1)),
        "parent_span_id": _ids(parent_id.reshape(-1, 1)),
        "name": _labels(name, [f"operation {at}" for at in range(SERVICES * OPERATIONS_PER_SERVICE)]),
        "kind": pa.array(np.tile(kind, traces).astype(np.int8)),
        "start_time_unix_nano": pa.array(start.ravel()),
        "end_time_unix_nano": pa.array((start + length).ravel()),
        "status_code": pa.array((rng.random(count) < 0.01).astype(np.int8) * 2),
        "service_name": _labels(service.ravel(), [f"service {at}" for at in range(SERVICES)]),
        "service_version": _labels(np.zeros(count, np.int64), ["v1"]),
        "instance": _labels(pod, [f"pod {at}" for at in range(SERVICES * PODS_PER_SERVICE)]),
        "peer": _labels(np.where(np.tile(kind, traces) == SpanKind.CLIENT, 0, -1), ["redis"]),
        "attributes": _attributes(count),
    }
    return SpanBatch(pa.table(columns, schema=SPAN_SCHEMA))


def kernels(columns: TraceColumns) -> None:
    """Tree, self time, critical path and RED, without the way from and to Arrow spans."""
    parents = find_parents(columns)
    children = children_by_end(parents, columns)
    own = self_times(columns.start, columns.end, children)
    critical_paths(columns.start, columns.end, parents.parent, children)
    entry = find_entries(columns, parents)
    count_operations(columns, entry, find_root_calls(columns, parents, entry), own)


def plain(spans: SpanBatch) -> None:
    """The same by the reference."""
    rows = reference.rows_of(spans)
    parents = reference.find_parents(rows)
    reference.operations(rows, parents)
    reference.critical_paths(rows, parents)


def assembled(spans: SpanBatch) -> None:
    """The spans in batches of 10,000 through an assembler that holds a third of them."""
    assembler = Assembler(max_spans=max(len(spans) // 3, 30_000))
    for at in range(0, len(spans), 10_000):
        for _ in assembler.add(SpanBatch(spans.table.slice(at, 10_000))):
            pass
    for _ in assembler.flush():
        pass


def hours(count: int, rows: int) -> list[MinuteBatch]:
    """So many hours, each with so many rows of operations of twelve buckets."""
    rng = np.random.default_rng(1)
    row = np.repeat(np.arange(rows), 12)
    one = pa.array(np.ones(rows, np.int64))
    empty = MinuteBatch.empty()
    batches = []
    for hour in range(count):
        buckets = rng.integers(-200, -100, len(row)).astype(np.int16)
        histogram = Histograms.from_entries(rows, row, buckets, np.ones(len(row), np.uint64)).to_arrow()
        operation = np.arange(rows) % 1_000
        columns = [
            pa.array((np.arange(rows) // 1_000 + hour * (rows // 1_000)).astype(np.int32)),
            _labels(operation % SERVICES, [f"service {at}" for at in range(SERVICES)]),
            _labels(operation, [f"operation {at}" for at in range(1_000)]),
            pa.array(np.full(rows, 2, np.int8)),
            pa.array(np.ones(rows, np.bool_)),
            *[one] * 5,
            histogram,
            histogram,
        ]
        table = pa.Table.from_arrays(columns, schema=OPERATIONS)
        batches.append(MinuteBatch(table, empty.links, empty.instances, empty.paths, empty.exemplars))
    return batches


def main() -> None:
    """Measure, check that the answers agree, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=50_000, help="traces of 19 spans (default 50,000)")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    warm_up()
    spans, few = many_spans(options.traces), many_spans(300)
    columns = TraceColumns.from_spans(spans)
    expected = reference.operations(reference.rows_of(few), reference.find_parents(reference.rows_of(few)))
    assert len(expected) == len(summarise(few).minutes.operations)
    slow = report.measure("reference: tree, self time, critical path, RED", lambda: plain(few), len(few), 1)
    runs: list[tuple[str, Callable[[], object]]] = [
        ("kernels: tree, self time, critical path, RED", lambda: kernels(columns)),
        ("Arrow spans to columns in trace order", lambda: TraceColumns.from_spans(spans)),
        ("summarise, in full", lambda: summarise(spans)),
        ("assemble whole traces", lambda: assembled(spans)),
    ]
    rows = [slow]
    rows += [report.compared(report.measure(name, run, len(spans), options.repeat), slow) for name, run in runs]
    day = hours(24, 60_000)
    merge = report.measure(
        "merge a day: 24 hours of 60,000 rows (rows, not spans)", lambda: MinuteBatch.merge(day), 24 * 60_000, 1
    )
    print(report.table([*rows, merge]))
    print(report.save("traces", [*rows, merge]))


def _ids(words: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> pa.Array:
    data = np.ascontiguousarray(words)
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(8 * data.shape[1]), len(data), [None, pa.py_buffer(data.tobytes())]
    )


def _labels(codes: np.ndarray[tuple[int, ...], np.dtype[np.int64]], values: list[str]) -> pa.DictionaryArray:
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(values))


def _attributes(count: int) -> pa.MapArray:
    offsets = pa.array(np.arange(count + 1, dtype=np.int32) * 2)
    keys = _labels(np.tile([0, 1], count), ["http.request.method", "http.response.status_code"])
    values = _labels(np.tile([0, 1], count), ["GET", "200"])
    return pa.MapArray.from_arrays(offsets, keys, values)


if __name__ == "__main__":
    main()
