"""Public traces of DeathStarBench's hotel at four loads: learn at 25, 50 and 75, and say what happens at 100, or refuse.

python benchmarks/tuning/hotel.py    # reads traceweaver_hotel under TRACETUNE_DATA
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tracetune import pipeline
from tracetune.domain.calls import CallSample
from tracetune.sources.files import find
from tracetune.sources.readers import readers
from tracetune.tuning.estimate import estimate
from tracetune.tuning.observed import Floats, observe
from tracetune.tuning.whatif import whatif

DATA = Path(os.environ.get("TRACETUNE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
_LOADS = (25, 50, 75, 100)
_QUANTILES = (0.5, 0.9, 0.95, 0.99)


def seen(sample: CallSample) -> Floats:
    """Quantiles of the latency of whole traces, seconds."""
    observed, _ = observe(sample)
    root = observed.is_root & (observed.parent < 0)
    result: Floats = np.quantile((observed.ended - observed.arrived)[root], _QUANTILES)
    return result


def main() -> None:
    """Print the answer beside the obvious predictions."""
    samples = {}
    for load in _LOADS:
        files = find([str(DATA / "traceweaver_hotel" / f"hotel_load{load}.tar.gz")])
        samples[load] = pipeline.ingest(files, readers(), max_spans=1_000_000, report=lambda *_: None).calls
    measured = {load: seen(sample) for load, sample in samples.items()}
    slope = np.polyfit(_LOADS[:3], np.stack([measured[load] for load in _LOADS[:3]]), 1)
    found = whatif(estimate(CallSample.merge([samples[load] for load in _LOADS[:3]])), 100 / 75)
    print(f"tracetune: {found.sentence}")
    for name, predicted in (("as at 75", measured[75]), ("straight line", slope[0] * 100 + slope[1])):
        errors = predicted / measured[100] - 1
        print(
            f"{name}: " + ", ".join(f"p{100 * q:g} {100 * e:+.1f} %" for q, e in zip(_QUANTILES, errors, strict=True))
        )


if __name__ == "__main__":
    main()
