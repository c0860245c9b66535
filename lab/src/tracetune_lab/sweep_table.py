"""The sweep's table: one line per operation and point, computed from the points' recordings."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np

from tracetune_lab.grid import Point
from tracetune_lab.histogram import Histogram
from tracetune_lab.load import LoadReport
from tracetune_lab.recordings import Recording
from tracetune_lab.views import Spans, read_spans

ENTRY = "entry"


class PointRow(msgspec.Struct, frozen=True):
    """One line of the table: one operation at one point, without its warm-up; seconds, of SERVER spans.

    Lines of the service `entry` are the generator's own view, corrected for coordinated omission:
    one for each endpoint and one, with operation `entry`, for all of them. Own times are NaN there.
    """

    point: int
    split: str
    rate_rps: float
    replicas: str
    service: str
    operation: str
    calls: int
    mean_seconds: float
    p50_seconds: float
    p95_seconds: float
    p99_seconds: float
    own_mean_seconds: float
    own_p95_seconds: float
    errors: int


def rows_of(recording: Recording, point: Point, warm_up_seconds: float) -> list[PointRow]:
    """The lines of one point."""
    rows = _entry_rows(point, recording.load())
    begin = recording.manifest.load_started_unix_nano + round(warm_up_seconds * 1e9)
    measured = read_spans(recording).between(begin, 2**62)
    for service_name, name in measured.operations():
        service, path = service_name.removesuffix(".default"), name.partition(":9080")[2]
        rows.append(_row(point, (service, path), measured.server(service_name, name)))
    return rows


def _row(point: Point, key: tuple[str, str], served: Spans) -> PointRow:
    own = served.own_seconds
    p50, p95, p99 = np.quantile(served.duration_seconds, (0.5, 0.95, 0.99)).tolist()
    return PointRow(
        point.number,
        point.split,
        point.rate_rps,
        point.replicas_text(),
        *key,
        calls=len(own),
        mean_seconds=float(served.duration_seconds.mean()),
        p50_seconds=p50,
        p95_seconds=p95,
        p99_seconds=p99,
        own_mean_seconds=float(own.mean()),
        own_p95_seconds=float(np.quantile(own, 0.95)),
        errors=int(served.is_error.sum()),
    )


def _entry_rows(point: Point, report: LoadReport) -> list[PointRow]:
    errors: dict[str, int] = {}
    for minute in report.minutes:
        failed = sum(count for status, count in minute.statuses.items() if status == 0 or status >= 500)
        errors[minute.operation] = errors.get(minute.operation, 0) + failed
    rows = [_entry_row(point, ENTRY, report.measured_latency(), report.failed())]
    for operation, latency in sorted(report.measured.items()):
        rows.append(_entry_row(point, operation, latency, errors.get(operation, 0)))
    return rows


def _entry_row(point: Point, operation: str, latency: Histogram, errors: int) -> PointRow:
    p50, p95, p99 = (latency.quantile_seconds(quantile) for quantile in (0.5, 0.95, 0.99))
    return PointRow(
        point.number,
        point.split,
        point.rate_rps,
        point.replicas_text(),
        ENTRY,
        operation,
        calls=latency.total(),
        mean_seconds=latency.mean_seconds(),
        p50_seconds=p50,
        p95_seconds=p95,
        p99_seconds=p99,
        own_mean_seconds=float("nan"),
        own_p95_seconds=float("nan"),
        errors=errors,
    )


def write_table(rows: Iterable[PointRow], path: Path) -> None:
    """Write the table as CSV, seconds to a tenth of a millisecond; the rename makes it whole or absent."""
    fresh = path.with_suffix(".partial")
    with fresh.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(PointRow.__struct_fields__)
        for row in rows:
            values = msgspec.structs.astuple(row)
            writer.writerow([f"{value:.4f}" if isinstance(value, float) else value for value in values])
    fresh.rename(path)
