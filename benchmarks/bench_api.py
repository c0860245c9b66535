"""How quickly the API answers at 1,000 services and 7 days of minutes:  python benchmarks/bench_api.py [SERVICES] [DAYS].

The server is a process of its own with a real uvicorn; one client asks over one connection, as a page does. Every series
is another one, so that nothing is answered from memory but what a snapshot shares. ``new snapshot`` is the first answer
after a new minute was published and prepared.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pyarrow as pa
import uvicorn

import report
from tracetune.api.app import Options, create_app
from tracetune.api.guard import Limits
from tracetune.api.snapshots import fixed
from tracetune.domain.analysis import Analysis, Ingested, Learned
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident, Severity
from tracetune.domain.causes import Cause, CauseKind, CauseRanking
from tracetune.domain.forecasts import QUANTILES, Forecast, Verdict
from tracetune.domain.graph import Edge, ServiceGraph
from tracetune.domain.histograms import HISTOGRAM
from tracetune.domain.minutes import OPERATIONS, MinuteBatch
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.domain.spans import SpanBatch
from tracetune.live.events import MinuteClosed
from tracetune.live.publisher import Publisher, Snapshot

START = 29_700_000
HORIZON = 60
BUCKETS = 6
GOAL_MS = 100.0


def system(services: int, minutes: int) -> Analysis:
    """A seeded system: each service has one operation and calls two others; three are in an incident."""
    rng = np.random.default_rng(5)
    keys = tuple(SeriesKey(f"service-{n:04}", "GET /") for n in range(services))
    shape = (services, minutes)
    wave = 1 + 0.4 * np.sin(2 * np.pi * np.arange(minutes + HORIZON) / 1440)
    base = rng.uniform(0.01, 0.3, (services, 1))
    latency = base * wave[:minutes] * rng.lognormal(0, 0.1, shape)
    calls = np.round(200 * wave[:minutes] * rng.uniform(0.5, 1.5, (services, 1)))
    metrics = dict.fromkeys(Metric, latency) | {Metric.CALLS: calls, Metric.ERROR_RATIO: np.zeros(shape)}
    series = SeriesBatch(keys, START, metrics, np.ones(minutes, np.bool_), np.full(services, 0.5))
    bounds = np.exp(np.linspace(-0.25, 0.25, len(QUANTILES)))
    verdicts = (Verdict("lstm", {"lstm": 0.01}, 0.97, "beats the trailing median"),) * services
    forecasts = {
        metric: Forecast(keys, metric, START, minutes, (level * wave)[:, :, None] * bounds, verdicts)
        for metric, level in ((Metric.LATENCY_P95, base), (Metric.CALLS, np.full((services, 1), 200.0)))
    }
    onset = START + minutes - 20
    anomalies = tuple(
        Anomaly(f"a-{n:06}", keys[n], AnomalyKind.SLOWER, Severity.CRITICAL, onset + n, None, 3, 1, 0, 0, 0, 9, "slow")
        for n in range(3)
    )
    incident = Incident("INC-0001", anomalies, AnomalyKind.SLOWER, Severity.CRITICAL, onset, None)
    cause = Cause("service-0002", "", CauseKind.OWN_TIME, 0.9, ("its own time grew",), ())
    ranking = CauseRanking("INC-0001", "slow because of service-0002", (cause,), keys[0], 0.1, 0.3, ())
    called = [(n, m) for n in range(services) for m in (2 * n + 1, 2 * n + 2) if m < services]
    edges = tuple(Edge(keys[n].service_name, keys[m].service_name, "", 1_000, 0) for n, m in called)
    graph = ServiceGraph(tuple(key.service_name for key in keys), edges)
    table = operations(keys, calls, latency)
    batch = MinuteBatch.empty()
    batch = MinuteBatch(table, batch.links, batch.instances, batch.paths, batch.exemplars)
    counted = int(calls.sum())
    ingested = Ingested(batch, (), counted, counted, services, 0, 1, (), SpanBatch.empty())
    learned = Learned(series, forecasts, ())
    return Analysis(ingested, learned, graph, (incident,), {"INC-0001": ranking}, (), (), ranking.headline, {})


def operations(keys: tuple[SeriesKey, ...], calls: np.ndarray, latency: np.ndarray) -> pa.Table:
    """One row a minute and service, as the store gives them: by minute, then by service."""
    services, minutes = calls.shape
    rows = services * minutes
    codes = np.tile(np.arange(services, dtype=np.int32), minutes)
    middle = np.round(16 * np.log2(latency.T.reshape(-1))).astype(np.int16)
    buckets = (middle[:, None] + np.arange(BUCKETS, dtype=np.int16)).reshape(-1)
    counts = np.full(rows * BUCKETS, 30, np.uint64)
    offsets = np.arange(rows + 1, dtype=np.int32) * BUCKETS
    maps = pa.MapArray.from_arrays(pa.array(offsets), pa.array(buckets), pa.array(counts)).cast(HISTOGRAM)
    total = calls.T.reshape(-1).astype(np.int64)
    nothing = pa.array(np.zeros(rows, np.int64))
    columns = {
        "minute": pa.array(np.repeat(np.arange(START, START + minutes, dtype=np.int32), services)),
        "service_name": pa.DictionaryArray.from_arrays(codes, pa.array([key.service_name for key in keys])),
        "span_name": pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), pa.array(["GET /"])),
        "span_kind": pa.array(np.full(rows, 2, np.int8)),
        "is_entry": pa.array(np.ones(rows, np.bool_)),
        "calls": pa.array(total),
        **dict.fromkeys(("errors", "root_calls", "duration_nano", "self_time_nano"), nothing),
        "duration": maps,
        "self_time": maps,
    }
    return pa.table([columns[name] for name in OPERATIONS.names], schema=OPERATIONS)


def serve(port: int, services: int, days: int) -> None:
    """The server; a POST to /publish publishes the same analysis as a new snapshot."""
    analysis = system(services, days * 1440)
    publisher: Publisher = fixed(analysis)
    app = create_app(publisher, options=Options(limits=Limits(requests_per_second=1e9, burst=1e9)))

    @app.middleware("http")
    async def publish(request, following):  # type: ignore[no-untyped-def]  # Starlette's own types  # noqa: ANN001, ANN202
        if request.url.path == "/publish":
            before = publisher.current()
            publisher.publish(Snapshot(analysis, before.version + 1, 1), [MinuteClosed(1, before.version + 1)])
        begun = time.process_time()
        answer = await following(request)
        answer.headers["x-cpu-ms"] = f"{1e3 * (time.process_time() - begun):.3f}"
        return answer

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def questions(services: int, days: int) -> Iterator[tuple[str, list[str]]]:
    """Paths to ask, by what they are."""
    chosen = np.random.default_rng(3).permutation(services)[:200].tolist()
    yield "overview, 3 h", ["overview?from=now-3h"] * 200
    yield f"overview, {days} days", ["overview"] * 200
    yield f"series, {days} days", [f"services/service-{n:04}/series?points=1200" for n in chosen]
    yield "series, 3 h", [f"services/service-{n:04}/series?from=now-3h" for n in chosen]
    yield "service, 3 h", [f"services/service-{n:04}?from=now-3h" for n in chosen]
    yield "services, 3 h", ["services?from=now-3h"] * 50
    yield "graph, 3 h", ["graph?from=now-3h"] * 50
    yield "strips, 3 h", ["strips?from=now-3h"] * 50
    yield "anomalies, 3 h", ["anomalies?from=now-3h"] * 50


def measure(client: httpx.Client, paths: list[str]) -> dict[str, float]:
    """Milliseconds an answer: of the server's processors, and on the clock of a client on the same machine."""
    spent, taken = [], []
    for path in paths:
        begun = time.perf_counter()
        answer = client.get(f"/api/v1/{path}")
        taken.append(1e3 * (time.perf_counter() - begun))
        spent.append(float(answer.headers["x-cpu-ms"]))
        assert answer.status_code == 200, answer.text
    return {
        "cpu_p50_ms": float(np.median(spent)),
        "cpu_p95_ms": float(np.percentile(spent, 95)),
        "wall_p50_ms": float(np.median(taken)),
        "wall_p95_ms": float(np.percentile(taken, 95)),
    }


