"""A latency histogram of bounded relative error in the manner of HdrHistogram."""

from __future__ import annotations

import msgspec

# 128 linear steps in each power of two: a value is known to within 1/128 (0.8 %).
_SUB_BUCKETS = 128


class Histogram(msgspec.Struct):
    """Counts of latencies in microseconds, by bucket; two histograms merge by adding counts."""

    counts: dict[int, int] = msgspec.field(default_factory=dict)

    def add(self, seconds: float) -> None:
        """Count one latency."""
        bucket = _bucket(round(seconds * 1e6))
        self.counts[bucket] = self.counts.get(bucket, 0) + 1

    def merge(self, other: Histogram) -> None:
        """Add another histogram's counts to this one."""
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count

    def total(self) -> int:
        """How many latencies were counted."""
        return sum(self.counts.values())

    def mean_seconds(self) -> float:
        """The mean of the counted latencies, NaN when none was counted."""
        total = self.total()
        return (
            sum(_middle(bucket) * count for bucket, count in self.counts.items()) / total / 1e6
            if total
            else float("nan")
        )

    def within(self, seconds: float) -> int:
        """How many of the counted latencies are at most so long, to the width of a bucket."""
        bound = _bucket(round(seconds * 1e6))
        return sum(count for bucket, count in self.counts.items() if bucket <= bound)

    def quantile_seconds(self, quantile: float) -> float:
        """The latency that `quantile` of the counted ones do not exceed, NaN when none was counted."""
        wanted = quantile * self.total()
        seen = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return _middle(bucket) / 1e6
        return float("nan")


def _bucket(microseconds: int) -> int:
    shift = max(0, microseconds.bit_length() - _SUB_BUCKETS.bit_length())
    return shift * _SUB_BUCKETS + (microseconds >> shift)


def _middle(bucket: int) -> float:
    shift = max(0, bucket // _SUB_BUCKETS - 1)
    low = (bucket - shift * _SUB_BUCKETS) << shift
    return low + ((1 << shift) - 1) / 2
