"""Public traces of DeathStarBench's hotel at four loads: learn at 25, 50 and 75, and say what happens at 100, or refuse.

python benchmarks/tuning/hotel.py    # reads traceweaver_hotel under TRACETUNE_DATA
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tracetune import pipeline
from tracetune.domain.calls import CallSample
from tracetune.sources.files import find
from tracetune.sources.readers import readers
from tracetune.tuning.queues.estimate import estimate
from tracetune.tuning.queues.observed import Floats, observe
from tracetune.tuning.queues.predict import run
from tracetune.tuning.whatifs.whatif import whatif

DATA = Path(os.environ.get("TRACETUNE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
_LOADS = (25, 50, 75, 100)
_QUANTILES = (0.5, 0.9, 0.95, 0.99)


def seen(sample: CallSample) -> Floats:
    """Quantiles of the latency of whole traces, seconds."""
    observed, _ = observe(sample)
    root = observed.is_root & (observed.parent < 0)
    result: Floats = np.quantile((observed.ended - observed.arrived)[root], _QUANTILES)
    return result


def noise(sample: CallSample) -> Floats:
    """Standard errors of those quantiles, as shares of them, from 400 bootstrap draws of traces."""
    observed, _ = observe(sample)
    root = observed.is_root & (observed.parent < 0)
    took = (observed.ended - observed.arrived)[root]
    drawn = np.random.default_rng(1).choice(took, (400, len(took)))
    found: Floats = np.quantile(drawn, _QUANTILES, axis=1).std(axis=1) / np.quantile(took, _QUANTILES)
    return found


def grown(samples: Mapping[int, CallSample]) -> Floats:
    """Quantiles at 100 if each service's own time goes on growing as a power of the load, replayed on the traces at 75."""
    models = {load: estimate(samples[load]) for load in _LOADS[:3]}
    own = {
        name: [
            next(each.work_seconds for each in model.stations if each.service_name == name) for model in models.values()
        ]
        for name in models[75].services
    }
    power = {name: np.polyfit(np.log(_LOADS[:3]), np.log(seconds), 1)[0] for name, seconds in own.items()}
    last = models[75]
    scale = np.array([(100 / 75) ** power[name] for name in last.services])
    outcome = run(last, last.best._replace(scale=scale), last.load.reference, 4000, 1, resample=False)
    result: Floats = np.quantile(np.concatenate(outcome.of_endpoint), _QUANTILES)
    return result


def main() -> None:
    """Print the answer beside the obvious predictions, and how well the truth itself is known."""
    samples = {}
    for load in _LOADS:
        files = find([str(DATA / "traceweaver_hotel" / f"hotel_load{load}.tar.gz")])
        samples[load] = pipeline.ingest(files, readers(), max_spans=1_000_000, report=lambda *_: None).calls
    measured = {load: seen(sample) for load, sample in samples.items()}
    slope = np.polyfit(_LOADS[:3], np.stack([measured[load] for load in _LOADS[:3]]), 1)
    found = whatif(estimate(CallSample.merge([samples[load] for load in _LOADS[:3]])), 100 / 75)
    print(f"tracetune: {found.sentence}\n")
    rows = {
        "as at 75": measured[75] / measured[100] - 1,
        "straight line through 25, 50, 75": (slope[0] * 100 + slope[1]) / measured[100] - 1,
        "own time grown as a power of the load, replayed": grown(samples) / measured[100] - 1,
        "standard error of the truth": noise(samples[100]),
    }
    print(f"| | {' | '.join(f'p{100 * q:g}' for q in _QUANTILES)} |\n|---|{'---:|' * len(_QUANTILES)}")
    for name, values in rows.items():
        sign = "" if name.startswith("standard") else "+"
        print(f"| {name} | {' | '.join(f'{100 * value:{sign}.1f} %' for value in values)} |")


if __name__ == "__main__":
    main()
