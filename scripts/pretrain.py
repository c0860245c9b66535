"""Train the network that ships in the package, on made-up applications: make pretrain.

The result depends on the seeds below, the version of the code and the machine's arithmetic alone. The generator's development
and report seeds are not among those used here, nor are the lab's recordings: half an hour does not fill a window of two hours.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting import weights
from tracetune.forecasting.keras_backend import backend
from tracetune.forecasting.training import Course, Step, train
from tracetune.testing.history import Size, make_history

SEEDS = range(5001, 5013)
SIZE = Size(apps=3, services=8, days=6, test_days=2)
STEPS = 2000
COLD_SHARE = 0.5
SEED = 20190624


def systems(seeds: range, size: Size) -> SeriesBatch:
    """The series of all these systems side by side, in single precision."""
    parts = []
    for seed in seeds:
        parts.append(make_history(seed, size).series)
        sys.stderr.write(f"\rmade system {seed} ")
    metrics = {metric: np.concatenate([part[metric].astype(np.float32) for part in parts]) for metric in Metric}
    keys = tuple(
        SeriesKey(f"{seed}-{key.service_name}", key.span_name)
        for seed, part in zip(seeds, parts, strict=True)
        for key in part.keys
    )
    first = parts[0]
    return SeriesBatch(keys, first.start_minute, metrics, first.observed, np.concatenate([p.root_share for p in parts]))


def main() -> None:
    """Make the systems, train, and write the network with where it comes from."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=weights.SHIPPED)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--checkpoint", type=Path, default=Path("build/pretrain.npz"))
    arguments = parser.parse_args()
    arguments.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    losses: list[float] = []

    def tell(step: Step) -> None:
        losses.append(step.loss)
        if step.number % 20 == 0 or step.number == step.total:
            recent = float(np.mean(losses[-100:]))
            sys.stderr.write(
                f"\r{step.number}/{step.total}  loss {recent:.4f}  {step.windows_per_second:.0f} windows/s  "
                f"{step.seconds_left:.0f} s left "
            )

    series = systems(SEEDS, SIZE)
    course = Course(SEED, arguments.steps, None, tell, arguments.checkpoint, COLD_SHARE)
    found, _ = train(series, course)
    about = {
        "command": "scripts/pretrain.py",
        "generator": "tracetune.testing.history",
        "generator_seeds": list(SEEDS),
        "generator_size": asdict(SIZE),
        "series": len(series.keys),
        "minutes": series.length,
        "seed": SEED,
        "steps": arguments.steps,
        "cold_share": COLD_SHARE,
        "loss_of_last_100_steps": round(float(np.mean(losses[-100:])), 5),
        "tracetune": version("tracetune"),
        "keras": version("keras"),
        "backend": f"{backend()} {version(backend())}",
    }
    weights.save(arguments.out, found, about)
    sys.stderr.write(f"\nwrote {arguments.out} ({arguments.out.stat().st_size:,} bytes)\n")


if __name__ == "__main__":
    main()
