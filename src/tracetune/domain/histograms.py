"""Durations as mergeable base-2 exponential histograms: which bucket a value is in, and quantiles back from counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import isqrt
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

SCALE = 4
"""Sixteen buckets for each doubling: bucket bounds grow by 2**(1/16) = 4.4 %, so a bucket's middle is within 2.2 %."""

ZERO_BUCKET = -32768
"""The index that counts durations of zero, which have no logarithm."""

HISTOGRAM = pa.map_(pa.int16(), pa.uint64())
"""Arrow type of one histogram: bucket index to count. Rows merge by adding counts of equal indices."""

_PER_DOUBLING = 1 << SCALE
FIRST_BUCKET = -479  # holds 1 ns: 16 * log2(1e-9) is -478.4
_LAST_BUCKET = 529  # holds 2**63 - 1 ns, 292 years
CELL_SHIFT = 52 - 6  # of the bits of a float64: its exponent and the first 6 bits of its mantissa


def bucket_of(duration_nano: NDArray[np.int64]) -> NDArray[np.int16]:
    """The bucket index of each duration, (n,) to (n,).

    Bucket i holds ``2**(i/16) < seconds <= 2**((i+1)/16)``.

    Source: OpenTelemetry metrics data model, "ExponentialHistogram", with scale 4 and values in seconds.
    """
    upper_nano, lowest = bucket_bounds()
    nanos = np.maximum(duration_nano, 1)
    # A cell is narrower than a bucket, so a duration is in the bucket its cell begins in or in the next one.
    cell = (nanos.astype(np.float64).view(np.int64) >> CELL_SHIFT) - (1023 << 6)
    index = lowest[cell]
    index = index - (nanos <= upper_nano[index - 1])  # a duration that float64 rounded up into the next cell
    index = index + (nanos > upper_nano[index])
    return np.where(duration_nano <= 0, ZERO_BUCKET, index + (FIRST_BUCKET - 1)).astype(np.int16)


@cache
def bucket_bounds() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The largest whole nanoseconds of each bucket, after one for "below the first"; and each cell's first bucket.

    In whole numbers, since ``log2`` puts some durations that lie on a bound, such as 2 s, on its wrong side.
    """
    upper = [_root16(10**144, index + 1) for index in range(FIRST_BUCKET - 1, _LAST_BUCKET + 1)]
    upper_nano = np.array([min(bound, 2**63 - 1) for bound in upper], np.int64)
    cells = np.arange(63 << 6, dtype=np.int64)
    lowest_nano = np.ceil(((cells + (1023 << 6)) << CELL_SHIFT).view(np.float64)).astype(np.int64)
    lowest = np.searchsorted(upper_nano, lowest_nano)
    return upper_nano, np.append(lowest, len(upper_nano) - 1)  # float64 rounds the largest integers up to 2**63


def _root16(value: int, doublings: int) -> int:
    """The whole part of the sixteenth root of ``value * 2**doublings``."""
    scaled = value << doublings if doublings >= 0 else value >> -doublings
    return isqrt(isqrt(isqrt(isqrt(scaled))))


def upper_bound_seconds(bucket: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """The largest duration that each bucket holds, in seconds; 0 for the zero bucket."""
    bound = np.exp2((bucket.astype(np.float64) + 1) / _PER_DOUBLING)
    return np.where(bucket == ZERO_BUCKET, 0.0, bound)


@dataclass(frozen=True, slots=True)
class Histograms:
    """Many histograms in compressed rows: row r owns buckets and counts ``[offsets[r], offsets[r+1])``.

    Attributes:
        offsets: (row + 1,), ascending, from 0.
        buckets: (entry,), ascending within each row and without repetition.
        counts: (entry,), each at least 1.
    """

    offsets: NDArray[np.int64]
    buckets: NDArray[np.int16]
    counts: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def from_entries(
        cls,
        rows: int,
        row: NDArray[np.int64],
        bucket: NDArray[np.int16],
        count: NDArray[np.uint64],
    ) -> Histograms:
        """Histograms from (row, bucket, count) entries in any order; equal (row, bucket) pairs add up."""
        key = (row.astype(np.int64) << 16) | (bucket.astype(np.int64) + 32768)
        if (key[1:] < key[:-1]).any():
            order = np.argsort(key, kind="stable")
            key, count = key[order], count[order]
        begins = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))) if len(key) else np.zeros(0, np.int64)
        unique = key[begins]
        counts = np.add.reduceat(count.astype(np.uint64, copy=False), begins) if len(key) else np.zeros(0, np.uint64)
        per_row = np.bincount(unique >> 16, minlength=rows)
        offsets = np.concatenate(([0], np.cumsum(per_row))).astype(np.int64)
        return cls(offsets, ((unique & 0xFFFF) - 32768).astype(np.int16), counts)

    @classmethod
    def from_arrow(cls, column: pa.ChunkedArray | pa.Array) -> Histograms:
        """Histograms from a column of type ``HISTOGRAM`` whose keys ascend within each row."""
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if isinstance(array, pa.ChunkedArray):  # combine_chunks keeps a chunked array where there was no chunk
            array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], HISTOGRAM)
        offsets = array.offsets.to_numpy().astype(np.int64)
        first, last = int(offsets[0]), int(offsets[-1])
        return cls(
            offsets - first,
            array.keys.to_numpy()[first:last].astype(np.int16, copy=False),
            array.items.to_numpy()[first:last].astype(np.uint64, copy=False),
        )

    def to_arrow(self) -> pa.Array:
        """The same histograms as an Arrow array of type ``HISTOGRAM``."""
        return pa.MapArray.from_arrays(
            pa.array(self.offsets.astype(np.int32)), pa.array(self.buckets), pa.array(self.counts)
        )

    def rows(self) -> NDArray[np.int64]:
        """The row of each entry, (entry,)."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.offsets))

    def totals(self) -> NDArray[np.float64]:
        """The number of values in each histogram, (row,)."""
        totals: NDArray[np.float64] = np.bincount(self.rows(), weights=self.counts, minlength=len(self)).astype(
            np.float64
        )
        return totals

    def add_up(self, group: NDArray[np.int64], groups: int) -> Histograms:
        """One histogram for each of ``groups``, the sum of the rows whose ``group`` (row,) it is."""
        return Histograms.from_entries(groups, group[self.rows()], self.buckets, self.counts)

    def quantile(self, q: float) -> NDArray[np.float64]:
        """The q-quantile of each histogram in seconds, (row,); NaN where a histogram is empty.

        Interpolated within the bucket on the logarithmic scale, by the rank ``q * count``.
        """
        result = np.full(len(self), np.nan)
        if not len(self.counts):
            return result
        counts = self.counts.astype(np.float64)
        running = np.cumsum(counts)
        before_row = np.concatenate(([0.0], running))[self.offsets[:-1]]
        totals = self.totals()
        filled = totals > 0
        rank = before_row + np.clip(q * totals, 1e-9, totals)
        entry = np.minimum(np.searchsorted(running, rank[filled] - 1e-12), self.offsets[1:][filled] - 1)
        within = (rank[filled] - (running[entry] - counts[entry])) / counts[entry]
        index = self.buckets[entry].astype(np.float64)
        seconds = np.exp2((index + np.clip(within, 0.0, 1.0)) / _PER_DOUBLING)
        result[filled] = np.where(self.buckets[entry] == ZERO_BUCKET, 0.0, seconds)
        return result
