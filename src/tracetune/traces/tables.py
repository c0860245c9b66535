"""Arrow tables of the minute schemas from groups of spans: labels, sums and histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from tracetune.domain.histograms import Histograms, bucket_of
from tracetune.traces.grouping import Int32s, Int64s


def label_column(codes: NDArray[np.integer[Any]], values: Sequence[str]) -> pa.DictionaryArray:
    """Labels from codes into values; code -1 becomes the empty label."""
    known = [*values, ""]
    empty = known.index("")
    filled = np.where(codes < 0, empty, codes).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(filled), pa.array(known[: max(empty + 1, len(values))], pa.string()))


def to_table(schema: pa.Schema, columns: Mapping[str, Any]) -> pa.Table:
    """A table of the schema from its columns: numpy or Arrow arrays, or Histograms."""
    arrays = []
    for field in schema:
        values = columns[field.name]
        arrays.append(values.to_arrow() if isinstance(values, Histograms) else pa.array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def histograms_of(group: Int32s, groups: int, duration_nano: Int64s) -> Histograms:
    """One histogram a group of the durations, nanoseconds, of the spans in it; all of length (span,)."""
    keys = (group.astype(np.int64) << 16) | (bucket_of(duration_nano).astype(np.int64) + 32768)
    keys.sort()
    return Histograms(*_run_lengths(keys, groups))


@njit(cache=True, nogil=True)
def _run_lengths(keys: Int64s, groups: int) -> tuple[Int64s, NDArray[np.int16], NDArray[np.uint64]]:
    offsets = np.zeros(groups + 1, np.int64)
    buckets = np.empty(len(keys), np.int16)
    counts = np.empty(len(keys), np.uint64)
    entries = 0
    at = 0
    while at < len(keys):
        to = at + 1
        while to < len(keys) and keys[to] == keys[at]:
            to += 1
        buckets[entries] = (keys[at] & 0xFFFF) - 32768
        counts[entries] = to - at
        entries += 1
        offsets[(keys[at] >> 16) + 1] += 1
        at = to
    for group in range(groups):
        offsets[group + 1] += offsets[group]
    return offsets, buckets[:entries].copy(), counts[:entries].copy()
