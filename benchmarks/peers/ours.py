"""Ours on the series that the peers forecast; in a process of its own, because variants change constants.

Run: PYTHONPATH=benchmarks python -m peers.ours VARIANT SEED FORECASTS.npz
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import fields

import numpy as np

from ablations.variants import VARIANTS
from peers.series import JUDGED, METRIC, history
from tracetune.forecasting.scoring import LstmPredictor


def main() -> None:
    """Learn from all but the last minutes, forecast each of those, and print seconds as JSON."""
    name, seed, target = sys.argv[1:]
    variant = VARIANTS[name]
    variant.prepare()
    series = history(int(seed)).series
    begun = time.process_time()
    model = variant.learn(series.between(0, series.length - JUDGED))(METRIC)
    trained = time.process_time()
    followed = series.between(series.length - 2 * JUDGED, series.length)  # as long before, to be in the middle of it
    bands = model.predict(followed, horizon_minutes=0).values
    scored = 0.5 * (time.process_time() - trained)
    np.savez(target, quantiles=bands[:, JUDGED:])
    size = 0
    if isinstance(model, LstmPredictor):
        size = sum(getattr(model.weights, each.name).size for each in fields(model.weights))
    print(json.dumps({"training": trained - begun, "scoring": scored, "parameters": size}))


if __name__ == "__main__":
    main()
