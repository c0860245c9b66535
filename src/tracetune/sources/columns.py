"""Grows a SpanBatch row by row, and screens its ids and times against the batch's contract."""

from __future__ import annotations

import binascii
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.spans import SPAN_SCHEMA, Decoded, SpanBatch
from tracetune.sources.resolve import Resolved

EARLIEST_UNIX_NANO = 946_684_800 * 10**9
"""2000-01-01T00:00:00Z: no tracing is older, so an earlier time is a wrong unit or an unset clock."""

LATEST_UNIX_NANO = 4_102_444_800 * 10**9
"""2100-01-01T00:00:00Z, exclusive."""

NO_TIME = -(2**63)
"""Stands for a time that was not given until ``screen`` has counted it."""

BATCH_SPANS = 32_768
"""Spans in a batch: some 10 MB of rows in Python, and few enough batches that their fixed cost vanishes."""

_TIME_LIMIT = 2**63 - 1

Item = TypeVar("Item", bound=Hashable)


def screen(
    trace_ids: NDArray[np.uint8], span_ids: NDArray[np.uint8], start: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Which spans keep the contract of a SpanBatch (span,), and how many do not, by their first reason.

    Args:
        trace_ids: (span, 16) bytes; zero where missing or unreadable.
        span_ids: (span, 8) bytes; zero where missing or unreadable.
        start: (span,) start_time_unix_nano; NO_TIME where missing.
        end: (span,) end_time_unix_nano; NO_TIME where missing.
    """
    faults = {
        "no_trace_id": ~trace_ids.any(axis=1),
        "no_span_id": ~span_ids.any(axis=1),
        "no_time": (start == NO_TIME) | (end == NO_TIME),
        "time_out_of_range": (np.minimum(start, end) < EARLIEST_UNIX_NANO)
        | (np.maximum(start, end) >= LATEST_UNIX_NANO),
        "negative_duration": end < start,
    }
    keep = np.ones(len(start), np.bool_)
    rejected: dict[str, int] = {}
    for reason, fault in faults.items():
        count = int(np.count_nonzero(fault & keep))
        if count:
            rejected[reason] = count
        keep &= ~fault
    return keep, rejected


class SpanColumns:
    """Collects spans of any JSON format; ``take`` gives what was collected and starts anew.

    ``len()`` is the number of spans appended since the last ``take``. Strings are stored once each.
    """

    def __init__(self) -> None:
        self._clear()

    def __len__(self) -> int:
        return len(self._names)

    def append(  # noqa: PLR0913, PLR0917 - the columns of a row; an object per span would cost more than the rest
        self,
        trace_id: str,
        span_id: str,
        parent_span_id: str,
        name: str,
        start_time_unix_nano: int | None,
        end_time_unix_nano: int | None,
        resolved: Resolved,
    ) -> None:
        """Add a span; what breaks the contract of a SpanBatch is found and counted by ``take``.

        Ids are hexadecimal without prefix and may be short: they are padded with zeros on the left, as Jaeger's and
        Zipkin's 64-bit and unpadded ids need. An empty or all-zero parent means a root.
        """
        self._trace_ids.append(trace_id)
        self._span_ids.append(span_id)
        self._parents.append(parent_span_id)
        self._names.append(name)
        self._starts.append(start_time_unix_nano)
        self._ends.append(end_time_unix_nano)
        self._answers.append(resolved)

    def extend(  # noqa: PLR0913, PLR0917 - as above
        self,
        trace_ids: Sequence[str],
        span_ids: Sequence[str],
        parent_span_ids: Sequence[str],
        names: Sequence[str],
        starts_time_unix_nano: Sequence[int | None],
        ends_time_unix_nano: Sequence[int | None],
        resolved: Sequence[Resolved],
    ) -> None:
        """Add many spans, (span,) each, as ``append`` adds one."""
        self._trace_ids += trace_ids
        self._span_ids += span_ids
        self._parents += parent_span_ids
        self._names += names
        self._starts += starts_time_unix_nano
        self._ends += ends_time_unix_nano
        self._answers += resolved

    def reject(self, reason: str, count: int = 1) -> None:
        """Count items that never became rows, under a code of ``domain.quality.PROBLEMS``."""
        self._rejected[reason] += count

    def take(self) -> Decoded:
        """The spans that keep the contract, and the number of the others by reason; afterwards the columns are empty."""
        trace_ids = _ids(self._trace_ids, 16)
        span_ids = _ids(self._span_ids, 8)
        parents = _ids(self._parents, 8)
        start, end = _times(self._starts), _times(self._ends)
        keep, rejected = screen(trace_ids, span_ids, start, end)
        self._rejected.update(rejected)
        rows = np.flatnonzero(keep)
        names, name_codes = _coded(self._names)
        answers, answer_codes = _coded(self._answers)
        columns = {
            "trace_id": _binary(trace_ids[rows]),
            "span_id": _binary(span_ids[rows]),
            "parent_span_id": _binary(parents[rows]),
            "name": _labels(name_codes[rows], names),
            "start_time_unix_nano": _numbers(start[rows]),
            "end_time_unix_nano": _numbers(end[rows]),
            **_answer_columns(answers, answer_codes[rows]),
        }
        table = pa.table([columns[name] for name in SPAN_SCHEMA.names], schema=SPAN_SCHEMA)
        decoded = Decoded(SpanBatch(table), dict(self._rejected))
        self._clear()
        return decoded

    def _clear(self) -> None:
        self._trace_ids: list[str] = []
        self._span_ids: list[str] = []
        self._parents: list[str] = []
        self._names: list[str] = []
        self._starts: list[int | None] = []
        self._ends: list[int | None] = []
        self._answers: list[Resolved] = []
        self._rejected: Counter[str] = Counter()


def _ids(texts: Sequence[str], width: int) -> NDArray[np.uint8]:
    """Hexadecimal ids as (id, width) bytes; zero where an id is no hexadecimal or too long."""
    digits = 2 * width
    joined = "".join([text if len(text) == digits else text.zfill(digits) for text in texts])
    if len(joined) == digits * len(texts):
        try:
            return np.frombuffer(binascii.unhexlify(joined), np.uint8).reshape(-1, width)
        except ValueError:
            pass  # at least one is not hexadecimal: find out which
    return np.frombuffer(b"".join([_id(text, width) for text in texts]), np.uint8).reshape(-1, width)


def _id(text: str, width: int) -> bytes:
    try:
        raw = binascii.unhexlify(text.zfill(2 * width))
    except ValueError:
        return bytes(width)
    return raw if len(raw) == width else bytes(width)


def _times(values: Sequence[int | None]) -> NDArray[np.int64]:
    try:
        return np.array(values, np.int64)
    except (TypeError, OverflowError):  # some are missing, or beyond 64 bits and so out of range whatever they are
        return np.array([NO_TIME if v is None else max(-_TIME_LIMIT, min(v, _TIME_LIMIT)) for v in values], np.int64)


def _coded(items: Sequence[Item]) -> tuple[list[Item], NDArray[np.int32]]:
    """The distinct items, in the order of their first places, and each item's place among them (item,)."""
    codes = {item: code for code, item in enumerate(dict.fromkeys(items))}
    return list(codes), np.fromiter(map(codes.__getitem__, items), np.int32, len(items))


def _numbers(values: NDArray[Any]) -> pa.Array:
    # Not pa.array(): it imports pandas, if that is installed, to ask whether this is a Series.
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(np.ascontiguousarray(values))]
    )


