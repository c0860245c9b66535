"""Scaling, models and data problems, as the API gives them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from tracetune.api.data_schemas import (
    CandidateItem,
    DataProblems,
    LeftOut,
    Models,
    ModelSummary,
    Process,
    SourceItem,
)
from tracetune.api.incidents import known
from tracetune.api.schemas import ScalingItem
from tracetune.api.snapshots import Shown
from tracetune.api.windows import rfc3339
from tracetune.domain.advice import Advice, Knob, to_follow
from tracetune.domain.forecasts import Verdict
from tracetune.domain.minutes import column
from tracetune.domain.quality import PROBLEMS, Finding
from tracetune.live.publisher import Publisher
from tracetune.sinks.compose import advice_view, finding_views, verdict_views
from tracetune.sinks.document import FindingView


def scaling_items(shown: Shown) -> list[ScalingItem]:
    """Every service that anything is known about, in the order of its most useful advice."""
    return shown.remembered(("scaling",), lambda: _scaling_items(shown))


def _scaling_items(shown: Shown) -> list[ScalingItem]:
    advice: dict[str, list[Advice]] = {}
    for each in shown.analysis.advice:
        advice.setdefault(each.target_service, []).append(each)
    capacities = {each.service_name: each for each in shown.analysis.capacities}
    found = []
    for name in dict.fromkeys([*advice, *capacities]):
        own, capacity = advice.get(name, []), capacities.get(name)
        replicas = next((each for each in own if each.knob is Knob.REPLICAS), None)
        found.append(
            ScalingItem(
                service_name=name,
                replicas=capacity.replicas if capacity else None,
                advised=replicas.target if replicas else None,
                advised_lower=replicas.lower if replicas else None,
                advised_upper=replicas.upper if replicas else None,
                action=replicas.action if replicas else "",
                busy_mean=known(capacity.busy_mean) or 0.0 if capacity else 0.0,
                busy_peak=known(capacity.busy_peak) or 0.0 if capacity else 0.0,
                calls_per_second=known(capacity.calls_per_second) or 0.0 if capacity else 0.0,
                forecast_calls_per_second=known(capacity.forecast_calls_per_second) if capacity else None,
                confidence=replicas.confidence if replicas else "",
                reason=next(iter(own[0].reasons), own[0].unlock) if own else "",
                at_load=None,
                advice=[advice_view(each) for each in own],
            )
        )
    return found


def advised_replicas(publisher: Publisher, service: str) -> int | None:
    """The replicas to run in the next minutes; None where nothing can be said.

    Advice to keep is an answer too; with "cannot say" the autoscaler keeps to its own bounds and its fallback.
    """
    analysis = publisher.current().analysis
    told = (to_follow(advice) for advice in (analysis.advice if analysis else ()) if advice.target_service == service)
    return next((math.ceil(count) for count in told if count is not None), None)


def models(shown: Shown, *, limit: int, offset: int) -> Models:
    """Which model speaks for which series, a page of them."""
    verdicts = shown.remembered(("verdicts",), lambda: verdict_views(shown.analysis))
    forecasts = shown.analysis.learned.forecasts
    return Models(
        summaries=[_summary(metric.value, forecast.verdicts) for metric, forecast in forecasts.items()],
        limits=list(shown.analysis.learned.limits),
        parameters=dict(shown.analysis.parameters),
        total=len(verdicts),
        verdicts=verdicts[offset : offset + limit],
    )


def _summary(metric: str, verdicts: Sequence[Verdict]) -> ModelSummary:
    coverage = [each.coverage for each in verdicts if math.isfinite(each.coverage)]
    counted = Counter(each.model for each in verdicts)
    names = dict.fromkeys([*counted, *(name for each in verdicts for name in each.pinball_loss)])
    candidates = [_candidate(name, counted[name], verdicts) for name in names]
    return ModelSummary(
        metric=metric,
        series=len(verdicts),
        by_model=dict(counted),
        coverage=known(float(np.mean(coverage))) if coverage else None,
        candidates=sorted(candidates, key=lambda each: (-each.series, each.loss_ratio or math.inf, each.model)),
    )


def _candidate(name: str, series: int, verdicts: Sequence[Verdict]) -> CandidateItem:
    ratios = []
    for each in verdicts:
        least = min((loss for loss in each.pinball_loss.values() if loss > 0), default=math.nan)
        ratio = each.pinball_loss.get(name, math.nan) / least
        if math.isfinite(ratio):
            ratios.append(ratio)
    found = next((each.event_f1[name] for each in verdicts if name in each.event_f1), math.nan)
    return CandidateItem(name, series, known(float(np.median(ratios))) if ratios else None, known(found))


def data_problems(shown: Shown, now: float) -> DataProblems:
    """What came in, by source, and what is wrong with it."""
    ingested, status = shown.analysis.ingested, shown.snapshot.status
    live = status.started_unix_seconds > 0
    # A server's own summary of what it received says less than its receivers do.
    sources = [] if live else [SourceItem(s.name, s.format, s.spans, s.bytes_read, s.error) for s in ingested.sources]
    sources += [
        SourceItem(r.address or "not listening", r.name, r.spans, r.bytes, r.problem, r.requests, r.refused)
        for r in status.receivers
    ]
    problems = finding_views(shown.analysis)
    told = {each.code for each in problems}
    total = sum(status.received.values()) + sum(status.dropped.values())
    problems += [
        _finding(Finding(code, count, total))
        for code, count in status.dropped.items()
        if code in PROBLEMS and code not in told and count
    ]
    return DataProblems(
        spans=sum(status.received.values()) or ingested.spans,
        traces=ingested.traces,
        sources=sources,
        problems=problems,
        process=_process(shown, now) if live else None,
    )


def _process(shown: Shown, now: float) -> Process:
    status, operations = shown.snapshot.status, shown.analysis.ingested.minutes.operations
    last = column(operations, "minute") == shown.snapshot.closed_minute
    return Process(
        time=rfc3339(now),
        started=rfc3339(status.started_unix_seconds),
        ready=status.ready,
        spans_per_minute=float(column(operations, "calls")[last].sum()),
        left_out=[
            LeftOut(code, count, PROBLEMS[code].meaning if code in PROBLEMS else "")
            for code, count in sorted(status.dropped.items(), key=lambda each: -each[1])
            if count
        ],
        held_spans=status.held_spans,
        lag_seconds=round(status.lag_seconds, 1),
        memory_bytes=status.memory_bytes,
        journal_bytes=status.journal_bytes,
        store=status.store_url,
        model=status.model,
        model_minutes=status.model_minutes,
        model_minutes_wanted=status.model_minutes_wanted,
        problems=list(status.problems),
    )


def _finding(finding: Finding) -> FindingView:
    problem = finding.problem
    return FindingView(
        finding.code, problem.effect, problem.meaning, problem.remedy, finding.count, finding.total, [], finding.detail
    )
