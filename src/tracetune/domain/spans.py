"""Spans as columns: the value that every source gives and every trace kernel takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.dictionaries import without_unused

LABEL = pa.dictionary(pa.int32(), pa.string())
"""Arrow type of a repeated string: a code into a dictionary; null means "not given"."""

ATTRIBUTES = pa.map_(LABEL, LABEL)

SPAN_SCHEMA = pa.schema(
    [
        pa.field("trace_id", pa.binary(16), nullable=False),
        pa.field("span_id", pa.binary(8), nullable=False),
        pa.field("parent_span_id", pa.binary(8), nullable=False),  # eight zero bytes: a root
        pa.field("name", LABEL, nullable=False),
        pa.field("kind", pa.int8(), nullable=False),
        pa.field("start_time_unix_nano", pa.int64(), nullable=False),
        pa.field("end_time_unix_nano", pa.int64(), nullable=False),
        pa.field("status_code", pa.int8(), nullable=False),
        pa.field("service_name", LABEL, nullable=False),
        pa.field("service_version", LABEL),
        pa.field("instance", LABEL),  # pod, else host: what one replica is called
        pa.field("peer", LABEL),  # the other side as the span names it: a service, database or broker
        pa.field(
            "attributes", ATTRIBUTES, nullable=False
        ),  # only those that semconv keeps, by their OpenTelemetry names
    ]
)
"""Columns of a SpanBatch, by OTLP's field names (opentelemetry-proto, trace/v1/trace.proto, message Span)."""


class SpanKind(IntEnum):
    """The role of a span in a call (opentelemetry-proto, Span.SpanKind)."""

    UNSPECIFIED = 0
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class StatusCode(IntEnum):
    """How a span ended (opentelemetry-proto, Status.StatusCode)."""

    UNSET = 0
    OK = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class SpanBatch:
    """Some spans, in no promised order; a trace may go on in another batch.

    Every row has non-zero trace and span ids, ``start_time_unix_nano <= end_time_unix_nano`` and both times between the
    years 2000 and 2100: sources count and leave out what has not. Equal (trace_id, span_id) pairs may occur twice
    (Zipkin's shared spans, retried exports).
    """

    table: pa.Table

    def __post_init__(self) -> None:
        if not self.table.schema.equals(SPAN_SCHEMA):
            raise TypeError(f"not the span schema: {self.table.schema.names} with types {self.table.schema.types}")

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @classmethod
    def empty(cls) -> SpanBatch:
        """A batch of no spans."""
        return cls(SPAN_SCHEMA.empty_table())

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> SpanBatch:
        """Spans from one mapping a row, keyed by column; slow, for tests and small inputs.

        ``parent_span_id``, ``kind``, ``status_code``, ``attributes`` and the nullable columns may be left out.
        """
        defaults = {"parent_span_id": bytes(8), "kind": 0, "status_code": 0, "attributes": {}}
        filled = [{**defaults, **row} for row in rows]
        columns = {
            name: pa.array([_plain(row.get(name)) for row in filled], _row_type(kind)).cast(kind)
            for name, kind in zip(SPAN_SCHEMA.names, SPAN_SCHEMA.types, strict=True)
            if name != "attributes"
        }
        columns["attributes"] = _attribute_map([row["attributes"] for row in filled])
        return cls(pa.table(columns, schema=SPAN_SCHEMA))

    @classmethod
    def concat(cls, batches: Sequence[SpanBatch]) -> SpanBatch:
        """All spans of the batches in one contiguous batch with one dictionary a column."""
        if not batches:
            return cls.empty()
        table = pa.concat_tables([batch.table for batch in batches])
        return cls(table.unify_dictionaries().combine_chunks())

    def column(self, name: str) -> NDArray[Any]:
        """A numeric column as one numpy array, (span,)."""
        array: NDArray[Any] = self._array(name).to_numpy(zero_copy_only=False)
        return array

    def ids(self, name: str) -> NDArray[np.uint64]:
        """An id column as native unsigned integers: (span, 2) for trace ids, (span,) for span ids.

        The integers are for comparing only: their byte order is the machine's, not the wire's.
        """
        array = self._array(name)
        width: int = array.type.byte_width
        words = np.frombuffer(array.buffers()[1], np.uint64)
        offset = array.offset * width // 8
        words = words[offset : offset + len(self) * width // 8]
        return words.reshape(-1, 2) if width == 16 else words

    def labels(self, name: str) -> tuple[NDArray[np.int32], list[str]]:
        """A string column as (codes (span,), values); code -1 where the value is not given."""
        array = self._array(name)
        codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
        return codes, array.dictionary.to_pylist()

    def take(self, indices: NDArray[np.integer[Any]]) -> SpanBatch:
        """The spans at these positions, in this order."""
        return SpanBatch(self.table.take(pa.array(indices)).combine_chunks())

    def filter(self, mask: NDArray[np.bool_]) -> SpanBatch:
        """The spans where the mask (span,) is true."""
        return SpanBatch(self.table.filter(pa.array(mask)).combine_chunks())

    def compact(self) -> SpanBatch:
        """The same spans without the strings that none of them has: of those that are kept while others come and go."""
        return SpanBatch(without_unused(self.table))

    def _array(self, name: str) -> Any:  # noqa: ANN401 - pyarrow's arrays are untyped
        column = self.table[name]
        if column.num_chunks == 1:
            return column.chunk(0)
        return column.unify_dictionaries().combine_chunks()


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a source made of one piece of input: its spans, and the number of spans it had to leave out, by reason.

    Reasons are the codes of ``domain.quality.PROBLEMS``.
    """

    spans: SpanBatch
    rejected: Mapping[str, int] = field(default_factory=dict)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any cell
    return int(value) if isinstance(value, IntEnum) else value


def _row_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if kind.equals(LABEL) else kind


def _attribute_map(rows: Sequence[Mapping[str, str]]) -> pa.Array:
    offsets = np.cumsum([0, *(len(row) for row in rows)], dtype=np.int32)
    keys = pa.array([key for row in rows for key in row], pa.string()).dictionary_encode()
    values = pa.array([value for row in rows for value in row.values()], pa.string()).dictionary_encode()
    return pa.MapArray.from_arrays(pa.array(offsets), keys, values)
