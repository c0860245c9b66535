"""Speed of learning and of the live forecast: a minute of 10,000 series, training 1,000 for a day and 10,000 for two weeks.

Run: python benchmarks/bench_training.py [--only scoring day weeks gate]. Each part runs in a process of its own, so
that its peak memory is its own; times are of the wall and of the processors, for machines that are busy with something else.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the scorer is one thread; spinning helpers would be counted too

import numpy as np

from report import RESULTS, save
from tracetune.domain.forecasts import Verdict
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting import spool
from tracetune.forecasting.calibration import Widening
from tracetune.forecasting.candidates import candidates
from tracetune.forecasting.gate import Chosen
from tracetune.forecasting.holt_winters import HoltWintersPredictor
from tracetune.forecasting.learn import Normal, prepare
from tracetune.forecasting.network import shipped
from tracetune.forecasting.online import OnlineForecaster
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.trailing import TrailingMedianPredictor
from tracetune.forecasting.training import STEPS, Course, train
from tracetune.forecasting.windows import LATENCIES, Scales

DAY = 1440
OPERATIONS = 10_000
MEASURED_MINUTES = 15
Figures = dict[str, float]


def _series(count: int, minutes: int, seed: int) -> SeriesBatch:
    """Daily load, latency that follows it, noise: what a training costs does not depend on more."""
    rng = np.random.default_rng(seed)
    rhythm = np.sin(2.0 * np.pi * np.arange(minutes) / DAY + rng.uniform(0.0, 6.3, (count, 1)))
    calls = rng.poisson(np.exp(rng.uniform(1.0, 6.0, (count, 1)) + 0.4 * rhythm)).astype(np.float32)
    p50 = np.exp(rng.uniform(-5.0, -1.0, (count, 1)) + 0.2 * rhythm + 0.1 * rng.standard_normal((count, minutes)))
    nothing = np.broadcast_to(np.float32(np.nan), calls.shape)
    metrics: dict[Metric, Any] = dict.fromkeys(Metric, nothing)
    metrics |= {Metric.CALLS: calls, LATENCIES[0]: p50.astype(np.float32), LATENCIES[1]: (2.5 * p50).astype(np.float32)}
    keys = tuple(SeriesKey(f"service-{seed}-{at // 5}", f"operation-{at}") for at in range(count))
    return SeriesBatch(keys, 29_520_000, metrics, np.ones(minutes, np.bool_), np.ones(count))


def _normal(history: SeriesBatch, metrics: tuple[Metric, ...]) -> Normal:
    """The network speaks for every latency and smoothing for every count, each before a trailing median."""
    keys, floors = history.keys, dict.fromkeys(history.keys, 0.1)
    scales = Scales.of(history)
    models = {}
    for metric in metrics:
        best = LstmPredictor(shipped(), scales, metric) if metric in LATENCIES else HoltWintersPredictor(metric, floors)
        verdicts = (Verdict(best.name, {}, float("nan"), ""),) * len(keys)
        predictors = (TrailingMedianPredictor(metric, floors), best)
        models[metric] = Chosen(metric, predictors, (Widening(),) * 2, keys, np.ones(len(keys), np.int64), verdicts)
    return Normal(models, ())


def measure_scoring() -> Figures:
    """Milliseconds of one minute, in the middle of a history."""
    series = _series(OPERATIONS, 45 + MEASURED_MINUTES, 0)
    figures: Figures = {}
    for name, metrics in {
        "10,000 series": (LATENCIES[1],),
        "10,000 operations, calls, p50 and p95": (Metric.CALLS, *LATENCIES),
    }.items():
        normal = _normal(series, metrics)
        online = OnlineForecaster.after(normal, series.between(0, 45))
        wall, processor = [], []
        for minute in range(45, series.length):
            values = {metric: series[metric][:, minute].astype(np.float64) for metric in (Metric.CALLS, *LATENCIES)}
            begun = time.perf_counter(), time.process_time()
            online.step(series.start_minute + minute, series.keys, values)
            wall.append(time.perf_counter() - begun[0])
            processor.append(time.process_time() - begun[1])
        figures[f"{name}: CPU milliseconds a minute"] = 1e3 * float(np.median(processor))
        figures[f"{name}: milliseconds a minute"] = 1e3 * float(np.median(wall))
    begun_processor = time.process_time()
    online.ahead(60)
    figures["the hour ahead of all of them: CPU seconds"] = time.process_time() - begun_processor
    return figures


def measure_day() -> Figures:
    """Seconds of a training from nothing on 1,000 series of 24 hours."""
    return _trained(_series(1000, DAY, 1), STEPS)


def measure_weeks() -> Figures:
    """Seconds and memory of a training on 10,000 series of 14 days, which lie in files."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        series = spool.write(Path(folder), _parts())
        written = time.perf_counter() - begun
        return {"writing the files: seconds": written, **_trained(series, 2 * STEPS)}


