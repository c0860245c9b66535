"""Per-minute series of every operation on one regular UTC grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.minutes import MinuteBatch, column, group_rows, histograms, labels
from tracetune.domain.period import main_period

Values = NDArray[np.float64]


class SeriesKey(NamedTuple):
    """What a series is about: the entry spans of one operation of one service."""

    service_name: str
    span_name: str

    def __str__(self) -> str:
        return f"{self.service_name} {self.span_name}"


class Metric(StrEnum):
    """What a series measures in each minute."""

    CALLS = "calls"  # calls begun in the minute; 0 in a minute without any
    ERROR_RATIO = "error_ratio"  # 0 to 1; NaN without calls
    LATENCY_P50 = "latency_p50"  # seconds; NaN without calls
    LATENCY_P95 = "latency_p95"
    SELF_TIME_P50 = "self_time_p50"  # seconds spent in the operation itself; NaN without calls
    SELF_TIME_P95 = "self_time_p95"


@dataclass(frozen=True, slots=True)
class SeriesBatch:
    """Values (series, minute) of several metrics over the same keys and minutes.

    NaN means not observed, 0 means zero, and a key that is missing does not exist. A minute in which nothing at all was
    received from the whole system is an outage of the traces, not of the system: ``observed`` is false there and every
    metric is NaN, calls too.

    Attributes:
        keys: one a row, in a stable order.
        start_minute: minutes since the Unix epoch of column 0 (UTC).
        metrics: (series, minute) by metric; all six are always there.
        observed: (minute,), whether any span at all was received in that minute.
        root_share: (series,), the share of the calls that began a trace, 0 to 1: 1 for what users call.
    """

    keys: tuple[SeriesKey, ...]
    start_minute: int
    metrics: Mapping[Metric, Values]
    observed: NDArray[np.bool_]
    root_share: Values

    def __post_init__(self) -> None:
        shape = (len(self.keys), len(self.observed))
        for metric in Metric:
            if self.metrics[metric].shape != shape:
                raise ValueError(f"{metric} is {self.metrics[metric].shape}, not (series, minute) = {shape}")

    @property
    def length(self) -> int:
        """The number of minutes."""
        return len(self.observed)

    def __getitem__(self, metric: Metric) -> Values:
        return self.metrics[metric]

    def between(self, first: int, last: int) -> SeriesBatch:
        """The minutes at positions ``[first, last)``."""
        metrics = {metric: values[:, first:last] for metric, values in self.metrics.items()}
        return SeriesBatch(self.keys, self.start_minute + first, metrics, self.observed[first:last], self.root_share)

    def only(self, rows: Sequence[int]) -> SeriesBatch:
        """The series at these rows, in this order."""
        chosen = np.asarray(rows, np.int64)
        metrics = {metric: values[chosen] for metric, values in self.metrics.items()}
        keys = tuple(self.keys[row] for row in chosen)
        return SeriesBatch(keys, self.start_minute, metrics, self.observed, self.root_share[chosen])

    @classmethod
    def from_minutes(cls, minutes: MinuteBatch) -> SeriesBatch:
        """The series of every operation's entry spans, over every minute of the main period (``domain.period``)."""
        grid = main_period(minutes)
        minute = column(minutes.operations, "minute")
        within = pa.array((minute >= grid.start) & (minute < grid.stop))
        table = minutes.operations.filter(within)
        table = table.filter(table["is_entry"]).combine_chunks()
        if not len(table):
            return cls._empty(grid)
        services, service_names = labels(table, "service_name")
        names, span_names = labels(table, "span_name")
        first, row = group_rows(table, ["service_name", "span_name"])
        keys = [SeriesKey(service_names[services[i]], span_names[names[i]]) for i in first]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        rank = np.empty(len(keys), np.int64)
        rank[order] = np.arange(len(keys))
        observed = np.isin(np.arange(grid.start, grid.stop), minute)
        cell = rank[row] * len(grid) + column(table, "minute") - grid.start
        shape = (len(keys), len(grid))
        calls, errors, roots = (_sum(table[name].to_numpy(), cell, shape) for name in ("calls", "errors", "root_calls"))
        with np.errstate(invalid="ignore", divide="ignore"):
            error_ratio = errors / calls
        duration = histograms(table, "duration").add_up(cell, calls.size)
        self_time = histograms(table, "self_time").add_up(cell, calls.size)
        metrics = {
            Metric.CALLS: np.where(observed, calls, np.nan),
            Metric.ERROR_RATIO: error_ratio,
            Metric.LATENCY_P50: duration.quantile(0.5).reshape(shape),
            Metric.LATENCY_P95: duration.quantile(0.95).reshape(shape),
            Metric.SELF_TIME_P50: self_time.quantile(0.5).reshape(shape),
            Metric.SELF_TIME_P95: self_time.quantile(0.95).reshape(shape),
        }
        share = roots.sum(axis=1) / np.maximum(calls.sum(axis=1), 1.0)
        return cls(tuple(keys[i] for i in order), grid.start, metrics, observed, share)

    @classmethod
    def _empty(cls, grid: range) -> SeriesBatch:
        nothing = {metric: np.zeros((0, len(grid))) for metric in Metric}
        return cls((), grid.start, nothing, np.ones(len(grid), np.bool_), np.zeros(0))


def _sum(values: NDArray[np.int64], cell: NDArray[np.int64], shape: tuple[int, int]) -> Values:
    return np.bincount(cell, weights=values, minlength=shape[0] * shape[1]).astype(np.float64).reshape(shape)
