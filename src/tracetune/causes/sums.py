"""Sums of a minute table over some minutes, by labels: the arithmetic that all comparisons rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.histograms import HISTOGRAM
from tracetune.domain.minutes import column, group_rows, labels

Totals = Mapping[tuple[str, ...], NDArray[np.float64]]


def within(table: pa.Table, minutes: NDArray[np.int64]) -> pa.Table:
    """The rows of these minutes."""
    return table.filter(pa.array(np.isin(column(table, "minute"), minutes)))


def entries(operations: pa.Table) -> pa.Table:
    """The rows of entry spans without their histograms, which are most of the bytes."""
    light = [field.name for field in operations.schema if not field.type.equals(HISTOGRAM)]
    return operations.select(light).filter(operations["is_entry"])


def totals_within(table: pa.Table, minutes: NDArray[np.int64], by: Sequence[str], values: Sequence[str]) -> Totals:
    """``totals`` of the rows of these minutes; no other column is copied."""
    return totals(within(table.select(["minute", *by, *values]), minutes), by, values)


def only(table: pa.Table, **wanted: str) -> pa.Table:
    """The rows whose labels are these, as ``only(paths, entry_service="frontend")``."""
    for name, value in wanted.items():
        codes, values = labels(table, name)
        code = values.index(value) if value in values else -1
        table = table.filter(pa.array(codes == code))
    return table


def totals(table: pa.Table, by: Sequence[str], values: Sequence[str]) -> Totals:
    """The sums of some columns for each combination of labels that occurs: labels to (value,)."""
    first, group = group_rows(table, by)
    names = [labels(table, name) for name in by]
    sums = np.stack([np.bincount(group, weights=column(table, value), minlength=len(first)) for value in values])
    return {
        tuple(values[codes[row]] for codes, values in names): sums[:, position].astype(np.float64)
        for position, row in enumerate(first)
    }


def per_minute(table: pa.Table, minutes: NDArray[np.int64], value: str) -> NDArray[np.float64]:
    """The sum of a column in each of these ascending minutes, (minute,); 0 in a minute without rows."""
    table = within(table.select(["minute", value]), minutes)
    position = np.searchsorted(minutes, column(table, "minute"))
    return np.bincount(position, weights=column(table, value), minlength=len(minutes)).astype(np.float64)


def spread(values: NDArray[np.float64], *, least: float) -> float:
    """How far values usually lie from their median: the median absolute deviation as a standard deviation.

    NaN are left out. ``least`` is given back where the values differ less than that, or where there are none.

    Source: Rousseeuw and Croux 1993, "Alternatives to the median absolute deviation", factor 1.4826 for normal data.
    """
    seen = values[~np.isnan(values)]
    if not len(seen):
        return least
    return max(least, 1.4826 * float(np.median(np.abs(seen - np.median(seen)))))
