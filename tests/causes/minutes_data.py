"""Minute tables of a small made-up shop, written down call by call, with seeded noise."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from tracetune.causes.case import Case, usual_and_now
from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident, Severity
from tracetune.domain.forecasts import QUANTILES, Forecast, Verdict
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.histograms import HISTOGRAM, Histograms, bucket_of
from tracetune.domain.minutes import EXEMPLARS, INSTANCES, LINKS, OPERATIONS, PATHS, MinuteBatch
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey

CHECKOUT = ("frontend", "GET /checkout")
BROWSE = ("frontend", "GET /products")
CART, CHARGE, BANK = ("cart", "GetCart"), ("payments", "Charge"), ("bank", "POST /charge")

START = 29_000_000  # minutes since the epoch; a day in 2025, at 21:20 UTC
SERVER = 2


@dataclass(frozen=True)
class Call:
    """One operation inside a request: how often it is called a request, and its own seconds a call."""

    service: str
    name: str
    own_seconds: float
    caller: str = ""  # "" for the entry itself
    per_request: float = 1.0
    gap_seconds: float = 0.0005
    error_ratio: float = 0.0  # of all calls, inherited errors included
    spread: float = 0.2  # sigma of the lognormal own time
    unpaired: bool = False  # the callee sends no spans of its own


@dataclass(frozen=True)
class Entry:
    """One operation that users call, with everything it calls; the first call is the entry itself."""

    requests: float  # a minute
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Pods:
    """The instances of a service: (instance, version, share of calls, factor of own time)."""

    shares: tuple[tuple[str, str, float, float], ...]


Scene = Callable[[int], Sequence[Entry]]
PodScene = Callable[[int], Mapping[str, Pods]]


@dataclass
class _Rows:
    operations: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)
    instances: list[dict[str, Any]] = field(default_factory=list)
    paths: list[dict[str, Any]] = field(default_factory=list)


def shop(
    *, checkout: float = 60.0, browse: float = 120.0, change: Mapping[str, Mapping[str, Any]] | None = None
) -> list[Entry]:
    """Two entries: checkout over cart and payments, browse over catalog; ``change`` overrides calls by operation."""
    changes = change or {}

    def call(service: str, name: str, own_seconds: float, **more: Any) -> Call:
        return Call(**{"service": service, "name": name, "own_seconds": own_seconds, **more, **changes.get(name, {})})

    return [
        Entry(
            checkout,
            (
                call("frontend", "GET /checkout", 0.020),
                call("cart", "GetCart", 0.030, caller="frontend"),
                call("payments", "Charge", 0.060, caller="frontend"),
                call("bank", "POST /charge", 0.040, caller="payments"),
            ),
        ),
        Entry(
            browse,
            (
                call("frontend", "GET /products", 0.015),
                call("catalog", "List", 0.025, caller="frontend"),
            ),
        ),
    ]


def minutes(scene: Scene, count: int, *, pods: PodScene | None = None, seed: int = 7) -> MinuteBatch:
    """``count`` minutes from START on, each as ``scene(position)`` describes it."""
    rng = np.random.default_rng(seed)
    rows = _Rows()
    for position in range(count):
        placed = pods(position) if pods else {}
        for entry in scene(position):
            _request_minute(rows, rng, START + position, entry, placed)
    tables = {
        "operations": _table(rows.operations, OPERATIONS),
        "links": _table(rows.links, LINKS),
        "instances": _table(rows.instances, INSTANCES),
        "paths": _table(rows.paths, PATHS),
    }
    return MinuteBatch.merge([MinuteBatch(**tables, exemplars=EXEMPLARS.empty_table())])


def _request_minute(
    rows: _Rows, rng: np.random.Generator, minute: int, entry: Entry, placed: Mapping[str, Pods]
) -> None:
    requests = int(rng.poisson(entry.requests)) if entry.requests else 0
    if not requests:
        return
    root = entry.calls[0]
    drift = {call: call.own_seconds * _factor(placed.get(call.service)) * rng.normal(1.0, 0.02) for call in entry.calls}
    for call in entry.calls:
        count = round(requests * call.per_request)
        if not count:
            continue
        own = drift[call] * rng.lognormal(-(call.spread**2) / 2, call.spread, count)
        own *= drift[call] / own.mean()
        duration = own + sum(
            child.per_request / call.per_request * _seconds(child, entry, drift)
            for child in entry.calls
            if child.caller == call.service
        )
        errors = round(count * call.error_ratio)
        label = {"minute": minute, "service_name": call.service, "span_name": call.name}
        sums = {"calls": count, "errors": errors, "duration_nano": _nanos(duration), "self_time_nano": _nanos(own)}
        if not call.unpaired:
            rows.operations.append(
                {
                    **label,
                    **sums,
                    "span_kind": SERVER,
                    "is_entry": True,
                    "root_calls": count if call is root else 0,
                    "duration": duration,
                    "self_time": own,
                }
            )
            _instances(rows, label, sums, placed.get(call.service))
            _path(rows, minute, root, (call.service, call.name), (requests, count, sums["self_time_nano"]))
        if call.caller:
            _link(rows, label, call, errors, duration)
            waited = call.gap_seconds * count + (float(own.sum()) if call.unpaired else 0.0)
            _path(rows, minute, root, (call.caller, call.name), (requests, count, round(waited * 1e9)))


def _factor(pods: Pods | None) -> float:
    return sum(share * factor for *_, share, factor in pods.shares) if pods else 1.0


def _seconds(call: Call, entry: Entry, drift: Mapping[Call, float]) -> float:
    below = [child for child in entry.calls if child.caller == call.service]
    nested = sum(child.per_request / call.per_request * _seconds(child, entry, drift) for child in below)
    return call.gap_seconds + drift[call] + nested


def _nanos(seconds: np.ndarray[Any, Any]) -> int:
    return round(float(seconds.sum()) * 1e9)


def _table(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """The rows as a table; what is a histogram there is an array of seconds here."""
    columns = {name: [row[name] for row in rows] for name in schema.names}
    arrays = [
        _histograms(columns[field.name]) if field.type.equals(HISTOGRAM) else pa.array(columns[field.name], field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _histograms(seconds: Sequence[np.ndarray[Any, Any]]) -> pa.Array:
    row = np.repeat(np.arange(len(seconds)), [len(each) for each in seconds])
    buckets = bucket_of((np.concatenate([*seconds, np.zeros(0)]) * 1e9).astype(np.int64))
    return Histograms.from_entries(len(seconds), row, buckets, np.ones(len(buckets), np.uint64)).to_arrow()


def _path(rows: _Rows, minute: int, root: Call, operation: tuple[str, str], sums: tuple[int, int, int]) -> None:
    service, name = operation
    traces, spans, nanos = sums
    rows.paths.append(
        {
            "minute": minute,
            "entry_service": root.service,
            "entry_name": root.name,
            "service_name": service,
            "span_name": name,
            "traces": traces,
            "spans": spans,
            "critical_path_nano": nanos,
        }
    )


def _link(rows: _Rows, label: dict[str, Any], call: Call, errors: int, duration: np.ndarray[Any, Any]) -> None:
    gap = np.full(0 if call.unpaired else len(duration), call.gap_seconds)
    rows.links.append(
        {
            "minute": label["minute"],
            "client": call.caller,
            "server": call.service,
            "span_name": call.name,
            "connection_type": "database" if call.unpaired else "",
            "calls": len(duration),
            "errors": errors,
            "client_duration_nano": _nanos(duration + call.gap_seconds),
            "paired_calls": len(gap),
            "gap_nano": _nanos(gap),
            "client_duration": duration + call.gap_seconds,
            "gap": gap,
        }
    )


def _instances(rows: _Rows, label: dict[str, Any], sums: dict[str, int], pods: Pods | None) -> None:
    shares = pods.shares if pods else (("", "", 1.0, 1.0),)
    mean_factor = _factor(pods)
    for instance, version, share, factor in shares:
        busy = round(sums["duration_nano"] * share)
        rows.instances.append(
            {
                "minute": label["minute"],
                "service_name": label["service_name"],
                "service_version": version,
                "instance": instance,
                "calls": round(sums["calls"] * share),
                "errors": round(sums["errors"] * share),
                "busy_nano": busy,
                "self_time_nano": round(sums["self_time_nano"] * share * factor / mean_factor),
                "max_concurrency": math.ceil(2 * busy / 60e9) + 1,
            }
        )


def after(onset: int, **change: Mapping[str, Any]) -> Scene:
    """The shop, with these operations changed from ``onset`` (a position) on."""
    return lambda position: shop(change=change if position >= onset else None)


def on(case_minutes: MinuteBatch, what: Incident, **expected: Any) -> Case:
    """The incident with these tables and their graph."""
    known = learned(case_minutes, **expected)
    usual, now = usual_and_now(what, known.series)
    return Case(what, case_minutes, known, ServiceGraph.from_minutes(case_minutes), usual, now)


def pods_of(count: int, version: str = "1.0.0", *, name: str = "pod") -> Pods:
    """``count`` equal instances of one version."""
    return Pods(tuple((f"{name}-{number}", version, 1 / count, 1.0) for number in range(count)))


def learned(batch: MinuteBatch, *, expected_calls: Mapping[SeriesKey, float] | None = None) -> Learned:
    """The series of these minutes; with ``expected_calls`` (a minute) a forecast of the calls, 30 minutes ahead."""
    series = SeriesBatch.from_minutes(batch)
    forecasts: dict[Metric, Forecast] = {}
    if expected_calls:
        middle = np.array([expected_calls.get(key, math.nan) for key in series.keys])
        factors = np.array([0.7, 0.85, 0.95, 1.0, 1.05, 1.15, 1.3])
        values = np.broadcast_to(middle[:, None, None] * factors, (len(middle), series.length + 30, len(QUANTILES)))
        verdict = Verdict("seasonal", {}, math.nan, "made up for the test")
        forecasts[Metric.CALLS] = Forecast(
            series.keys, Metric.CALLS, series.start_minute, series.length, values, (verdict,) * len(series.keys)
        )
    return Learned(series, forecasts, ())


def incident(
    *keys: tuple[str, str],
    onset: int,
    end: int | None = None,
    kind: AnomalyKind = AnomalyKind.SLOWER,
    delays: Mapping[str, int] | None = None,
) -> Incident:
    """An incident of these operations from ``onset`` (a position) on; ``delays`` in minutes by service."""
    late = delays or {}
    anomalies = tuple(
        Anomaly(
            id=f"a-{number:06x}",
            key=SeriesKey(*key),
            kind=kind,
            severity=Severity.CRITICAL,
            onset=START + onset + late.get(key[0], 0),
            end=None if end is None else START + end,
            score=3.0,
            observed=0.4,
            expected_lower=0.1,
            expected=0.15,
            expected_upper=0.2,
            calls=500,
            why="made up for the test",
        )
        for number, key in enumerate(keys)
    )
    ordered = tuple(sorted(anomalies, key=lambda anomaly: anomaly.onset))
    return Incident("INC-test", ordered, kind, Severity.CRITICAL, START + onset, None if end is None else START + end)
