"""Minutes of a system as tables of counts and histograms that merge by addition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.histograms import HISTOGRAM, Histograms
from tracetune.domain.spans import LABEL

_MINUTE = pa.field("minute", pa.int32(), nullable=False)  # start_time_unix_nano // 60e9 of the span; UTC


def _labels(*names: str) -> list[pa.Field]:
    return [pa.field(name, LABEL, nullable=False) for name in names]


def _sums(*names: str) -> list[pa.Field]:
    return [pa.field(name, pa.int64(), nullable=False) for name in names]


def _histograms(*names: str) -> list[pa.Field]:
    return [pa.field(name, HISTOGRAM, nullable=False) for name in names]


OPERATIONS = pa.schema(
    [
        _MINUTE,
        *_labels("service_name", "span_name"),
        pa.field("span_kind", pa.int8(), nullable=False),
        # An entry span is where a service begins to work for a caller: a root, a SERVER or CONSUMER span under a CLIENT
        # or PRODUCER span, or a span (not CLIENT or PRODUCER) whose parent belongs to another service. A call is counted
        # once by its entry span, however many sidecar and SDK spans describe it.
        pa.field("is_entry", pa.bool_(), nullable=False),
        *_sums("calls", "errors", "root_calls", "duration_nano", "self_time_nano"),
        *_histograms("duration", "self_time"),
    ]
)
"""One row a (minute, service, span name, kind, entry or not): OpenTelemetry's spanmetrics, with self time."""

LINKS = pa.schema(
    [
        _MINUTE,
        *_labels("client", "server", "span_name"),  # span_name: the server's operation, else the client span's name
        *_labels("connection_type"),  # "" for a call, else database, messaging_system or virtual_node
        *_sums("calls", "errors", "client_duration_nano", "paired_calls", "gap_nano"),
        *_histograms("client_duration", "gap"),
    ]
)
"""One row a (minute, caller, callee, operation): OpenTelemetry's servicegraph, with the client-minus-server gap.

``paired_calls`` counts the calls with both a client and a server span; only these are in ``gap``.
"""

INSTANCES = pa.schema(
    [
        _MINUTE,
        *_labels("service_name", "service_version", "instance"),  # "" where the span does not say
        *_sums("calls", "errors", "busy_nano", "self_time_nano", "max_concurrency"),
    ]
)
"""One row a (minute, service, version, instance), of entry spans.

``busy_nano / 60e9`` is the mean number of requests in flight (Little's law); ``max_concurrency`` merges by maximum.
"""

PATHS = pa.schema(
    [
        _MINUTE,
        *_labels("entry_service", "entry_name", "service_name", "span_name"),
        *_sums("traces", "spans", "critical_path_nano"),
    ]
)
"""Own time on the critical path of whole traces, by the entry operation (the trace's root) they began with.

One row a (minute of the root, root operation, service, operation). The sum of ``critical_path_nano`` over the rows of a
root operation is the sum of its root spans' durations, exactly. ``traces`` counts traces whose critical path touches the
row's operation; the row of the root operation itself counts every trace.
"""

EXEMPLARS = pa.schema(
    [
        _MINUTE,
        *_labels("service_name", "span_name"),
        pa.field("trace_id", pa.binary(16), nullable=False),
        pa.field("span_id", pa.binary(8), nullable=False),
        pa.field("duration_nano", pa.int64(), nullable=False),
        pa.field("is_slowest", pa.bool_(), nullable=False),  # else: one of the usual calls
    ]
)
"""Spans to look at: for each minute and entry operation the slowest call, and one close to the median."""

_TABLES = {"operations": OPERATIONS, "links": LINKS, "instances": INSTANCES, "paths": PATHS}
_BY_MAXIMUM = frozenset({"max_concurrency"})


@dataclass(frozen=True, slots=True)
class MinuteBatch:
    """Per-minute tables; several batches of the same minutes add up to one (``MinuteBatch.merge``)."""

    operations: pa.Table
    links: pa.Table
    instances: pa.Table
    paths: pa.Table
    exemplars: pa.Table

    def __post_init__(self) -> None:
        for name, schema in (*_TABLES.items(), ("exemplars", EXEMPLARS)):
            found = getattr(self, name).schema
            if not found.equals(schema):
                raise TypeError(f"{name}: not its schema: {found}")

    @classmethod
    def empty(cls) -> MinuteBatch:
        """No minutes at all."""
        tables = {name: schema.empty_table() for name, schema in _TABLES.items()}
        return cls(**tables, exemplars=EXEMPLARS.empty_table())

    @classmethod
    def merge(cls, batches: Sequence[MinuteBatch]) -> MinuteBatch:
        """One batch with equal rows added up; the order of the batches does not matter."""
        if not batches:
            return cls.empty()
        tables = {
            name: _add_up([getattr(batch, name) for batch in batches], schema) for name, schema in _TABLES.items()
        }
        return cls(**tables, exemplars=_keep_best([batch.exemplars for batch in batches]))

    def minutes(self) -> range:
        """The minutes from the first to the last that has an operation; empty for an empty batch."""
        minutes = column(self.operations, "minute")
        return range(int(minutes.min()), int(minutes.max()) + 1) if len(minutes) else range(0)


