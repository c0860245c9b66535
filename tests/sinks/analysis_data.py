"""A seeded day of a twelve-service shop as an Analysis: a slow release, a surge, a failing dependency, ten lost minutes.

Durations are drawn, not written down: each call's duration is its own time plus its callees', so that own times on the
critical path sum to the roots' durations as they do in real minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tests.sinks.analysis_story import (
    FAILING,
    LOST,
    RELEASE,
    SLOW,
    START,
    SURGE,
    advice,
    findings,
    forecasts,
    incidents,
)

from tracetune.domain.advice import Capacity
from tracetune.domain.analysis import Analysis, Ingested, Learned, SourceSummary
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.histograms import Histograms, bucket_of
from tracetune.domain.minutes import EXEMPLARS, INSTANCES, LINKS, OPERATIONS, PATHS, MinuteBatch, column
from tracetune.domain.series import SeriesBatch
from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode


@dataclass(frozen=True)
class Operation:
    service: str
    name: str
    own_ms: float
    calls: tuple[Operation, ...] = ()
    connection: str = ""


def _shop(suffix: str) -> tuple[tuple[Operation, float], ...]:
    def op(service: str, name: str, own_ms: float, *calls: Operation, connection: str = "") -> Operation:
        return Operation(service + suffix, name, own_ms, calls, connection)

    catalog_db = op("catalog-db", "SELECT products", 3.1, connection="database")
    list_products = op("catalog", "ListProducts", 8.0, catalog_db)
    get_product = op("catalog", "GetProduct", 4.5, catalog_db)
    charge = op("bank-gateway", "POST /charge", 41.0)
    authorize = op("payments", "Authorize", 22.0, charge, op("ledger-db", "INSERT entry", 5.0, connection="database"))
    cart = op("cart", "GetCart", 5.2, op("cart-redis", "HGETALL", 0.6, connection="database"))
    quote = op("shipping", "Quote", 18.0)
    home = op("frontend", "GET /", 9.0, list_products, op("recommend", "List", 26.0, get_product))
    product = op("frontend", "GET /products/{id}", 7.0, get_product)
    checkout = op(
        "frontend", "POST /checkout", 12.0, op("checkout", "PlaceOrder", 16.0, cart, quote, authorize, list_products)
    )
    cart_page = op("frontend", "GET /cart", 6.0, cart)
    return (home, 30.0), (product, 45.0), (checkout, 12.0), (cart_page, 16.0)


@dataclass
class _Rows:
    """What becomes the tables: pieces of columns for the wide ones, one mapping a row for the narrow ones."""

    operations: list[pa.Table] = field(default_factory=list)
    links: list[pa.Table] = field(default_factory=list)
    paths: list[pa.Table] = field(default_factory=list)
    exemplars: list[dict[str, Any]] = field(default_factory=list)
    instances: list[dict[str, Any]] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class _Drawn:
    """One operation under one root: its calls' own times and durations, (call,)."""

    operation: Operation
    own: NDArray[np.float64]
    duration: NDArray[np.float64]
    children: list[_Drawn]

    def walk(self) -> Iterator[tuple[_Drawn, _Drawn | None]]:
        todo: list[tuple[_Drawn, _Drawn | None]] = [(self, None)]
        while todo:
            drawn, parent = todo.pop()
            yield drawn, parent
            todo += [(child, drawn) for child in drawn.children]


