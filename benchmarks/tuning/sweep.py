"""Predict every point of the lab's sweep from the spans of its first setting, sealed by a hash; then judge what was measured.

python benchmarks/tuning/sweep.py predict    # writes benchmarks/results/tuning/sweep-*.json and their digests
python benchmarks/tuning/sweep.py judge dev  # beside lab/recordings/shop-sweep.csv, by lab's own judge
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from tracetune_lab.grid import load_grid
from tracetune_lab.predictions import Cell, PredictedPoint, Predictions, judge, read_predictions, verdicts
from tracetune_lab.sweep_table import PointRow

from tracetune import pipeline
from tracetune.domain.calls import CallSample
from tracetune.domain.whatif import Ask, Latency
from tracetune.sources.files import find
from tracetune.sources.readers import readers
from tracetune.tuning.estimate import estimate
from tracetune.tuning.model import QUANTILES, Model
from tracetune.tuning.observed import Floats, observe
from tracetune.tuning.predict import quantiles, run
from tracetune.tuning.structure import find_structure
from tracetune.tuning.templates import Stations
from tracetune.tuning.whatif import asked, whatif

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "tuning"
RECORDED = ROOT / "lab" / "recordings"
TRAINED_ON = ("point-00", "point-03")
_BASELINE_REQUESTS = 12_000
_METHODS = ("ours", "no-queue", "last-window", "mm1")


def sample() -> CallSample:
    """All calls of the training points."""
    files = find([str(RECORDED / "sweep" / name) for name in TRAINED_ON])
    return pipeline.ingest(files, readers(), max_spans=1_000_000, report=lambda *_: None).calls


def operation(span_name: str) -> str:
    """The lab's name of an endpoint, from that of Envoy's span."""
    path = span_name.partition(":9080")[2]
    return f"{'POST' if path in {'/checkout', '/cart'} else 'GET'} {path}"


def ours(model: Model, rate: float, replicas: Mapping[str, int], seconds: float) -> list[Cell]:
    """The product's answer, or its refusal."""
    found = whatif(model, rate / model.load.reference, replicas, seconds=seconds)
    final = [each.said for each in found.refusals if each.is_final]
    named = [("entry", found.overall), *((operation(each.span_name), each.latency) for each in found.endpoints)]
    return [cell for name, latency in named for cell in _cells(name, latency, final[0] if final else "")]


def _cells(name: str, latency: Latency | None, refused: str) -> list[Cell]:
    if latency is None:
        return [Cell(quantile, None, operation=name, refused=refused or "too few") for quantile in QUANTILES]
    bounded = (latency.p50, latency.p95, latency.p99)
    return [
        Cell(quantile, each.value, each.lower, each.upper, operation=name)
        for quantile, each in zip(QUANTILES, bounded, strict=True)
    ]


def _plain(model: Model, of_endpoint: tuple[Floats, ...]) -> list[Cell]:
    named = {"entry": np.concatenate(of_endpoint)}
    named |= {operation(name): values for (_, name), values in zip(model.endpoints, of_endpoint, strict=True)}
    return [
        Cell(quantile, float(value), operation=name)
        for name, values in named.items()
        for quantile, value in zip(QUANTILES, quantiles(values), strict=True)
    ]


def _seen(calls: CallSample, model: Model) -> Model:
    """The same traces with own time as it was seen, waiting and all, where nothing queues."""
    observed, _ = observe(calls)
    structure, _ = find_structure(observed)
    return replace(
        model, templates=model.templates._replace(work=structure.end - structure.start), best=_free(model.best)
    )


def _free(stations: Stations) -> Stations:
    return stations._replace(discipline=np.zeros_like(stations.discipline))


def no_queue(model: Model, seen: Model) -> Callable[[float, Mapping[str, int]], list[Cell]]:
    """Replay with own time as it was seen, whatever the load: what LatenSeer-like replay can say."""
    return lambda rate, _: _plain(model, run(seen, seen.best, rate, _BASELINE_REQUESTS, 1, resample=False).of_endpoint)