def main() -> None:
    """Start the server, ask, print."""
    services = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    port = 18_473
    command = [sys.executable, __file__, "--serve", str(port), str(services), str(days)]
    child = subprocess.Popen(command)  # noqa: S603 - this script
    found: dict[str, dict[str, float]] = {}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
            wait(client, child)
            client.get("/publish")
            wait_for(client, 2)
            for name, paths in questions(services, days):
                found[name] = measure(client, paths)
            version = 3
            first: list[dict[str, float]] = []
            for _ in range(5):
                client.get("/publish")
                wait_for(client, version)
                version += 1
                first.append(measure(client, ["overview?from=now-3h", "graph?from=now-3h"]))
            name = "after a new minute: overview and graph, 3 h"
            found[name] = {figure: max(each[figure] for each in first) for figure in first[0]}
    finally:
        child.kill()
        child.wait()
    print(f"{services:,} services, {days} days; goal: p95 of overview and series below {GOAL_MS:.0f} ms")
    print(f"{'milliseconds an answer':44} {'CPU p50':>8} {'CPU p95':>8} {'p50':>8} {'p95':>8}")
    for name, each in found.items():
        print(f"{name:44} " + " ".join(f"{value:8.1f}" for value in each.values()))
    print(f"processes that wanted one of {os.cpu_count()} processors meanwhile: {os.getloadavg()[0]:.0f}")
    figures = {f"{name}: {figure}": round(value, 2) for name, each in found.items() for figure, value in each.items()}
    report.save("api", (), services=services, days=days, goal_ms=GOAL_MS, load_average=os.getloadavg()[0], **figures)


def wait(client: httpx.Client, child: subprocess.Popen[bytes]) -> None:
    """Until the server answers."""
    while True:
        assert child.poll() is None, "the server ended"
        try:
            client.get("/healthz")
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return


def wait_for(client: httpx.Client, version: int) -> None:
    """Until a snapshot is prepared and shown."""
    while client.get("/api/v1/").json()["snapshot"] < version:
        time.sleep(0.05)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
