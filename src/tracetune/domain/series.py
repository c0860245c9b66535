"""Per-minute series of every operation on one regular UTC grid."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
    def from_minutes(
        cls, minutes: MinuteBatch, before: SeriesBatch | None = None, changed: Collection[int] = ()
    ) -> SeriesBatch:
        """The series of every operation's entry spans, over every minute of the main period (``domain.period``).

        Args:
            minutes: the tables.
            before: the series of a time when only the minutes ``changed``, and those outside of its own, were different:
                quantiles of the others are taken from it, which is most of the work for a window that moves on.
            changed: minutes since the Unix epoch.
        """
        grid = main_period(minutes)
        minute = column(minutes.operations, "minute")
        wanted = (minute >= grid.start) & (minute < grid.stop)
        wanted &= minutes.operations["is_entry"].to_numpy()
        # Without the histograms, which are most of the bytes and seldom needed of all minutes.
        table = minutes.operations.select(_LIGHT).filter(pa.array(wanted)).combine_chunks()
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
        ordered = tuple(keys[i] for i in order)
        fresh = _fresh(grid, before, changed)
        metrics = {
            Metric.CALLS: np.where(observed, calls, np.nan),
            Metric.ERROR_RATIO: error_ratio,
            **_kept(ordered, grid, before),
        }
        is_fresh = np.isin(minute, grid.start + fresh)
        heavy = minutes.operations.select(["duration", "self_time"]).filter(pa.array(wanted & is_fresh))
        at = np.searchsorted(fresh, minute[wanted & is_fresh] - grid.start)
        cell = rank[row][is_fresh[wanted]] * len(fresh) + at
        for metric, values in _quantiles(heavy, cell, (len(keys), len(fresh))).items():
            metrics[metric][:, fresh] = values
        share = roots.sum(axis=1) / np.maximum(calls.sum(axis=1), 1.0)
        return cls(ordered, grid.start, metrics, observed, share)

    @classmethod
    def _empty(cls, grid: range) -> SeriesBatch:
        nothing = {metric: np.zeros((0, len(grid))) for metric in Metric}
        return cls((), grid.start, nothing, np.ones(len(grid), np.bool_), np.zeros(0))


def _sum(values: NDArray[np.int64], cell: NDArray[np.int64], shape: tuple[int, int]) -> Values:
    return np.bincount(cell, weights=values, minlength=shape[0] * shape[1]).astype(np.float64).reshape(shape)


_LIGHT = ["minute", "service_name", "span_name", "calls", "errors", "root_calls"]

_QUANTILES = {
    Metric.LATENCY_P50: ("duration", 0.5),
    Metric.LATENCY_P95: ("duration", 0.95),
    Metric.SELF_TIME_P50: ("self_time", 0.5),
    Metric.SELF_TIME_P95: ("self_time", 0.95),
}


def _fresh(grid: range, before: SeriesBatch | None, changed: Collection[int]) -> NDArray[np.int64]:
    """The positions on the grid of minutes whose quantiles are not known."""
    minute = np.arange(grid.start, grid.stop)
    if before is None:
        return minute - grid.start
    known = (minute >= before.start_minute) & (minute < before.start_minute + before.length)
    found: NDArray[np.int64] = np.flatnonzero(~known | np.isin(minute, list(changed)))
    return found


def _kept(keys: Sequence[SeriesKey], grid: range, before: SeriesBatch | None) -> dict[Metric, Values]:
    """Quantiles as they were before, NaN where nothing is known."""
    kept = {metric: np.full((len(keys), len(grid)), np.nan) for metric in _QUANTILES}
    if before is None:
        return kept
    place = {key: row for row, key in enumerate(before.keys)}
    rows = np.array([place.get(key, -1) for key in keys], np.int64)
    there = rows >= 0
    first, last = max(grid.start, before.start_minute), min(grid.stop, before.start_minute + before.length)
    if first < last:
        to, origin = slice(first - grid.start, last - grid.start), first - before.start_minute
        for metric, values in kept.items():
            values[there, to] = before[metric][rows[there], origin : origin + last - first]
    return kept


def _quantiles(table: pa.Table, cell: NDArray[np.int64], shape: tuple[int, int]) -> dict[Metric, Values]:
    """(series, minute) of each quantile, from rows of histograms and the cell that each belongs to."""
    summed = {name: histograms(table, name).add_up(cell, shape[0] * shape[1]) for name in table.column_names}
    return {metric: summed[name].quantile(q).reshape(shape) for metric, (name, q) in _QUANTILES.items()}
