"""Online Boutique with 56 faults of three minutes: are the faults' minutes the most surprising ones?

Per-minute figures of each pod and of the front end, two days, 24 and 32 faults. The labelled minutes are those that lie mostly
within three minutes of an injection. Each score is judged by the area under its ROC curve, and by the faults found at one false
alarm an hour and at a tenth of that; beside it a robust z-score of the trailing hour, on the same minutes. The product's score
is what it judges by: the larger departure of p50 and p90, by the models that the gate chose on the other day. How surely the two
areas differ is told by drawing hours anew.
"""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quality.volume import vus_pr
from tracetune.anomalies.errors import base_ratio, error_surprise
from tracetune.anomalies.seen import Seen
from tracetune.anomalies.signals import LATENCY, Signals
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting.learn import baselines, study

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
DAYS = ("2022-08-22", "2022-08-23")
FAULT_MINUTES, AFTER_MINUTES = 3, 2
WARM_UP_MINUTES = 60
CALLS_A_MINUTE = 540.0  # PodWorkload of the front end is 9 a second on both days
TRAILING = 60
DRAWS = 500


def measure() -> dict[str, Any]:
    """AUC and recall on each day of the front end's p90 and success rate, ours beside the robust z-score."""
    folder = Path(os.environ.get("TRACETUNE_DATA", "../shared/data")) / "nezha_onlineboutique_metrics"
    if not folder.is_dir():
        return {"skipped": f"{folder} is not there; TRACETUNE_DATA names the folder that holds it"}
    days = {day: _read(folder / "rca_data" / day, day) for day in DAYS}
    others = dict(zip(DAYS, reversed(DAYS), strict=True))
    return {day: _judged(days[day], learned_on=days[others[day]].series) for day in DAYS}


@dataclass(frozen=True, slots=True)
class _Day:
    """The front end on one day: its rows as series, and each row's minutes since each fault began."""

    series: SeriesBatch
    since: Array  # (minute, fault); a row holds the minute that ends at its time

    @property
    def labelled(self) -> Mask:
        """The rows mostly inside a fault."""
        mostly: Mask = np.any((self.since > 0.5) & (self.since <= FAULT_MINUTES + 0.5), axis=1)
        return mostly


def _read(folder: Path, day: str) -> _Day:
    with (folder / "metric" / "front_service.csv").open() as text:
        rows = list(csv.DictReader(text))
    start = int(rows[0]["TimeStamp"])
    minute = (np.array([int(row["TimeStamp"]) for row in rows]) - start) / 60.0
    p50, p90, success = (
        np.array([float(row[name]) for row in rows]) for name in ("LatencyP50(s)", "LatencyP90(s)", "SuccessRate(%)")
    )
    faults = json.loads((folder / f"{day}-fault_list.json").read_text())
    onsets = np.array([(int(each["inject_timestamp"]) - start) / 60.0 for hour in faults.values() for each in hour])
    return _Day(_series(p50, p90, success), minute[:, None] - onsets[None, :])


def _judged(day: _Day, *, learned_on: SeriesBatch) -> dict[str, Any]:
    series = day.series
    failed = series[Metric.ERROR_RATIO] * CALLS_A_MINUTE
    calls = series[Metric.CALLS]
    p90, success = series[Metric.LATENCY_P95][0], 1.0 - series[Metric.ERROR_RATIO][0]
    scores = {
        "p90": (_latency(series, learned_on), _robust_z(p90)),
        "success rate": (error_surprise(failed, calls, base_ratio(failed, calls))[0], -_robust_z(success)),
    }
    return {signal: _beside(day, np.nan_to_num(ours), theirs) for signal, (ours, theirs) in scores.items()}


def _beside(day: _Day, ours: Array, theirs: Array) -> dict[str, Any]:
    scored = np.arange(len(ours)) >= WARM_UP_MINUTES
    found: dict[str, Any] = {
        who: _figures(scores, day.labelled, scored, day.since)
        for who, scores in (("tracetune", ours), ("robust z", theirs))
    }
    found["difference of AUC, 90 % interval"] = _interval(ours, theirs, day.labelled, scored)
    return found


def _interval(ours: Array, theirs: Array, labelled: Mask, scored: Mask) -> list[float]:
    """Of AUC, ours less theirs, over hours drawn anew with replacement."""
    rng = np.random.default_rng(1)
    hours = np.array_split(np.flatnonzero(scored), max(int(scored.sum() / 60), 1))
    drawn = []
    for _ in range(DRAWS):
        at = np.concatenate([hours[each] for each in rng.integers(0, len(hours), len(hours))])
        if labelled[at].any():
            drawn.append(_auc(ours[at], labelled[at]) - _auc(theirs[at], labelled[at]))
    return [float(each) for each in np.quantile(drawn, (0.05, 0.95))]


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


def _latency(series: SeriesBatch, learned_on: SeriesBatch) -> Array:
    normal, _ = study(learned_on, estimators=baselines(), seed=0, horizon_minutes=0)
    scores: Array = Signals.of(Seen.of(normal.expect(series, horizon_minutes=0))).scores[LATENCY][0]
    return scores


def _robust_z(values: Array) -> Array:
    scores = np.zeros(len(values))
    for at in range(TRAILING, len(values)):
        past = values[at - TRAILING : at]
        middle = np.median(past)
        scores[at] = (values[at] - middle) / max(1.4826 * float(np.median(np.abs(past - middle))), 1e-9)
    return scores


def _figures(scores: Array, labelled: Mask, scored: Mask, since: Array) -> dict[str, float | None]:
    hours = float((scored & ~labelled).sum()) / 60.0
    return {
        "AUC": _auc(scores[scored], labelled[scored]),
        "recall at 1 an hour": _recall(scores, scored, since, hours),
        "recall at 0.1 an hour": _recall(scores, scored, since, 0.1 * hours),
        "VUS-PR": vus_pr(scores[scored], labelled[scored], most_buffer=FAULT_MINUTES),
    }


def _auc(scores: Array, labelled: Mask) -> float:
    """The chance that a labelled minute scores higher than another one; ties count half."""
    order = np.argsort(scores, kind="stable")
    _, first, count = np.unique(scores[order], return_index=True, return_counts=True)
    rank = np.empty(len(scores))
    rank[order] = np.repeat(first + 0.5 * (count + 1), count)
    yes = int(labelled.sum())
    return float((rank[labelled].sum() - yes * (yes + 1) / 2) / (yes * (len(scores) - yes)))


def _recall(scores: Array, scored: Mask, since: Array, allowed: float) -> float:
    """Share of faults with an alarm within their minutes (and two after), at so many alarms in other minutes."""
    near = (since > 0) & (since <= FAULT_MINUTES + AFTER_MINUTES)
    other = np.sort(scores[scored & ~near.any(axis=1)])[::-1]
    threshold = other[min(int(allowed), len(other) - 1)]
    judged = near[scored].any(axis=0)
    found = (near & (scored & (scores > threshold))[:, None]).any(axis=0)
    return float(found[judged].mean())
