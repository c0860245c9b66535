"""Predict every point of the lab's sweep from the spans of its first setting, sealed by a hash; then judge what was measured.

python benchmarks/tuning/sweep.py predict    # writes benchmarks/results/tuning/sweep-*.json and their digests; or "predict ours"
python benchmarks/tuning/sweep.py judge dev  # beside lab/recordings/shop-sweep.csv, by the lab's own judge
python benchmarks/tuning/sweep.py plot docs/tuning-sweep.svg
"""

from __future__ import annotations

import csv
import hashlib
import math
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from tracetune_lab.grid import load_grid
from tracetune_lab.predictions import Cell, Judged, PredictedPoint, Predictions, judge, read_predictions, verdicts
from tracetune_lab.sweep_table import PointRow

from tracetune import pipeline
from tracetune.domain.calls import CallSample
from tracetune.domain.whatif import Ask, Latency
from tracetune.sources.files import find
from tracetune.sources.readers import readers
from tracetune.tuning.queues.estimate import estimate
from tracetune.tuning.queues.model import QUANTILES, Model
from tracetune.tuning.queues.observed import Floats, observe
from tracetune.tuning.queues.predict import quantiles, run
from tracetune.tuning.queues.structure import find_structure
from tracetune.tuning.queues.templates import Stations
from tracetune.tuning.whatifs.whatif import asked, whatif

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "tuning"
RECORDED = ROOT / "lab" / "recordings"
TRAINED_ON = ("point-00", "point-03")
_BASELINE_REQUESTS = 12_000
_METHODS = ("ours", "no-queue", "last-window", "mm1")


_SIDE, _EDGE = 420, 52
_LOW, _HIGH = 0.06, 3.0
_COLOURS = {0.5: "#1b9e77", 0.95: "#7570b3", 0.99: "#d95f02"}
_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0)


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


def predict(wanted: Collection[str]) -> None:
    """Write the predictions of these methods for every point that is no training point."""
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
        if name not in wanted:
            continue
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


def cells(name: str, splits: tuple[str, ...]) -> list[Judged]:
    """The predictions of one method beside what was measured of some splits; SystemExit where they were changed."""
    with (RECORDED / "shop-sweep.csv").open(newline="") as file:
        rows = [msgspec.convert(row, PointRow, strict=False) for row in csv.DictReader(file)]
    rows = [row for row in rows if row.split in splits and row.service == "entry"]
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
    found: list[Judged] = judge(Predictions(told.by, told.learnt_from, points), rows)
    return found


def table(name: str, split: str) -> str:
    """The verdicts on one method, of the points of one split that were measured."""
    return "\n".join(
        f"| {name} | p{100 * verdict.quantile:g} | {verdict.cells} | {100 * verdict.refused:.0f} % | "
        f"{100 * verdict.mean_absolute_error:.1f} % | {100 * verdict.bias:+.1f} % | {100 * verdict.worst:.0f} % | "
        f"{100 * verdict.far_off:.1f} % | {100 * verdict.covered:.0f} % |"
        for verdict in verdicts(cells(name, (split,)))
    )


def place(seconds: float) -> float:
    """Pixels along an axis, logarithmic."""
    return (math.log(seconds) - math.log(_LOW)) / (math.log(_HIGH) - math.log(_LOW)) * _SIDE


def svg(shown: list[Judged]) -> str:
    """One dot a number with its interval, on equal logarithmic axes; grey is off by less than 30 %."""
    size = _SIDE + 2 * _EDGE
    band = [
        (_LOW, _LOW * 1.3),
        (_HIGH / 1.3, _HIGH),
        (_HIGH, _HIGH),
        (_HIGH, _HIGH / 1.3),
        (_LOW * 1.3, _LOW),
        (_LOW, _LOW),
    ]
    corners = " ".join(f"{_EDGE + place(x):.1f},{_EDGE + _SIDE - place(y):.1f}" for x, y in band)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" font-family="sans-serif" font-size="12">',
        f'<rect width="{size}" height="{size}" fill="#ffffff"/><polygon points="{corners}" fill="#eeeeee"/>',
        f'<line x1="{_EDGE}" y1="{_EDGE + _SIDE}" x2="{_EDGE + _SIDE}" y2="{_EDGE}" stroke="#888888"/>',
    ]
    for tick in _TICKS:
        x, y = _EDGE + place(tick), _EDGE + _SIDE - place(tick)
        label = f"{1000 * tick:.0f} ms" if tick < 1 else f"{tick:.0f} s"
        parts.append(f'<text x="{x:.1f}" y="{_EDGE + _SIDE + 18}" text-anchor="middle" fill="#333333">{label}</text>')
        parts.append(f'<text x="{_EDGE - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#333333">{label}</text>')
    for each in shown:
        low, high, value = each.cell.low_seconds, each.cell.high_seconds, each.cell.seconds
        if value is None or low is None or high is None:
            continue
        x, colour = _EDGE + place(each.measured_seconds), _COLOURS[each.cell.quantile]
        top, bottom = (_EDGE + _SIDE - place(min(bound, _HIGH)) for bound in (high, low))
        parts.append(
            f'<line x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" y2="{bottom:.1f}" stroke="{colour}" stroke-opacity="0.35"/>'
        )
        parts.append(f'<circle cx="{x:.1f}" cy="{_EDGE + _SIDE - place(value):.1f}" r="2.5" fill="{colour}"/>')
    for row, (quantile, colour) in enumerate(_COLOURS.items()):
        y = _EDGE + 14 + 18 * row
        parts.append(f'<circle cx="{_EDGE + 14}" cy="{y - 4}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{_EDGE + 24}" y="{y}" fill="#333333">p{100 * quantile:g}</text>')
    middle = _EDGE + _SIDE / 2
    parts.append(f'<text x="{middle}" y="{size - 12}" text-anchor="middle" fill="#333333">measured in the lab</text>')
    parts.append(
        f'<text x="{middle}" y="{_EDGE - 16}" text-anchor="middle" fill="#333333">predicted, with interval (up)</text>'
    )
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Predict, judge one split, or draw."""
    if sys.argv[1:2] == ["predict"]:
        predict(sys.argv[2:] or _METHODS)
        return
    if sys.argv[1:2] == ["plot"]:
        Path(sys.argv[2]).write_text(svg(cells("ours", ("dev", "report"))), "utf-8")
        return
    split = sys.argv[2] if len(sys.argv) > 2 else "dev"
    print(f"### Lab sweep, {split} points\n")
    print("| method | quantile | cells | refused | MAPE | bias | worst | off by > 30 % | within its 90 % interval |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for name in _METHODS:
        print(table(name, split))


if __name__ == "__main__":
    main()