def shop_analysis(*, seed: int = 7, minutes: int = 1440, suffix: str = "") -> Analysis:
    """The day; ``minutes`` cuts it short, ``suffix`` is appended to every service's name (for hostile names)."""
    rng = np.random.default_rng(seed)
    rows = _Rows()
    for root, per_minute in _shop(suffix):
        _root(rng, rows, root, per_minute, minutes)
    _instances(rows, minutes, suffix)
    batch = MinuteBatch.merge([_batch(rows)])
    series = SeriesBatch.from_minutes(batch)
    expected = forecasts(series)
    happened, rankings = incidents(series, expected, minutes, suffix)
    graph = ServiceGraph.from_minutes(batch)
    calls = int(column(batch.operations, "root_calls").sum())
    spans = int(column(batch.operations, "calls").sum())
    ingested = Ingested(
        minutes=batch,
        sources=(
            SourceSummary("shop-morning.json.gz", "jaeger_json", spans // 2, 48_211_020),
            SourceSummary("shop-evening.json.gz", "jaeger_json", spans - spans // 2, 51_008_411),
            SourceSummary(
                "notes.txt", "unknown", 0, 2_114, "not a format of traces at byte 0; give Jaeger, OTLP or Zipkin"
            ),
        ),
        spans=spans,
        traces=calls,
        services=len(graph.services),
        start_time_unix_nano=START * 60 * 10**9 + 4_120_000_000,
        end_time_unix_nano=(START + minutes) * 60 * 10**9 - 9_100_000,
        findings=findings(spans, suffix),
        exemplars=SpanBatch.from_rows(rows.spans),
    )
    return Analysis(
        ingested=ingested,
        learned=Learned(series, expected, ("A weekly rhythm cannot be learned from 1 day; 15 days would do.",)),
        graph=graph,
        incidents=happened,
        rankings=rankings,
        capacities=(Capacity(f"payments{suffix}", 4.0, 0.4, 0.9, 2.1, 5, 0.5),),
        advice=advice(suffix),
        headline=rankings[happened[0].id].headline + "." if happened else "All services are as expected.",
        parameters={
            "tracetune": "0.1.0",
            "seed": "7",
            "models": "lstm, trailing_median, seasonal",
            "ingest": "14.2 s",
            "learn": "61.0 s",
            "detect": "0.4 s",
            "explain": "0.9 s",
            "tune": "0.1 s",
        },
    )


def empty_analysis() -> Analysis:
    """What is left of a file without a single usable span."""
    batch = MinuteBatch.empty()
    return Analysis(
        ingested=Ingested(
            batch,
            (SourceSummary("empty.json", "jaeger_json", 0, 12),),
            0,
            0,
            0,
            0,
            0,
            (),
            SpanBatch.empty(),
        ),
        learned=Learned(SeriesBatch.from_minutes(batch), {}, ("No minute was seen; 30 are the least for a band.",)),
        graph=ServiceGraph((), ()),
        incidents=(),
        rankings={},
        capacities=(),
        advice=(),
        headline="No spans were found in empty.json.",
        parameters={"tracetune": "0.1.0"},
    )


def _root(rng: np.random.Generator, rows: _Rows, root: Operation, per_minute: float, minutes: int) -> None:
    at = np.arange(minutes)
    rate = per_minute * (1 - 0.6 * np.cos(2 * np.pi * (at - 240) / 1440))
    if root.name == "GET /":
        rate[SURGE[0] : SURGE[1]] *= 3.2
    rate[LOST[0] : LOST[1]] = 0
    minute = np.repeat(at, rng.poisson(rate))
    load = rate / per_minute
    drawn = _draw(rng, root, minute, load)
    for part, parent in drawn.walk():
        _account(rows, part, parent, drawn, minute)
    _exemplars(rows, drawn, minute)


def _draw(
    rng: np.random.Generator, operation: Operation, minute: NDArray[np.int64], load: NDArray[np.float64]
) -> _Drawn:
    queueing = 1 + 0.25 * np.maximum(load[minute] - 1, 0) ** 1.6
    own = rng.lognormal(np.log(operation.own_ms / 1e3), 0.34, len(minute)) * queueing
    slow = (minute >= SLOW[0]) & (minute < SLOW[1])
    if operation.name == "Authorize":
        own = np.where(slow, own * 7.5, own)
    children = [_draw(rng, callee, minute, load) for callee in operation.calls]
    duration = own + sum((child.duration for child in children), np.zeros(len(minute)))
    return _Drawn(operation, own, duration, children)


def _account(rows: _Rows, part: _Drawn, parent: _Drawn | None, root: _Drawn, minute: NDArray[np.int64]) -> None:
    duration, own = (part.duration * 1e9).astype(np.int64), (part.own * 1e9).astype(np.int64)
    failed = np.zeros(len(minute), np.int64)
    if part.operation.name == "Quote":
        during = (minute >= FAILING[0]) & (minute < FAILING[1])
        failed[during] = np.arange(int(during.sum())) % 3 == 0
    seen, row = np.unique(minute, return_inverse=True)
    ones = np.ones(len(minute), np.int64)

    def total(values: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(row, weights=values).astype(np.int64)

    def histogram(values: NDArray[np.int64]) -> pa.Array:
        return Histograms.from_entries(len(seen), row, bucket_of(values), ones.astype(np.uint64)).to_arrow()

    service, name = part.operation.service, part.operation.name
    calls, nothing = total(ones), np.zeros(len(seen), np.int64)
    common = {"minute": seen + START, "span_name": name, "calls": calls, "errors": total(failed)}
    rows.operations.append(
        _piece(
            OPERATIONS,
            common
            | {"service_name": service, "span_kind": nothing + SpanKind.SERVER, "is_entry": nothing == 0}
            | {"root_calls": calls if parent is None else nothing}
            | {"duration_nano": total(duration), "self_time_nano": total(own)}
            | {"duration": histogram(duration), "self_time": histogram(own)},
        )
    )
    rows.paths.append(
        _piece(
            PATHS,
            {"minute": seen + START, "entry_service": root.operation.service, "entry_name": root.operation.name}
            | {"service_name": service, "span_name": name, "traces": calls, "spans": calls}
            | {"critical_path_nano": total(own)},
        )
    )
    if parent is not None:
        unpaired = Histograms.from_entries(len(seen), row[:0], bucket_of(own[:0]), ones[:0].astype(np.uint64))
        rows.links.append(
            _piece(
                LINKS,
                common
                | {"client": parent.operation.service, "server": service}
                | {"connection_type": part.operation.connection, "client_duration_nano": total(duration)}
                | {"paired_calls": nothing, "gap_nano": nothing}
                | {"client_duration": histogram(duration), "gap": unpaired.to_arrow()},
            )
        )


def _exemplars(rows: _Rows, root: _Drawn, minute: NDArray[np.int64]) -> None:
    for at in (700, 790, 830, 845, 860, 1150):
        calls = np.flatnonzero(minute == at)
        if not len(calls):
            continue
        by_duration = calls[np.argsort(root.duration[calls])]
        for call, slowest in ((by_duration[-1], True), (by_duration[len(calls) // 2], False)):
            trace_id = int(call + 1).to_bytes(8, "big") + root.operation.name.encode()[-8:].rjust(8, b"\1")
            start = (START + at) * 60 * 10**9 + 1_500_000_000
            _spans(rows, root, int(call), trace_id, start)
            rows.exemplars.append(
                {
                    "minute": START + at,
                    "service_name": root.operation.service,
                    "span_name": root.operation.name,
                    "trace_id": trace_id,
                    "span_id": (1).to_bytes(8, "big"),
                    "duration_nano": int(root.duration[call] * 1e9),
                    "is_slowest": slowest,
                }
            )


def _spans(rows: _Rows, root: _Drawn, call: int, trace_id: bytes, start: int) -> None:
    count = 0
    todo = [(root, bytes(8), start)]
    while todo:
        part, parent_id, begin = todo.pop()
        count += 1
        span_id = count.to_bytes(8, "big")
        rows.spans.append(
            {
                "trace_id": trace_id,
                "span_id": span_id,
                "parent_span_id": parent_id,
                "name": part.operation.name,
                "kind": SpanKind.SERVER,
                "start_time_unix_nano": begin,
                "end_time_unix_nano": begin + int(part.duration[call] * 1e9),
                "status_code": StatusCode.UNSET,
                "service_name": part.operation.service,
            }
        )
        at = begin + int(part.own[call] * 0.5e9)
        for child in part.children:
            todo.append((child, span_id, at))
            at += int(child.duration[call] * 1e9)


def _instances(rows: _Rows, minutes: int, suffix: str) -> None:
    for at in range(minutes):
        version = "4.18.0" if at >= RELEASE else "4.17.2"
        for name, number in ((f"payments{suffix}", version), (f"frontend{suffix}", "2.9.1")):
            if LOST[0] <= at < LOST[1]:
                continue
            rows.instances.append(
                {
                    "minute": START + at,
                    "service_name": name,
                    "service_version": number,
                    "instance": f"{name}-0",
                    "calls": 10,
                    "errors": 0,
                    "busy_nano": 10**9,
                    "self_time_nano": 10**8,
                    "max_concurrency": 2,
                }
            )


def _batch(rows: _Rows) -> MinuteBatch:
    return MinuteBatch(
        pa.concat_tables(rows.operations),
        pa.concat_tables(rows.links),
        _table(rows.instances, INSTANCES),
        pa.concat_tables(rows.paths),
        _table(rows.exemplars, EXEMPLARS),
    )


def _piece(schema: pa.Schema, columns: Mapping[str, Any]) -> pa.Table:
    """A table from one array a column, or from one string for all its rows."""
    length = len(columns["minute"])
    arrays = []
    for entry in schema:
        values = columns[entry.name]
        if isinstance(values, str):
            codes = pa.array(np.zeros(length, np.int32))
            arrays.append(pa.DictionaryArray.from_arrays(codes, pa.array([values])))
        else:
            arrays.append(values if isinstance(values, pa.Array) else pa.array(values).cast(entry.type))
    return pa.table(arrays, schema=schema)


def _table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """A table from one mapping a row."""
    columns = []
    for entry in schema:
        values = [row[entry.name] for row in rows]
        if pa.types.is_dictionary(entry.type):
            columns.append(pa.array(values, pa.string()).dictionary_encode())
        else:
            columns.append(pa.array(values, entry.type))
    return pa.table(columns, schema=schema)
