"""Learning and detection, measured: training, scoring, and events found on made-up systems with known truth.

Run: python benchmarks/bench_learning.py [--seeds 101 102 103] [--json FILE] [--skip-network]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the scorer is one thread; spinning helpers would be counted too

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.forecasting.series_data import START_MINUTE, Event, EventKind, System, random_events

from tracetune.anomalies.detect import detect
from tracetune.anomalies.incidents import group
from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import AnomalyKind, Incident
from tracetune.domain.forecasts import LOWER, QUANTILES, UPPER
from tracetune.domain.series import Metric
from tracetune.forecasting.batches import WINDOWS_A_STEP
from tracetune.forecasting.candidates import candidates
from tracetune.forecasting.cell import State, Weights, step
from tracetune.forecasting.gate import excursions
from tracetune.forecasting.learn import Candidates, baselines, learn
from tracetune.forecasting.training import Course, train
from tracetune.forecasting.windows import FEATURES

RIGHT_KINDS = {
    EventKind.STEP: {AnomalyKind.SLOWER},
    EventKind.LEAK: {AnomalyKind.SLOWER},
    EventKind.ERRORS: {AnomalyKind.ERRORS},
    EventKind.SURGE: {AnomalyKind.SURGE, AnomalyKind.LOAD},
    EventKind.DROP: {AnomalyKind.DROP},
}
SLACK_MINUTES = 15  # an incident this long after an event is still its echo


def measure_training(seed: int) -> dict[str, float]:
    """Seconds of one training of 40 series × 24 hours, and windows a second once compiled."""
    series = System(seed, services=20).series()
    ticks: list[float] = []
    begun = time.perf_counter()
    train(series, Course(0, progress=lambda _: ticks.append(time.perf_counter())))
    seconds = time.perf_counter() - begun
    rate = WINDOWS_A_STEP / float(np.median(np.diff(ticks)))
    return {"training_seconds": seconds, "windows_per_second": rate, "first_step_seconds": ticks[0] - begun}


def measure_scoring(series: int = 10_000) -> dict[str, float]:
    """Milliseconds of one minute of so many series in numpy, by the wall and of one CPU."""
    rng = np.random.default_rng(0)
    hidden, quantiles = 48, len(QUANTILES)
    shapes = (
        (len(FEATURES), 4 * hidden),
        (hidden, 4 * hidden),
        (4 * hidden,),
        (hidden + len(FEATURES), hidden),
        (hidden,),
        (hidden, quantiles),
        (quantiles,),
    )
    weights = Weights(*(rng.normal(0.0, 0.2, shape).astype(np.float32) for shape in shapes))
    features = rng.normal(size=(series, len(FEATURES))).astype(np.float32)
    state = State.first(series, weights)
    wall, processor = [], []
    for _ in range(20):
        begun, begun_processor = time.perf_counter(), time.process_time()
        _, state = step(weights, features, state)
        wall.append(time.perf_counter() - begun)
        processor.append(time.process_time() - begun_processor)
    return {
        "scoring_milliseconds": 1e3 * float(np.median(wall)),
        "scoring_cpu_milliseconds": 1e3 * float(np.median(processor)),
    }


def measure_detection(estimators: Candidates, seeds: Sequence[int], minutes: int) -> dict[str, float]:
    """Events found, named rightly, false incidents a day and coverage, over systems with these seeds."""
    found: list[tuple[Event, Incident | None]] = []
    false, inside, latency_seconds = 0, [], []
    for seed in seeds:
        system = System(seed)
        events = random_events(seed, services=system.services, minutes=minutes)
        series = system.series(minutes=minutes, events=events)
        begun = time.perf_counter()
        learned = learn(series, estimators=estimators, seed=0)
        incidents = group(detect(learned), system.graph())
        latency_seconds.append(time.perf_counter() - begun)
        for event in events:
            near = [each for each in incidents if _overlaps(each, event)]
            right = [each for each in near if each.kind in RIGHT_KINDS[event.kind]]
            found.append((event, next(iter(right or near), None)))
        false += sum(not any(_overlaps(each, event) for event in events) for each in incidents)
        inside.append(_coverage(learned))
    hits = [(event, each) for event, each in found if each is not None]
    result = {
        "events": float(len(found)),
        "recall": len(hits) / len(found),
        "kind_right": sum(each.kind in RIGHT_KINDS[event.kind] for event, each in hits) / len(hits),
        "false_incidents_a_day": false / (len(seeds) * minutes / 1440),
        "onset_error_minutes": float(
            np.median([abs(each.onset - START_MINUTE - event.minute) for event, each in hits])
        ),
        "coverage": float(np.mean(inside)),
        "seconds": float(np.mean(latency_seconds)),
    }
    for kind in EventKind:
        of_kind = [each for event, each in found if event.kind is kind]
        result[f"recall_{kind}"] = sum(each is not None for each in of_kind) / max(len(of_kind), 1)
    return result


def _overlaps(incident: Incident, event: Event) -> bool:
    first, last = START_MINUTE + event.minute, START_MINUTE + event.minute + event.minutes
    end = incident.end if incident.end is not None else incident.onset + 1
    return incident.onset < last + SLACK_MINUTES and end > first - 5


def _coverage(learned: Learned) -> float:
    """Share of minutes outside excursions that lie inside the latency bands."""
    forecast = learned.forecasts[Metric.LATENCY_P95]
    seen, bands = learned.series[Metric.LATENCY_P95], forecast.values[:, : learned.series.length]
    counted = np.isfinite(seen) & np.isfinite(bands[:, :, LOWER]) & ~excursions(seen, bands)
    inside = (seen >= bands[:, :, LOWER]) & (seen <= bands[:, :, UPPER])
    return float(inside[counted].mean())


def main() -> None:
    """Measure, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--minutes", type=int, default=1440)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--skip-network", action="store_true")
    arguments = parser.parse_args()
    results = {"scoring 10,000 series": measure_scoring()}
    simple = baselines()
    contenders: dict[str, Candidates] = {
        "trailing median alone": {metric: each[:1] for metric, each in simple.items()},
        "baselines": simple,
    }
    if not arguments.skip_network:
        results["training 40 series × 24 h"] = measure_training(1)
        contenders["baselines and LSTM"] = candidates()
    for name, estimators in contenders.items():
        results[name] = measure_detection(estimators, arguments.seeds, arguments.minutes)
    for name, figures in results.items():
        print(name)
        for figure, value in figures.items():
            print(f"  {figure:32} {value:10.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
