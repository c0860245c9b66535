"""NeuralForecast's LSTM and DeepAR beside ours: one history, one split, one minute ahead, the same quantiles, one thread.

Run: make bench-peers, which installs the peers in build/peers; or PYTHONPATH=benchmarks python -m peers [--only NAME …]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from peers.series import JUDGED, METRIC, SIZE, history
from quality.events import Truth, best_f1
from quality.generator import truth_of
from report import RESULTS, save
from tracetune.anomalies.rules import QUICK, gather
from tracetune.anomalies.scores import departure, with_enough_calls
from tracetune.domain.forecasts import LOWER, MIDDLE, QUANTILES, UPPER
from tracetune.domain.series import Metric
from tracetune.forecasting.gate import pinball_loss
from tracetune.testing.history import History

Array = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "build" / "peers" / "bin" / "python"
SEED = 931
STEPS = 320
ALONE = {"OMP_NUM_THREADS": "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "TF_CPP_MIN_LOG_LEVEL": "2"}

OURS = {
    "tracetune's trailing median": "trailing median, 24 h",
    "tracetune's network": "whole",
    "tracetune's network, newest minute seen": "lag 1",
}
THEIRS = {"NeuralForecast LSTM": "LSTM", "NeuralForecast DeepAR": "DeepAR"}


def main() -> None:
    """Measure those that were named, or all, print a row each and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=[*OURS, *THEIRS], default=[*OURS, *THEIRS])
    arguments = parser.parse_args()
    given = history(SEED)
    truth = truth_of(given)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "series.npz"
        _write(given, source)
        for name in arguments.only:
            cost, quantiles = _forecast(name, source, Path(folder) / "forecasts.npz")
            _keep(name, {**_judged(given, truth, quantiles), **cost})


def _keep(name: str, figures: dict[str, float]) -> None:
    """Print one model's figures, and keep them beside those that were measured before."""
    path = RESULTS / "peers.json"
    kept: dict[str, Any] = json.loads(path.read_text("utf-8"))["figures"] if path.exists() else {}
    for figure, value in figures.items():
        kept[f"{name}: {figure}"] = round(float(value), 4)
        print(f"{name:30} {figure:28} {value:10.4f}", flush=True)
    save("peers", [], **kept)


def _write(given: History, path: Path) -> None:
    """The logarithms of latency and of calls, what was not observed filled with the minute before: the peers know no gaps."""
    values = _filled(np.log(given.series[METRIC]))
    load = np.log1p(_filled(given.series[Metric.CALLS]))
    np.savez(path, values=values, load=load, levels=np.array(QUANTILES), judged=JUDGED)


def _filled(values: Array) -> Array:
    at = np.where(np.isfinite(values), np.arange(values.shape[1]), 0)
    last = np.take_along_axis(values, np.maximum.accumulate(at, axis=1), axis=1)
    return np.where(np.isfinite(last), last, np.nanmedian(values, axis=1, keepdims=True))


def _forecast(name: str, source: Path, target: Path) -> tuple[dict[str, float], Array]:
    if name in OURS:
        command = [sys.executable, "-m", "peers.ours", OURS[name], str(SEED), str(target)]
    else:
        script = str(Path(__file__).with_name("neural.py"))
        command = [str(PEERS), script, THEIRS[name], str(source), str(target), str(STEPS)]
    environment = {**os.environ, **ALONE}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)  # noqa: S603 - ours
    cost = json.loads(done.stdout.splitlines()[-1])
    figures = {
        "training, CPU seconds": cost["training"],
        "scoring a day, CPU seconds": cost["scoring"],
        "parameters": cost["parameters"],
    }
    quantiles: Array = np.load(target)["quantiles"]
    return figures, quantiles if name in OURS else np.exp(quantiles)


def _judged(given: History, truth: Truth, quantiles: Array) -> dict[str, float]:
    seen, calls = (given.series[metric][:, -JUDGED:] for metric in (METRIC, Metric.CALLS))
    learned = given.series[METRIC][:, :-JUDGED]
    counted = truth.normal & np.isfinite(seen) & np.isfinite(quantiles[:, :, MIDDLE])
    loss = _mean(pinball_loss(seen, quantiles), counted) / _mean(seen, counted)
    naive = np.nanmean(np.abs(np.diff(learned, axis=1)), axis=1)
    error = _mean(np.abs(seen - quantiles[:, :, MIDDLE]), counted) / naive
    inside = (seen >= quantiles[:, :, LOWER]) & (seen <= quantiles[:, :, UPPER])
    evidence = gather(with_enough_calls(departure(METRIC, seen, quantiles), calls), QUICK)
    return {
        "pinball loss, % of the mean": 100.0 * float(np.nanmedian(loss)),
        "MASE": float(np.nanmedian(error)),
        "coverage of 98 %": float(inside[counted].mean()),
        "event F1, 5 of 10": best_f1(evidence, truth),
        "series": float(len(seen)),
        "days learned": float(SIZE.days - SIZE.test_days),
    }


def _mean(values: Array, counted: NDArray[np.bool_]) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # series without one normal minute
        mean: Array = np.nanmean(np.where(counted, values, np.nan), axis=1)
    return mean


if __name__ == "__main__":
    main()