def last_window(model: Model, calls: CallSample) -> Callable[[float, Mapping[str, int]], list[Cell]]:
    """Everything stays as in the busiest training point."""
    observed, _ = observe(calls)
    roots = observed.trace_offset[:-1][model.traces]
    late = observed.arrived[roots] > np.median(observed.arrived[roots])
    took = (observed.ended - observed.arrived)[roots]
    of_endpoint = tuple(took[late & (model.endpoint == place)] for place in range(len(model.endpoints)))
    return lambda _rate, _replicas: _plain(model, of_endpoint)


def mm1(model: Model, seen: Model) -> Callable[[float, Mapping[str, int]], list[Cell]]:
    """Own time as seen, stretched as M/M/1 of each replica says: (1 - rho) then over (1 - rho) asked for."""

    def predict(rate: float, replicas: Mapping[str, int]) -> list[Cell]:
        own = np.array([station.work_seconds for station in model.stations])
        now = model.best.replicas
        then = asked(model, model.best, Ask(1.0, replicas)).replicas
        load = model.calls_per_trace * own
        before = np.minimum(np.mean(model.load.minutes) * load / now, 0.95)
        after = np.minimum(rate * load / then, 0.95)
        stretched = seen.best._replace(scale=(1 - before) / (1 - after))
        return _plain(model, run(seen, stretched, rate, _BASELINE_REQUESTS, 1, resample=False).of_endpoint)

    return predict


def predict() -> None:
    """Write the predictions of every method for every point that is no training point."""
    calls = sample()
    model = estimate(calls)
    seen = _seen(calls, model)
    grid = load_grid()
    seconds = grid.warm_up_seconds + grid.point_seconds
    methods: dict[str, Callable[[float, Mapping[str, int]], list[Cell]]] = {
        "ours": lambda rate, replicas: ours(model, rate, replicas, seconds),
        "no-queue": no_queue(model, seen),
        "last-window": last_window(model, calls),
        "mm1": mm1(model, seen),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name, method in methods.items():
        points = [
            PredictedPoint(point.rate_rps, point.replicas, method(point.rate_rps, point.replicas))
            for setting in grid.points()
            for point in setting
            if point.split != "train"
        ]
        content = msgspec.json.encode(Predictions(name, list(TRAINED_ON), points))
        path = RESULTS / f"sweep-{name}.json"
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        path.with_suffix(".sha256").write_text(f"{digest}\n", "utf-8")
        print(f"{path.relative_to(ROOT)} {digest}")


def judged(name: str, split: str) -> str:
    """The verdicts on one method, of the points of one split that were measured."""
    with (RECORDED / "shop-sweep.csv").open(newline="") as file:
        rows = [msgspec.convert(row, PointRow, strict=False) for row in csv.DictReader(file)]
    rows = [row for row in rows if row.split == split and row.service == "entry"]
    measured = {(row.rate_rps, " ".join(sorted(row.replicas.split()))) for row in rows}
    told = read_predictions(RESULTS / f"sweep-{name}.json")
    digest = hashlib.sha256((RESULTS / f"sweep-{name}.json").read_bytes()).hexdigest()
    if digest != (RESULTS / f"sweep-{name}.sha256").read_text("utf-8").strip():
        raise SystemExit(f"sweep-{name}.json was changed after it was sealed")
    points = [
        point
        for point in told.points
        if (point.rate_rps, " ".join(sorted(f"{key}={count}" for key, count in point.replicas.items()))) in measured
    ]
    lines = [
        f"| {name} | p{100 * verdict.quantile:g} | {verdict.cells} | {100 * verdict.refused:.0f} % | "
        f"{100 * verdict.mean_absolute_error:.1f} % | {100 * verdict.bias:+.1f} % | {100 * verdict.worst:.0f} % | "
        f"{100 * verdict.far_off:.1f} % | {100 * verdict.covered:.0f} % |"
        for verdict in verdicts(judge(Predictions(told.by, told.learnt_from, points), rows))
    ]
    return "\n".join(lines)


def main() -> None:
    """Predict, or judge one split."""
    if sys.argv[1:2] == ["predict"]:
        predict()
        return
    split = sys.argv[2] if len(sys.argv) > 2 else "dev"
    print(f"### Lab sweep, {split} points\n")
    print("| method | quantile | cells | refused | MAPE | bias | worst | off by > 30 % | within its 90 % interval |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for name in _METHODS:
        print(judged(name, split))


if __name__ == "__main__":
    main()
