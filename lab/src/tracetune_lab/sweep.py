"""Measures one topology at a grid of loads and replicas: the ground truth for scaling guidance."""

from __future__ import annotations

import asyncio
import csv
import tempfile
import time
from importlib import resources
from pathlib import Path

import msgspec
import numpy as np

from tracetune_lab.lab import Lab, LabOptions
from tracetune_lab.load import LoadPlan, LoadReport
from tracetune_lab.profiles import Profile
from tracetune_lab.topology import Topology
from tracetune_lab.topology_files import load_topology
from tracetune_lab.views import Row, Spans, columns, payload_rows


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is varied, and what is held.

    A point is one rate with one choice of replicas. Its first `warm_up_seconds` are not measured.
    `slots` replaces the pools of some services.
    """

    topology: str
    mix: dict[str, float]
    slots: dict[str, int]
    rates_rps: list[float]
    replicas: list[dict[str, int]]
    warm_up_seconds: float
    point_seconds: float
    seed: int


class PointRow(msgspec.Struct, frozen=True):
    """One line of the table: one operation at one point; seconds, of SERVER spans.

    The entry's line has operation `entry` and is the generator's own view, corrected for
    coordinated omission and with the warm-up in it; own times are NaN there.
    """

    point: int
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


def load_grid() -> Grid:
    """The grid that comes with the lab."""
    return msgspec.yaml.decode((resources.files("tracetune_lab") / "sweep.yaml").read_bytes(), type=Grid)


def topology_at(grid: Grid, replicas: dict[str, int]) -> Topology:
    """The grid's topology with one choice of replicas and the grid's pools."""
    topology = load_topology(grid.topology)
    services = dict(topology.services)
    for name, count in replicas.items():
        services[name] = msgspec.structs.replace(services[name], replicas=count)
    for name, slots in grid.slots.items():
        pool = msgspec.structs.replace(services[name].pool, slots=slots)
        services[name] = msgspec.structs.replace(services[name], pool=pool)
    return msgspec.structs.replace(topology, services=services)


async def run(grid: Grid, at_once: int) -> list[PointRow]:
    """Measure every point; each choice of replicas is one lab that goes through all rates."""
    turn = asyncio.Semaphore(at_once)

    async def one(number: int) -> list[PointRow]:
        async with turn:
            return await _run_choice(grid, number)

    found = await asyncio.gather(*(one(number) for number in range(len(grid.replicas))))
    return [row for rows in found for row in rows]


async def _run_choice(grid: Grid, number: int) -> list[PointRow]:
    topology = topology_at(grid, grid.replicas[number])
    payloads: list[bytes] = []
    rows: list[PointRow] = []
    options = LabOptions(seed=grid.seed + number)
    with tempfile.TemporaryDirectory(prefix="tracetune-lab-") as scratch:
        async with Lab(topology, options, Path(scratch), payloads.append) as lab:
            for place, rate in enumerate(grid.rates_rps):
                point = number * len(grid.rates_rps) + place
                payloads.clear()
                plan = _plan(grid, topology, lab.gateway_port, rate, grid.seed + point)
                report = await lab.run_load(plan)
                await lab.settle()
                rows.extend(_measure(grid, point, plan, report, payloads))
    return rows


def _plan(grid: Grid, topology: Topology, port: int, rate: float, seed: int) -> LoadPlan:
    return LoadPlan(
        url=f"http://127.0.0.1:{port}",
        host=topology.entry.service,
        profile=Profile(base_rps=rate, peak_rps=rate),
        mix=grid.mix,
        run_seconds=grid.warm_up_seconds + grid.point_seconds,
        seed=seed,
        start_unix_seconds=time.time() + 1.5,
    )


def _measure(grid: Grid, point: int, plan: LoadPlan, report: LoadReport, payloads: list[bytes]) -> list[PointRow]:
    spans: list[Row] = [row for payload in payloads for row in payload_rows(payload, zipkin=False)]
    begin = round((plan.start_unix_seconds + grid.warm_up_seconds) * 1e9)
    measured = columns(spans).between(begin, 2**62)
    replicas = " ".join(f"{name}={count}" for name, count in grid.replicas[point // len(grid.rates_rps)].items())
    rate = plan.profile.base_rps
    rows = [_entry_row(point, rate, replicas, report)]
    for service_name, name in measured.operations():
        served = measured.server(service_name, name)
        service, path = service_name.removesuffix(".default"), name.partition(":9080")[2]
        rows.append(_row((point, rate, replicas, service, path), served))
    return rows


def _row(key: tuple[int, float, str, str, str], served: Spans) -> PointRow:
    own = served.own_seconds
    p50, p95, p99 = np.quantile(served.duration_seconds, (0.5, 0.95, 0.99)).tolist()
    return PointRow(
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


def _entry_row(point: int, rate: float, replicas: str, report: LoadReport) -> PointRow:
    latency = report.latency_of()
    p50, p95, p99 = (latency.quantile_seconds(quantile) for quantile in (0.5, 0.95, 0.99))
    return PointRow(
        point=point,
        rate_rps=rate,
        replicas=replicas,
        service="entry",
        operation="entry",
        calls=report.sent,
        mean_seconds=latency.mean_seconds(),
        p50_seconds=p50,
        p95_seconds=p95,
        p99_seconds=p99,
        own_mean_seconds=float("nan"),
        own_p95_seconds=float("nan"),
        errors=report.failed(),
    )


def write_table(rows: list[PointRow], path: Path) -> None:
    """Write the table as CSV, seconds to a tenth of a millisecond; the rename makes it whole or absent."""
    fresh = path.with_suffix(".partial")
    with fresh.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(PointRow.__struct_fields__)
        for row in rows:
            values = msgspec.structs.astuple(row)
            writer.writerow([f"{value:.4f}" if isinstance(value, float) else value for value in values])
    fresh.rename(path)
