"""The lab's recordings: incidents found, how late, named how, and false ones, at one budget for all.

Protocol. Each scenario runs behind half an hour of calm of its own run, repeated to six hours of history (``long_recordings``).
Models and thresholds come from the history alone; then the scenario is looked at minute by minute, as it would have been
lived. The short recordings, without a calm of their own, stand behind calm dev minutes of their topology; what begins in
the first SPLICE_MINUTES there, where two recordings meet, is about the seam and not counted. A surge, a drop or another mix is
true where the entrances' calls truly changed. The budget was chosen on ``dev``; nothing was chosen on ``report``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from quality.long_recordings import long_recorded
from quality.recordings import HISTORY_MINUTES, Fault, Recorded, recorded, with_history
from tracetune.anomalies.detect import calibrate, detect
from tracetune.anomalies.incidents import group
from tracetune.anomalies.signals import Thresholds
from tracetune.causes.ranking import rank
from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import AnomalyKind, Incident
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.forecasting.learn import baselines, study

FALSE_INCIDENTS_A_WEEK = 70.0
"""Chosen on dev: at ten times as many, a quiet dev recording raised a false incident."""

SPLICE_MINUTES = 3
AFTER_MINUTES = 5
"""An incident that begins so long after a fault is still its own."""

_SLOW = {AnomalyKind.SLOWER}
RIGHT_KINDS = {
    "latency_constant": _SLOW,
    "latency_heavy_tailed": _SLOW,
    "latency_leak": _SLOW,
    "bad_replica": _SLOW,
    "slow_dependency": _SLOW,
    "slow_hop": _SLOW,
    "cpu_contention": _SLOW,
    "pool_too_small": _SLOW,
    "retry_storm": _SLOW,
    "release_regression": _SLOW,
    "errors": {AnomalyKind.ERRORS},
    "traffic_surge": {AnomalyKind.SURGE, AnomalyKind.LOAD},
    "mix_shift": {AnomalyKind.MIX},
}
"""Faults that must be found, and by which names; a release must be named beside the slowness it brought. All others,
releases that change nothing, long polls, skewed clocks, lost and sampled spans, are no fault of the system."""

_OF_CALLS = {AnomalyKind.SURGE, AnomalyKind.DROP, AnomalyKind.MIX}
_CALLS_CHANGED = 0.3
_BESIDE_FAULT = {"head_sampling", "span_loss", "long_poll"}
"""What changes the calls that are seen: an incident about calls is then true, one about slowness or errors is not."""


@dataclass(frozen=True, slots=True)
class Result:
    """One recording.

    Attributes:
        found, kind, kind_right, release: of the incident that answers the fault, if there is a fault to find.
        delay_minutes: from the true onset to the end of the minute in which the incident was first seen.
        false: kinds of incidents that answer nothing.
        slower_raised: whether any incident said "slower".
    """

    recording: str
    fault: str
    minutes: int
    wanted: bool
    found: bool = False
    kind: str = ""
    kind_right: bool = False
    release: str = ""
    delay_minutes: float = np.nan
    false: tuple[str, ...] = ()
    slower_raised: bool = False
    skipped: str = ""


def measure(split: str, budget: float = FALSE_INCIDENTS_A_WEEK) -> dict[str, Any]:
    """The figures of the long runs of a split, and of its short recordings."""
    return {
        name: summary([judge(each, budget) for each in found])
        for name, found in (("long", long_recorded(split)), ("short", recorded(split)))
    }


def summary(results: list[Result]) -> dict[str, Any]:
    """The figures of a table."""
    judged = [each for each in results if not each.skipped]
    wanted = [each for each in judged if each.wanted]
    found = [each for each in wanted if each.found]
    false = sum(len(each.false) for each in judged)
    days = sum(each.minutes for each in judged) / 1440
    return {
        "faults": len(wanted),
        "recall": len(found) / max(len(wanted), 1),
        "median_delay_minutes": float(np.median([each.delay_minutes for each in found])) if found else None,
        "kind_right": sum(each.kind_right for each in found) / max(len(found), 1),
        "false_incidents": false,
        "days": days,
        "false_incidents_a_day": false / days,
        "false_budget_a_week": FALSE_INCIDENTS_A_WEEK,
        "slower_where_nothing_is": [each.recording for each in judged if not each.wanted and each.slower_raised],
        "recordings": [asdict(each) for each in results],
    }


def judge(recording: Recorded, budget: float) -> Result:
    """What is found in one recording, and what of it is true."""
    minutes = with_history(recording)
    series = SeriesBatch.from_minutes(minutes)
    fault = recording.faults[0] if recording.faults else None
    wanted = fault is not None and fault.kind in RIGHT_KINDS
    name = fault.kind if fault else ""
    if series.length < HISTORY_MINUTES:
        why = "no dev recording of the same topology and dialect to make a history of"
        return Result(recording.name, name, len(recording.period), wanted, skipped=why)
    graph = ServiceGraph.from_minutes(minutes)
    cut = recording.period.start - series.start_minute
    normal, past = study(series.between(0, cut), estimators=baselines(), seed=0, horizon_minutes=0)
    thresholds = calibrate(past, false_incidents_a_week=budget)
    learned = normal.expect(series, horizon_minutes=0)
    final = counted = _incidents(learned, graph, thresholds, recording)
    mine = [each for each in counted if fault is not None and _answers(each, fault)]
    right = [each for each in mine if fault and each.kind in RIGHT_KINDS.get(fault.kind, set())]
    chosen = next(iter(right or mine), None)
    others = [each for each in counted if each not in mine]
    false = tuple(str(each.kind) for each in others if not _true_of_calls(each, learned))
    if fault is not None and not wanted:
        false += tuple(str(e.kind) for e in mine if not (fault.kind in _BESIDE_FAULT and e.kind in _OF_CALLS))
    release = rank(chosen, minutes, learned, graph, final).release if chosen else ""
    return Result(
        recording.name,
        name,
        len(recording.period),
        wanted,
        wanted and chosen is not None,
        str(chosen.kind) if chosen else "",
        bool(right) and (name != "release_regression" or bool(release)),
        release,
        _delay(learned, graph, thresholds, recording) if fault and chosen and wanted else np.nan,
        false,
        any(each.kind is AnomalyKind.SLOWER for each in counted),
    )


def _incidents(
    learned: Learned, graph: ServiceGraph, thresholds: Thresholds, recording: Recorded
) -> tuple[Incident, ...]:
    """Those of what began after the seam."""
    after = recording.period.start + (0 if recording.lead else SPLICE_MINUTES)
    return group([each for each in detect(learned, graph=graph, thresholds=thresholds) if each.onset >= after], graph)


def _answers(incident: Incident, fault: Fault) -> bool:
    first, last = fault.start_unix_nano // NANOS_PER_MINUTE, fault.end_unix_nano // NANOS_PER_MINUTE
    return incident.onset <= last + AFTER_MINUTES and (incident.end is None or incident.end > first)


def _true_of_calls(incident: Incident, learned: Learned) -> bool:
    """Whether an incident about calls only says what the entrances truly got, against the half hour before."""
    if incident.kind not in _OF_CALLS:
        return False
    series = learned.series
    onset = incident.onset - series.start_minute
    end = (incident.end or series.start_minute + series.length) - series.start_minute
    entries = series.root_share > 0.5
    calls = np.nan_to_num(series[Metric.CALLS][entries])
    before, now = calls[:, onset - 30 : onset].mean(axis=1), calls[:, onset:end].mean(axis=1)
    return bool(np.abs(now - before).sum() >= _CALLS_CHANGED * before.sum())


def _delay(learned: Learned, graph: ServiceGraph, thresholds: Thresholds, recording: Recorded) -> float:
    """Minutes from the true onset until an incident that answers it is first seen, looking at the end of every minute."""
    fault = recording.faults[0]
    start = learned.series.start_minute
    first = int(fault.start_unix_nano // NANOS_PER_MINUTE) - start
    for length in range(first + 1, learned.series.length + 1):
        then = learned.between(0, length)
        if any(_answers(each, fault) for each in _incidents(then, graph, thresholds, recording)):
            return float(start + length - fault.start_unix_nano / NANOS_PER_MINUTE)
    return float("nan")
