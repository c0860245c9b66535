"""Random applications of known queues: what is identified, and how far predictions at unseen loads and replicas are off.

python benchmarks/tuning/random_apps.py dev 12     # seeds 0 to 11; report uses seeds 1000 on
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tracetune.domain.whatif import Discipline, Latency, Station, Status
from tracetune.testing.networks import RandomApp, calls_of, random_app, slots_of
from tracetune.testing.queues import OWN_WORK, SHARED, WHOLE_REQUEST
from tracetune.tuning.queues.estimate import estimate
from tracetune.tuning.queues.observed import Floats
from tracetune.tuning.whatifs.whatif import whatif

RESULTS = Path(__file__).resolve().parents[1] / "results" / "tuning"
FIRST = {"dev": 0, "report": 1000}
CLEAR_USE = 0.4
_MEAN_OF_RAMP = 0.75
_TRUE = {OWN_WORK: Discipline.SELF, WHOLE_REQUEST: Discipline.HOLD, SHARED: Discipline.SHARING}
_CHANGES = ((0.6, 0), (0.85, 1), (1.2, 1), (1.2, 0))
"""Times the full rate, and replicas added to the busiest service."""


@dataclass
class Tally:
    """What is counted over all applications."""

    busy: int = 0
    answered: int = 0
    right: int = 0
    saturation: list[float] = field(default_factory=list)
    cells: int = 0
    refused: int = 0
    errors: list[list[float]] = field(default_factory=list)
    covered: list[list[bool]] = field(default_factory=list)


def main() -> None:
    """Run all, print the tables and keep them."""
    split, apps = sys.argv[1], int(sys.argv[2])
    tally = Tally()
    for seed in range(FIRST[split], FIRST[split] + apps):
        _one(seed, tally)
    errors, covered = np.abs(np.array(tally.errors)), np.array(tally.covered)
    saturation = np.abs(np.array(tally.saturation))
    print(f"### {apps} random applications, {split} seeds\n")
    print("| of services with at least 40 % use at the peak | |\n|---|---:|")
    print(f"| services | {tally.busy} |")
    print(f"| answered | {100 * tally.answered / tally.busy:.0f} % |")
    print(f"| discipline and slots right when answered | {100 * tally.right / max(tally.answered, 1):.0f} % |")
    print(f"| saturation point within 15 % | {100 * (saturation <= 0.15).mean():.0f} % of {len(saturation)} |\n")
    print(
        "| quantile | cells | refused | MAPE | off by > 30 % | within its 90 % interval |\n|---|---:|---:|---:|---:|---:|"
    )
    for place, name in enumerate(("p50", "p95", "p99")):
        print(
            f"| {name} | {tally.cells} | {100 * tally.refused / tally.cells:.0f} % | {100 * errors[:, place].mean():.1f} % | "
            f"{100 * (errors[:, place] > 0.3).mean():.1f} % | {100 * covered[:, place].mean():.0f} % |"
        )
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = {
        "services": tally.busy,
        "answered": tally.answered,
        "right": tally.right,
        "saturation_within_15": float((saturation <= 0.15).mean()),
        "cells": tally.cells,
        "refused": tally.refused,
        "mape": errors.mean(axis=0).round(4).tolist(),
        "far_off": (errors > 0.3).mean(axis=0).round(4).tolist(),
        "covered": covered.mean(axis=0).round(4).tolist(),
    }
    (RESULTS / f"random-apps-{split}.json").write_text(json.dumps(kept, indent=2) + "\n", "utf-8")


def _one(seed: int, tally: Tally) -> None:
    app = random_app(seed)
    seconds = int(min(120, max(40, 8000 / app.rate)))
    seen = app.run(app.rate * (0.5 + 0.5 * np.arange(seconds) / seconds), seed)
    model = estimate(calls_of(seen, app.network))
    for station in model.stations:
        _identified(app, int(station.service_name[1:]), station, tally)
    busiest = int(app.use.argmax())
    replicas = np.diff(app.network.instance_of_service)
    for factor, more in _CHANGES:
        rate, count = factor * app.rate, int(replicas[busiest]) + more
        found = whatif(model, rate / model.load.reference, {f"s{busiest}": count}, seconds=6000 / rate)
        true = _truth(app, rate, {busiest: count}, seed)
        for endpoint in found.endpoints:
            tally.cells += 1
            if endpoint.latency is None:
                tally.refused += 1
            elif endpoint.span_name in true:
                _judge(endpoint.latency, true[endpoint.span_name], tally)


def _identified(app: RandomApp, service: int, station: Station, tally: Tally) -> None:
    if service == 0 or app.use[service] < CLEAR_USE:
        return
    tally.busy += 1
    if station.status is not Status.IDENTIFIED:
        return
    tally.answered += 1
    operations = np.flatnonzero(app.network.service == service)
    groups = app.network.group_of_operation
    is_leaf = not any(groups[operation + 1] > groups[operation] for operation in operations)
    true, slots = _TRUE[int(app.network.discipline[service])], slots_of(app.network)[service]
    alike = {true, station.discipline} <= {Discipline.HOLD, Discipline.SELF} and is_leaf
    tally.right += bool((station.discipline is true or alike) and abs(station.slots - slots) <= 0.15 * slots)
    if true is not Discipline.HOLD:
        true_saturation = station.calls_per_second / _MEAN_OF_RAMP / app.use[service]
        tally.saturation.append(station.saturation_calls_per_second / true_saturation - 1)


def _truth(app: RandomApp, rate: float, replicas: dict[int, int], seed: int) -> dict[str, Floats]:
    run = app.run(np.full(int(6000 / rate) + 1, rate), 50_000 + seed, replicas)
    late = (run.parent < 0) & (run.sent >= np.quantile(run.sent, 0.05))
    took = (run.ended - run.arrived) / 1e9
    return {
        f"op{operation}": np.quantile(took[late & (run.operation == operation)], (0.5, 0.95, 0.99))
        for operation in np.unique(run.operation[late])
    }


def _judge(latency: Latency, true: Floats, tally: Tally) -> None:
    bounded = (latency.p50, latency.p95, latency.p99)
    tally.errors.append([each.value / value - 1 for each, value in zip(bounded, true, strict=True)])
    tally.covered.append([each.lower <= value <= each.upper for each, value in zip(bounded, true, strict=True)])


if __name__ == "__main__":
    main()
