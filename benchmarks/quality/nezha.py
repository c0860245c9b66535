"""Online Boutique with 56 faults of three minutes: are the faults' minutes the most surprising ones?

Per-minute figures of each pod and of the front end, two days, 24 and 32 faults. The labelled minutes are those that lie mostly
within three minutes of an injection. Each score is judged by the area under its ROC curve, and by the faults found at one false
alarm an hour and at a tenth of that; beside it a robust z-score of the trailing hour, on the same minutes.
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracetune.anomalies.errors import base_ratio, error_surprise
from tracetune.anomalies.scores import departure
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting.trailing import TrailingMedianEstimator

Array = NDArray[np.float64]
DAYS = ("2022-08-22", "2022-08-23")
FAULT_MINUTES, AFTER_MINUTES = 3, 2
WARM_UP_MINUTES = 60
CALLS_A_MINUTE = 540.0  # PodWorkload of the front end is 9 a second on both days
TRAILING = 60


def measure() -> dict[str, Any]:
    """AUC and recall on each day of the front end's p90 and success rate, ours beside the robust z-score."""
    folder = Path(os.environ.get("TRACETUNE_DATA", "../shared/data")) / "nezha_onlineboutique_metrics"
    if not folder.is_dir():
        return {"skipped": f"{folder} is not there; TRACETUNE_DATA names the folder that holds it"}
    return {day: _day(folder / "rca_data" / day, day) for day in DAYS}


def _day(folder: Path, day: str) -> dict[str, Any]:
    with (folder / "metric" / "front_service.csv").open() as text:
        rows = list(csv.DictReader(text))
    start = int(rows[0]["TimeStamp"])
    minute = (np.array([int(row["TimeStamp"]) for row in rows]) - start) / 60.0
    p50, p90, success = (
        np.array([float(row[name]) for row in rows]) for name in ("LatencyP50(s)", "LatencyP90(s)", "SuccessRate(%)")
    )
    faults = json.loads((folder / f"{day}-fault_list.json").read_text())
    onsets = np.array([(int(each["inject_timestamp"]) - start) / 60.0 for hour in faults.values() for each in hour])
    since = minute[:, None] - onsets[None, :]  # (minute, fault); a row holds the minute that ends at its time
    labelled = ((since > 0.5) & (since <= FAULT_MINUTES + 0.5)).any(axis=1)  # the rows mostly inside
    scored = np.arange(len(rows)) >= WARM_UP_MINUTES
    series = _series(p50, p90, success)
    ours = {
        "p90": _latency(series),
        "success rate": error_surprise(
            series[Metric.ERROR_RATIO] * CALLS_A_MINUTE,
            series[Metric.CALLS],
            base_ratio(series[Metric.ERROR_RATIO] * CALLS_A_MINUTE, series[Metric.CALLS]),
        )[0],
    }
    simple = {"p90": _robust_z(p90), "success rate": -_robust_z(success)}
    return {
        signal: {
            who: _figures(np.nan_to_num(scores[signal]), labelled, scored, since)
            for who, scores in (("tracetune", ours), ("robust z", simple))
        }
        for signal in ours
    }


def _series(p50: Array, p90: Array, success: Array) -> SeriesBatch:
    """The front end as one series; its p90 stands where a p95 usually does."""
    values = {
        Metric.CALLS: np.full(len(p50), CALLS_A_MINUTE),
        Metric.ERROR_RATIO: np.round((1.0 - success / 100.0) * CALLS_A_MINUTE) / CALLS_A_MINUTE,
        Metric.LATENCY_P50: p50,
        Metric.LATENCY_P95: p90,
        Metric.SELF_TIME_P50: p50,
        Metric.SELF_TIME_P95: p90,
    }
    metrics = {metric: each[None, :] for metric, each in values.items()}
    return SeriesBatch((SeriesKey("frontend", ""),), 0, metrics, np.ones(len(p50), np.bool_), np.ones(1))


def _latency(series: SeriesBatch) -> Array:
    metric = Metric.LATENCY_P95
    fitted = TrailingMedianEstimator().fit(series, metric, seed=0)
    expected = fitted.predict(series, horizon_minutes=0).values
    scores: Array = departure(metric, series[metric], expected)[0]
    return scores


def _robust_z(values: Array) -> Array:
    scores = np.zeros(len(values))
    for at in range(TRAILING, len(values)):
        past = values[at - TRAILING : at]
        middle = np.median(past)
        scores[at] = (values[at] - middle) / max(1.4826 * float(np.median(np.abs(past - middle))), 1e-9)
    return scores


def _figures(
    scores: Array, labelled: NDArray[np.bool_], scored: NDArray[np.bool_], since: Array
) -> dict[str, float | None]:
    hours = float((scored & ~labelled).sum()) / 60.0
    return {
        "AUC": _auc(scores[scored], labelled[scored]),
        "recall at 1 an hour": _recall(scores, scored, since, hours),
        "recall at 0.1 an hour": _recall(scores, scored, since, 0.1 * hours),
    }


def _auc(scores: Array, labelled: NDArray[np.bool_]) -> float:
    """The chance that a labelled minute scores higher than another one; ties count half."""
    order = np.argsort(scores, kind="stable")
    _, first, count = np.unique(scores[order], return_index=True, return_counts=True)
    rank = np.empty(len(scores))
    rank[order] = np.repeat(first + 0.5 * (count + 1), count)
    yes = int(labelled.sum())
    return float((rank[labelled].sum() - yes * (yes + 1) / 2) / (yes * (len(scores) - yes)))


def _recall(scores: Array, scored: NDArray[np.bool_], since: Array, allowed: float) -> float:
    """Share of faults with an alarm within their minutes (and two after), at so many alarms in other minutes."""
    near = (since > 0) & (since <= FAULT_MINUTES + AFTER_MINUTES)
    other = np.sort(scores[scored & ~near.any(axis=1)])[::-1]
    threshold = other[min(int(allowed), len(other) - 1)]
    judged = near[scored].any(axis=0)
    found = (near & (scored & (scores > threshold))[:, None]).any(axis=0)
    return float(found[judged].mean())