def _binary(ids: NDArray[np.uint8]) -> pa.Array:
    rows, width = ids.shape
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), rows, [None, pa.py_buffer(np.ascontiguousarray(ids))])


def _labels(codes: NDArray[np.int32], values: Sequence[str | None]) -> pa.Array:
    """A string column from codes into values; a null where the value is None."""
    texts: dict[str, int] = {}
    table = np.array([-1 if v is None else texts.setdefault(v, len(texts)) for v in values], np.int32)
    indices = table[codes] if len(values) else np.empty(0, np.int32)
    valid = pa.py_buffer(np.packbits(indices >= 0, bitorder="little"))
    return pa.DictionaryArray.from_arrays(
        pa.Array.from_buffers(pa.int32(), len(indices), [valid, pa.py_buffer(indices)]),
        pa.array([_valid(text) for text in texts], pa.string()),
    )


def _valid(text: str) -> str:
    # JSON may hold half of a surrogate pair as an escape, which no UTF-8 column can.
    return text.encode("utf-8", "replace").decode("utf-8")


def _answer_columns(answers: Sequence[Resolved], codes: NDArray[np.int32]) -> dict[str, pa.Array]:
    def numbers(values: list[int]) -> pa.Array:
        return _numbers(np.array(values, np.int8)[codes])

    def texts(values: list[str | None]) -> pa.Array:
        return _labels(codes, values)

    return {
        "kind": numbers([answer.kind for answer in answers]),
        "status_code": numbers([answer.status_code for answer in answers]),
        "service_name": texts([answer.service_name for answer in answers]),
        "service_version": texts([answer.service_version for answer in answers]),
        "instance": texts([answer.instance for answer in answers]),
        "peer": texts([answer.peer for answer in answers]),
        "attributes": _attributes([answer.attributes for answer in answers], codes),
    }


def _attributes(maps: Sequence[tuple[tuple[str, str], ...]], codes: NDArray[np.int32]) -> pa.Array:
    """The attributes column: the map of each code, repeated for each of its spans."""
    keys: dict[str, int] = {}
    values: dict[str, int] = {}
    pool_keys = np.array([keys.setdefault(k, len(keys)) for m in maps for k, _ in m], np.int32)
    pool_values = np.array([values.setdefault(v, len(values)) for m in maps for _, v in m], np.int32)
    sizes = np.array([len(m) for m in maps], np.int64)
    firsts = np.cumsum(sizes) - sizes  # (map,) where each map begins in the pool
    counts = sizes[codes] if len(maps) else np.empty(0, np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)])  # (span + 1,)
    picks = np.repeat(firsts[codes] - offsets[:-1], counts) + np.arange(offsets[-1]) if len(maps) else pool_keys
    return pa.MapArray.from_arrays(
        _numbers(offsets.astype(np.int32)),
        pa.DictionaryArray.from_arrays(_numbers(pool_keys[picks]), pa.array([_valid(k) for k in keys], pa.string())),
        pa.DictionaryArray.from_arrays(
            _numbers(pool_values[picks]), pa.array([_valid(v) for v in values], pa.string())
        ),
    )
