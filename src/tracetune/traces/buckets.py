"""The histogram buckets of many durations, and one histogram for each group of them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracetune.domain.histograms import CELL_SHIFT, FIRST_BUCKET, ZERO_BUCKET, Histograms, bucket_bounds
from tracetune.traces.grouping import KERNEL, Int64s

_FIRST_CELL = 1023 << (52 - CELL_SHIFT)  # that of 1.0, whose exponent a float64 holds as 1023


def buckets_of(duration_nano: Int64s) -> NDArray[np.int16]:
    """The same as ``domain.histograms.bucket_of``, (span,) to (span,), in one pass over compiled code."""
    as_bits = duration_nano.astype(np.float64).view(np.int64)
    result: NDArray[np.int16] = _buckets_of(duration_nano, as_bits, *bucket_bounds())
    return result


def histograms_of(by_group: tuple[Int64s, Int64s], bucket: NDArray[np.int16]) -> Histograms:
    """The histogram of each group: from what ``grouping.rows_by_group`` gives, and the bucket of each row, (row,)."""
    ends, buckets, counts = _count_buckets(*by_group, bucket)
    entries = ends[-1]
    return Histograms(ends, buckets[:entries].copy(), counts[:entries].copy().view(np.uint64))


@njit(**KERNEL)
def _buckets_of(duration_nano: Int64s, as_bits: Int64s, upper_nano: Int64s, lowest: Int64s) -> NDArray[np.int16]:
    bucket = np.empty(len(duration_nano), np.int16)
    for row in range(len(duration_nano)):
        nanos = duration_nano[row]
        if nanos <= 0:
            bucket[row] = ZERO_BUCKET
            continue
        index = lowest[(as_bits[row] >> CELL_SHIFT) - _FIRST_CELL]
        if nanos <= upper_nano[index - 1]:
            index -= 1
        if nanos > upper_nano[index]:
            index += 1
        bucket[row] = index + (FIRST_BUCKET - 1)
    return bucket


@njit(**KERNEL)
def _count_buckets(
    offsets: Int64s, rows: Int64s, bucket: NDArray[np.int16]
) -> tuple[Int64s, NDArray[np.int16], Int64s]:
    """Offsets by group, and the ascending buckets and their counts, of which only the first ``offsets[-1]`` are used."""
    ends = np.zeros(len(offsets), np.int64)
    buckets = np.empty(len(rows), np.int16)
    counts = np.empty(len(rows), np.int64)
    entries = 0
    for group in range(len(offsets) - 1):
        begin = entries
        for at in range(offsets[group], offsets[group + 1]):
            wanted = bucket[rows[at]]
            place = begin  # of the bucket among those of the group: few, since a minute's durations are alike
            left = entries - begin
            while left > 0:
                half = left >> 1
                is_below = buckets[place + half] < wanted
                place = place + half + 1 if is_below else place
                left = left - half - 1 if is_below else half
            if place < entries and buckets[place] == wanted:
                counts[place] += 1
                continue
            for to in range(entries, place, -1):
                buckets[to] = buckets[to - 1]
                counts[to] = counts[to - 1]
            buckets[place] = wanted
            counts[place] = 1
            entries += 1
        ends[group + 1] = entries
    return ends, buckets, counts