def _parts() -> Iterator[SeriesBatch]:
    """Forty times 250 series, each time at other levels: drawing all anew would take longer than learning them."""
    first = _series(250, 14 * DAY, 0)
    for number in range(OPERATIONS // 250):
        level = np.exp(np.random.default_rng(number).normal(size=(250, 1))).astype(np.float32)
        metrics = {
            metric: values * level if metric in LATENCIES else values for metric, values in first.metrics.items()
        }
        keys = tuple(SeriesKey(f"service-{number}-{at // 5}", f"operation-{at}") for at in range(250))
        yield replace(first, keys=keys, metrics=metrics)


def _trained(series: SeriesBatch, steps: int) -> Figures:
    losses: list[float] = []
    begun, processor = time.perf_counter(), time.process_time()
    train(series, Course(0, steps, progress=lambda step: losses.append(step.loss)))
    return {
        "steps": steps,
        "seconds": time.perf_counter() - begun,
        "CPU seconds": time.process_time() - processor,
        "first loss": losses[0],
        "last loss": float(np.mean(losses[-20:])),
        "peak memory, GiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def measure_gate() -> Figures:
    """Seconds and memory of learning everything of 2,000 operations of 3 days, as a server does every night."""
    series = _series(2000, 3 * DAY, 2)
    begun = time.process_time()
    normal = prepare(series, estimators=candidates(steps=STEPS // 2), seed=0)
    won = [verdict.model for chosen in normal.models.values() for verdict in chosen.verdicts]
    return {
        "CPU seconds": time.process_time() - begun,
        "won by the network, share": won.count("lstm") / len(won),
        "peak memory, GiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


TITLES = {
    "gate": "learning all of 2,000 operations of 3 days, with the gate",
    "day": "training 1,000 operations of 24 h",
    "weeks": "training 10,000 operations of 14 days, in files",
}
PARTS = {"scoring": measure_scoring, "day": measure_day, "weeks": measure_weeks, "gate": measure_gate}


def main() -> None:
    """Measure each part in a process of its own, print a table, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=tuple(PARTS), default=list(PARTS))
    parser.add_argument("--here", action="store_true", help="measure in this process and print JSON")
    arguments = parser.parse_args()
    if arguments.here:
        print(json.dumps(PARTS[arguments.only[0]]()))
        return
    path = RESULTS / "training.json"
    kept: dict[str, float | str] = json.loads(path.read_text("utf-8"))["figures"] if path.exists() else {}
    for part in arguments.only:
        command = [sys.executable, __file__, "--here", "--only", part]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own interpreter
        for name, value in json.loads(done.stdout.splitlines()[-1]).items():
            figure = name if part == "scoring" else f"{TITLES[part]}: {name}"
            kept[figure] = round(float(value), 3)
            print(f"{figure:80} {value:12,.2f}")
    save("training", [], **kept)


if __name__ == "__main__":
    main()
