"""Decodes OTLP protobuf requests into SpanBatches by the compiled scan, remembering what it met before."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.spans import SPAN_SCHEMA, Decoded, SpanBatch
from tracetune.errors import InvalidInput
from tracetune.sources import otlp_scan
from tracetune.sources.otlp_contexts import Contexts, key_table, plain_column
from tracetune.sources.otlp_frames import CUT_HINT, Part
from tracetune.sources.otlp_intern import Tables

# Remembered from one request to the next; beyond either, strings do not repeat and memory matters more.
_MOST_STRINGS = 1 << 16
_MOST_POOL_BYTES = 128 << 20

_SCRATCH_WORDS = 1 << 9

# ResourceSpans > ScopeSpans > a span with its ids, name and times.
_A_REQUEST = bytes.fromhex(
    "0a38123612340a10" + "01" * 16 + "1208" + "02" * 8 + "2a047761726d" + "3900002a36fe9c9717" + "4100002a36fe9c9717"
)


class _Rows(NamedTuple):
    """The columns that ``scan_messages`` fills."""

    trace_ids: NDArray[np.uint64]
    span_ids: NDArray[np.uint64]
    times: NDArray[np.int64]
    codes: NDArray[np.int32]

    @classmethod
    def empty(cls, spans: int) -> _Rows:
        return cls(
            np.empty((spans, 2), np.uint64),
            np.empty((2, spans), np.uint64),
            np.empty((2, spans), np.int64),
            np.empty((2, spans), np.int32),
        )


class OtlpDecoder:
    """Decodes requests of one sender or stream; strings met before are not decoded again. Not for two threads at once."""

    def __init__(self) -> None:
        self._key_table = key_table()
        self._scratch = np.empty(_SCRATCH_WORDS, np.int64)
        self._tables = Tables.empty(otlp_scan.TABLES)
        self._contexts = Contexts()

    def decode(self, request: bytes) -> Decoded:
        """The spans of one ExportTraceServiceRequest.

        Raises:
            InvalidInput: it breaks protobuf's wire format; nothing of it is given.
        """
        decoded, stopped_at = self.decode_part(Part(request, [(0, len(request))], 0))
        if stopped_at >= 0:
            raise malformed(stopped_at)
        return decoded

    def decode_part(self, part: Part) -> tuple[Decoded, int]:
        """The spans of the messages in this part of a stream, and the stream's offset of the first malformed field, or -1.

        What stands before a malformed field is given, what follows it is not.
        """
        if self._tables.used.max() > _MOST_STRINGS or self._tables.pools.size > _MOST_POOL_BYTES:
            self._tables, self._contexts = Tables.empty(otlp_scan.TABLES), Contexts()
        rows, state, stopped_at = self._scan(np.frombuffer(part.data, np.uint8), np.array(part.bounds, np.int64))
        self._contexts.learn(self._tables)
        spans = int(state[otlp_scan.SPANS])
        columns = {
            "trace_id": plain_column(rows.trace_ids[:spans], pa.binary(16)),
            "span_id": plain_column(rows.span_ids[0, :spans], pa.binary(8)),
            "parent_span_id": plain_column(rows.span_ids[1, :spans], pa.binary(8)),
            "start_time_unix_nano": plain_column(rows.times[0, :spans], pa.int64()),
            "end_time_unix_nano": plain_column(rows.times[1, :spans], pa.int64()),
            **self._contexts.columns(rows.codes[0, :spans], rows.codes[1, :spans]),
        }
        table = pa.Table.from_arrays([columns[name] for name in SPAN_SCHEMA.names], schema=SPAN_SCHEMA)
        counts = zip(otlp_scan.REASONS, state[otlp_scan.REJECTED :].tolist(), strict=True)
        rejected = {reason: count for reason, count in counts if count}
        return Decoded(SpanBatch(table), rejected), part.offset + stopped_at if stopped_at >= 0 else -1

    def _scan(self, data: NDArray[np.uint8], bounds: NDArray[np.int64]) -> tuple[_Rows, NDArray[np.int64], int]:
        """The rows, the state, and where in ``data`` the scan stopped, or -1; the tables grow as it needs them."""
        rows = _Rows.empty(data.size // otlp_scan.SMALLEST_SPAN_BYTES + 1)
        while True:
            state = np.zeros(otlp_scan.STATE_CELLS, np.int64)
            tables = self._tables
            try:
                otlp_scan.scan_messages(
                    data, bounds.reshape(-1, 2), state, self._scratch, *self._key_table,
                    tables.slots, tables.hashes, tables.ends, tables.pools, tables.used,
                    rows.trace_ids, rows.span_ids, rows.times, rows.codes,
                )  # fmt: skip
            except ValueError:
                if state[otlp_scan.NO_ROOM] == otlp_scan.TABLES_FULL:
                    self._tables = tables.grown()
                elif state[otlp_scan.NO_ROOM] == otlp_scan.SCRATCH_FULL:
                    self._scratch = np.empty(2 * self._scratch.size, np.int64)
                else:
                    return rows, state, int(state[otlp_scan.STOPPED_AT]) - data.ctypes.data
            else:
                return rows, state, -1


def warm_up() -> None:
    """Compile the scan, or load it from the cache, before the first request must be answered."""
    OtlpDecoder().decode(_A_REQUEST)


def malformed(offset: int) -> InvalidInput:
    """The error for a message that breaks the wire format at this byte."""
    return InvalidInput(f"byte {offset:,}: this is no well-formed OTLP message", hint=CUT_HINT)