def column(table: pa.Table, name: str) -> NDArray[Any]:
    """A numeric column as one numpy array, (row,)."""
    array: NDArray[Any] = table[name].to_numpy()
    return array


def labels(table: pa.Table, name: str) -> tuple[NDArray[np.int32], list[str]]:
    """A label column as (codes (row,), values)."""
    chunked = table[name].unify_dictionaries()
    if chunked.num_chunks == 0:
        return np.zeros(0, np.int32), []
    codes = [chunk.indices.to_numpy() for chunk in chunked.chunks]
    return np.concatenate(codes).astype(np.int32), chunked.chunk(0).dictionary.to_pylist()


def own_labels(table: pa.Table, name: str) -> tuple[NDArray[np.int64], list[str]]:
    """As ``labels``, with the values that the table itself has only: a slice shares the dictionary of its whole."""
    chunked = table[name].unify_dictionaries()
    if chunked.num_chunks == 0:
        return np.zeros(0, np.int64), []
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in chunked.chunks])
    used, own = np.unique(codes, return_inverse=True)
    values: list[str] = chunked.chunk(0).dictionary.take(pa.array(used)).to_pylist()
    return own.reshape(-1).astype(np.int64), values


def histograms(table: pa.Table, name: str) -> Histograms:
    """A histogram column; row r of the table is histogram r."""
    return Histograms.from_arrow(table[name])


def group_rows(table: pa.Table, names: Iterable[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Groups of equal rows by some columns: (first row of each group (group,), group of each row (row,))."""
    if not len(table):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    packed = np.zeros(len(table), np.int64)
    largest = 0  # of the numbers in ``packed``
    for name in names:
        key = _key(table, name)
        key -= key.min()
        width = int(key.max()) + 1
        if (largest + 1) * width > _MOST_PACKED:
            packed = np.unique(packed, return_inverse=True)[1].reshape(-1).astype(np.int64)
            largest = len(packed)
        packed = packed * width + key
        largest = largest * width + width - 1
    if largest < _MOST_PLACES_A_ROW * len(packed):
        return _group_small(packed, largest)
    _, first, group = np.unique(packed, return_index=True, return_inverse=True)
    return first.astype(np.int64), group.reshape(-1).astype(np.int64)


def _group_small(number: NDArray[np.int64], largest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The same as ``np.unique`` says, without sorting: by a place for every number there may be."""
    first_of = np.full(largest + 1, -1, np.int64)
    first_of[number[::-1]] = np.arange(len(number) - 1, -1, -1)
    seen = np.flatnonzero(first_of >= 0)
    rank = np.zeros(largest + 1, np.int64)
    rank[seen] = np.arange(len(seen))
    return first_of[seen], rank[number]


_MOST_PLACES_A_ROW = 8
"""Up to so many possible numbers for every row there is, rows are grouped without sorting them."""

_MOST_PACKED = 1 << 62
"""Several keys are one number while it fits an int64; before it does not, equal ones are numbered anew."""


def _key(table: pa.Table, name: str) -> NDArray[np.int64]:
    if table.schema.field(name).type.equals(LABEL):
        return labels(table, name)[0].astype(np.int64)
    return column(table, name).astype(np.int64)  # a copy: the caller may change it


def _add_up(tables: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    if not len(table):
        return schema.empty_table()
    summed = [field.name for field in schema if field.type.equals(pa.int64())]
    maps = [field.name for field in schema if field.type.equals(HISTOGRAM)]
    first, group = group_rows(table, [name for name in schema.names if name not in {*summed, *maps}])
    if len(first) == len(table):  # nothing to add up: whole hours after each other
        return table
    result = table.take(pa.array(first))
    for name in summed:
        values = np.zeros(len(first), np.int64)
        combine = np.maximum if name in _BY_MAXIMUM else np.add
        combine.at(values, group, column(table, name))
        result = _replace(result, name, pa.array(values))
    for name in maps:
        result = _replace(result, name, histograms(table, name).add_up(group, len(first)).to_arrow())
    return result.cast(schema).combine_chunks()


def _words(table: pa.Table, name: str) -> list[NDArray[np.uint64]]:
    """A column of ids as the machine's numbers, for an order of no meaning that is always the same."""
    array = table[name].combine_chunks()
    words = np.frombuffer(array.buffers()[1], np.uint64).reshape(-1, array.type.byte_width // 8)
    return list(words[array.offset : array.offset + len(array)].T)


def _replace(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    position = table.schema.get_field_index(name)
    return table.set_column(position, table.schema.field(position), values)


def _keep_best(tables: Sequence[pa.Table]) -> pa.Table:
    """For each minute and operation the slowest call of all, and a usual one; of equal calls that with the smallest ids."""
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    if not len(table):
        return EXEMPLARS.empty_table()
    slowness = column(table, "duration_nano") * column(table, "is_slowest")
    order = np.lexsort((*_words(table, "span_id"), *_words(table, "trace_id"), -slowness))
    table = table.take(pa.array(order))
    first, _ = group_rows(table, ["minute", "service_name", "span_name", "is_slowest"])
    return table.take(pa.array(np.sort(first))).combine_chunks()
