"""The five verbs, ingest · learn · detect · explain · tune, from values to values, and all of them in their order."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace

import numpy as np

from tracetune import log
from tracetune.anomalies.detect import Thresholds
from tracetune.anomalies.detect import detect as find_anomalies
from tracetune.anomalies.incidents import group
from tracetune.causes.ranking import rank
from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain import words
from tracetune.domain.advice import Advice, Capacity
from tracetune.domain.analysis import Analysis, Ingested, Learned, SourceSummary
from tracetune.domain.anomalies import Incident
from tracetune.domain.calls import CallSample
from tracetune.domain.causes import CauseRanking
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.headline import headline
from tracetune.domain.minutes import MinuteBatch, column, labels
from tracetune.domain.period import left_out
from tracetune.domain.quality import PROBLEMS, Effect, Finding
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.domain.spans import SpanBatch
from tracetune.domain.usage import PodUsage, by_service, instances_of
from tracetune.domain.whatif import Ask, Grid, Played, WhatIf
from tracetune.errors import InvalidInput, NotEnoughData
from tracetune.forecasting.learn import learn as learn_series
from tracetune.ports import Estimator, SpanReader, UsageReader
from tracetune.sources.files import InputFile, read
from tracetune.traces.assemble import Assembled, Assembler
from tracetune.traces.summarise import TraceSummary, summarise_assembled
from tracetune.tuning.advice.advise import advise
from tracetune.tuning.advice.capacity import capacities
from tracetune.tuning.advice.demand import healthy
from tracetune.tuning.advice.objectives import objectives_of
from tracetune.tuning.queues.estimate import estimate
from tracetune.tuning.queues.model import Model
from tracetune.tuning.queues.observed import observe
from tracetune.tuning.queues.second_tries import second_tries
from tracetune.tuning.queues.sizes import of_one_size
from tracetune.tuning.whatifs.grid import grid
from tracetune.tuning.whatifs.replay import history, play
from tracetune.tuning.whatifs.whatif import screen, whatif

Candidates = Mapping[Metric, Sequence[Estimator]]
Report = Callable[[str, float, float], None]
"""Called with (stage, done, total) as work goes on; total 0 means that the end is not known."""

_MERGE_AFTER = 8
"""Summaries that are held before they are added up: they hold minutes, not spans, so they are small."""


@dataclass
class Stopwatch:
    """Times each named stage, and logs one line when it ends; ``around`` is entered for each, by its name."""

    seconds: dict[str, float] = field(default_factory=dict)
    around: Callable[[str], AbstractContextManager[object]] = lambda _: nullcontext()

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[..., None]]:
        """Time a block; call what it yields with counts that belong on the stage's log line."""
        facts: dict[str, object] = {}
        begun = time.perf_counter()
        with self.around(name):
            yield lambda **more: facts.update(more)
        self.seconds[name] = time.perf_counter() - begun
        log.get_logger(name).info(f"{name} finished", seconds=round(self.seconds[name], 2), **facts)


class Intake:
    """Takes spans in any order, and gives their minutes when asked to finish; holds a bounded number of spans."""

    def __init__(self, max_spans: int) -> None:
        self._assembler = Assembler(max_spans)
        self._summaries: list[TraceSummary] = []
        self.rejected: Counter[str] = Counter()
        self.rejected_in: dict[str, Counter[str]] = {}
        self.first_nano, self.last_nano = 0, 0

    def add(self, name: str, spans: SpanBatch, rejected: Mapping[str, int]) -> None:
        """Take a batch of spans of the file ``name``, and how many were left out of it, by reason."""
        self.rejected.update(rejected)
        for code, count in rejected.items():
            self.rejected_in.setdefault(code, Counter())[name] += count
        if len(spans):
            start, end = spans.column("start_time_unix_nano"), spans.column("end_time_unix_nano")
            self.first_nano = min(self.first_nano or int(start.min()), int(start.min()))
            self.last_nano = max(self.last_nano, int(end.max()))
            self._summarise(self._assembler.add(spans))

    def finish(self) -> TraceSummary:
        """The summary of everything that was taken."""
        self._summarise(self._assembler.flush())
        return TraceSummary.merge(self._summaries)

    def _summarise(self, assembled: Iterable[Assembled]) -> None:
        for part in assembled:
            self._summaries.append(summarise_assembled(part))
            if len(self._summaries) >= _MERGE_AFTER:
                self._summaries = [TraceSummary.merge(self._summaries)]


def ingest(
    files: Sequence[InputFile], readers: Mapping[str, SpanReader], *, max_spans: int, report: Report
) -> Ingested:
    """The minutes of these files' spans; a file that cannot be read (further) is named in its SourceSummary.

    Raises:
        InvalidInput: where none of the files held a span; it says why for the first of them.
    """
    intake = Intake(max_spans)
    total = sum(file.size_bytes for file in files)
    sources: list[SourceSummary] = []
    failures: list[InvalidInput] = []
    done = 0
    report("read", 0, total)  # before the first kernel runs, which compiles them where that was never done
    for file in files:
        summary, failure = _read_file(file, readers, intake, _progress(report, done, total))
        done += summary.bytes_read
        sources.append(summary)
        failures += [failure] if failure else []
    summary_of_all = intake.finish()
    if not summary_of_all.spans and failures:
        raise failures[0]
    return _ingested(summary_of_all, intake, tuple(sources))


def _progress(report: Report, done: int, total: int) -> Callable[[int], None]:
    return lambda bytes_read: report("read", done + bytes_read, total)


def _read_file(
    file: InputFile, readers: Mapping[str, SpanReader], intake: Intake, progressed: Callable[[int], None]
) -> tuple[SourceSummary, InvalidInput | None]:
    reading = read(file, readers)
    spans = 0
    failure = None
    try:
        for decoded in reading:
            intake.add(file.path, decoded.spans, decoded.rejected)
            spans += len(decoded.spans)
            progressed(reading.bytes_read)
    except InvalidInput as error:
        failure = error
    said = f"{failure.message}; {failure.hint}" if failure and failure.hint else str(failure or "")
    return SourceSummary(file.path, reading.format, spans, reading.bytes_read, said), failure


def _ingested(summary: TraceSummary, intake: Intake, sources: tuple[SourceSummary, ...]) -> Ingested:
    codes, _ = labels(summary.minutes.operations, "service_name")
    return Ingested(
        minutes=summary.minutes,
        sources=sources,
        spans=summary.spans,
        traces=summary.traces,
        services=len(np.unique(codes)),
        start_time_unix_nano=intake.first_nano,
        end_time_unix_nano=intake.last_nano,
        findings=_rejections(intake, summary.spans) + summary.findings(),
        exemplars=summary.exemplars,
        calls=summary.calls,
    )


def _rejections(intake: Intake, used: int) -> tuple[Finding, ...]:
    """What the sources left out or mended, the most frequent first, with the files it was in."""
    left_out = sum(count for code, count in intake.rejected.items() if PROBLEMS[code].effect is Effect.REJECTED)
    return tuple(
        Finding(code, count, used + left_out, tuple(name for name, _ in intake.rejected_in[code].most_common()))
        for code, count in intake.rejected.most_common()
        if count
    )


def recall(minutes: MinuteBatch, name: str, calls: CallSample | None = None) -> Ingested:
    """Stored minutes as if they had been read just now, with the calls that were kept of some of them.

    The spans themselves, and what was wrong with them, are gone.
    """
    grid = minutes.minutes()
    codes, _ = labels(minutes.operations, "service_name")
    spans = int(column(minutes.operations, "calls").sum())
    root_calls = int(column(minutes.operations, "root_calls").sum())
    return Ingested(
        minutes=minutes,
        sources=(SourceSummary(name, "store", spans, 0),),
        spans=spans,
        traces=root_calls,
        services=len(np.unique(codes)),
        start_time_unix_nano=grid.start * NANOS_PER_MINUTE,
        end_time_unix_nano=grid.stop * NANOS_PER_MINUTE,
        findings=(),
        exemplars=SpanBatch.empty(),
        calls=calls or CallSample.empty(),
    )


def learn(minutes: MinuteBatch, candidates: Candidates, *, seed: int, horizon_minutes: int) -> Learned:
    """What is normal for every operation of these minutes."""
    series = SeriesBatch.from_minutes(minutes)
    learned = learn_series(series, estimators=candidates, seed=seed, horizon_minutes=horizon_minutes)
    aside = left_out(minutes, range(series.start_minute, series.start_minute + series.length))
    if not aside:
        return learned
    stray = words.number_of(aside, "minute")
    limit = f"{stray} with spans lie outside the period looked at: its last two weeks, without a silence of over a day."
    return replace(learned, limits=(*learned.limits, limit))


def detect(
    learned: Learned, graph: ServiceGraph, *, false_incidents_per_week: float, thresholds: Thresholds | None = None
) -> tuple[Incident, ...]:
    """The minutes that departed from what was learned, grouped into incidents; the most severe first.

    Args:
        learned: series, and what was expected of them.
        graph: who calls whom.
        false_incidents_per_week: the budget for the whole system.
        thresholds: that were fitted to the budget before; None fits them to these minutes.
    """
    found = find_anomalies(learned, graph=graph, false_incidents_a_week=false_incidents_per_week, thresholds=thresholds)
    return group(found, graph)


def explain(
    incidents: Sequence[Incident], minutes: MinuteBatch, learned: Learned, graph: ServiceGraph
) -> Mapping[str, CauseRanking]:
    """The causes of each incident, by its id."""
    return {each.id: rank(each, minutes, learned, graph, incidents) for each in incidents}


def tune(  # noqa: PLR0913, PLR0917 - the results of every stage before it
    minutes: MinuteBatch,
    learned: Learned,
    graph: ServiceGraph,
    incidents: Sequence[Incident],
    rankings: Mapping[str, CauseRanking],
    model: Model | None = None,
    objectives: Mapping[str, float] | None = None,
    pods: Sequence[PodUsage] = (),
) -> tuple[tuple[Capacity, ...], tuple[Advice, ...]]:
    """What each service uses of its replicas, and how to set its knobs for the forecast load; ``model`` is of its queues."""
    found = capacities(minutes, learned)
    names = (minutes.instances.column(name).to_pylist() for name in ("service_name", "instance")) if pods else ([], [])
    usage = by_service(pods, instances_of(*names))
    return found, advise(minutes, learned, graph, incidents, rankings, found, model, objectives, usage)


def queues(
    ingested: Ingested, learned: Learned, incidents: Sequence[Incident], rankings: Mapping[str, CauseRanking]
) -> Model | None:
    """The queues of every service, and the traces to run again, from the whole calls of healthy minutes.

    None where no calls are known.
    """
    observed = learned.series.start_minute + np.flatnonzero(learned.series.observed)
    good = observed[healthy(observed, incidents, rankings)]
    calls = of_one_size(ingested.calls.within(good))
    if not len(calls):
        return None
    return replace(estimate(calls), second_tries=second_tries(*observe(ingested.calls)))


def what_if(model: Model | None, ask: Ask, *, is_screened: bool = False) -> WhatIf:
    """What would happen at another load, with other replicas or other work; screened answers come from a few short runs.

    Raises:
        NotEnoughData: no whole calls are known.
        NotFound: a service that the traces do not know.
    """
    if model is None:
        raise NotEnoughData("no whole traces are at hand, only minutes", hint="name the trace files")
    answer = screen if is_screened else whatif
    return answer(model, ask.load, ask.replicas, ask.demand)


def what_ifs(model: Model | None, advice: Sequence[Advice]) -> Grid:
    """The answers that a page holds which has nobody to ask; without whole calls there are none, and it says so."""
    if model is None:
        return Grid("", 0, 0, (), (), (), "no whole traces are at hand, only minutes")
    return grid(model, advice)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to analyse: the models that compete, the seed, how far to look ahead and how rarely to be wrong."""

    candidates: Candidates
    seed: int
    horizon_minutes: int
    false_incidents_per_week: float
    parameters: Mapping[str, str]
    objectives: Mapping[str, float] = field(default_factory=dict)  # seconds of p99, by endpoint
    usage: UsageReader | None = None  # asked for CPU and memory


def used(plan: Plan, ingested: Ingested) -> Sequence[PodUsage]:
    """What pods used of CPU and memory during these traces, where anybody is to be asked.

    Raises:
        Unavailable: nobody answers; likewise Unauthorized.
    """
    if plan.usage is None:
        return ()
    return plan.usage.read(ingested.start_time_unix_nano / 1e9, ingested.end_time_unix_nano / 1e9)


def queues_of(ingested: Ingested, plan: Plan) -> tuple[Model | None, Learned]:
    """The queues of what was read: learn and detect first, so that minutes of incidents are left out."""
    minutes = ingested.minutes
    graph = ServiceGraph.from_minutes(minutes)
    learned = learn(minutes, plan.candidates, seed=plan.seed, horizon_minutes=plan.horizon_minutes)
    incidents = detect(learned, graph, false_incidents_per_week=plan.false_incidents_per_week)
    return queues(ingested, learned, incidents, explain(incidents, minutes, learned, graph)), learned


def replay(ingested: Ingested, plan: Plan) -> tuple[Played, ...]:
    """What the advice, an autoscaler, the present replicas and an oracle would have come to over this history.

    Raises:
        NotEnoughData: no queue is known whose replicas could be chosen.
    """
    model, learned = queues_of(ingested, plan)
    played = play(model, *history(model, learned), objectives_of(model, plan.objectives)) if model else ()
    if not played:
        raise NotEnoughData(
            "no service shows a queue whose replicas could be chosen", hint="whole traces of minutes of higher load"
        )
    return played


def analyze(ingested: Ingested, plan: Plan, stopwatch: Stopwatch, *, with_what_ifs: bool = False) -> Analysis:
    """Everything that can be said about what was read: learn, detect, explain and tune in order.

    With what-ifs, where a page is to be made of it: they take a few seconds more.
    """
    minutes = ingested.minutes
    graph = ServiceGraph.from_minutes(minutes)
    with stopwatch.stage("learn") as note:
        learned = learn(minutes, plan.candidates, seed=plan.seed, horizon_minutes=plan.horizon_minutes)
        note(series=len(learned.series.keys), minutes=learned.series.length)
    with stopwatch.stage("detect") as note:
        incidents = detect(learned, graph, false_incidents_per_week=plan.false_incidents_per_week)
        note(incidents=len(incidents))
    with stopwatch.stage("explain"):
        rankings = explain(incidents, minutes, learned, graph)
    with stopwatch.stage("tune") as note:
        model = queues(ingested, learned, incidents, rankings)
        pods = used(plan, ingested)
        found, advice = tune(minutes, learned, graph, incidents, rankings, model, plan.objectives, pods)
        note(advice=len(advice), pods=len(pods))
    answers = None
    if with_what_ifs:
        with stopwatch.stage("what if"):
            answers = what_ifs(model, advice)
    seconds = {f"{stage} seconds": f"{spent:.1f}" for stage, spent in stopwatch.seconds.items()}
    return Analysis(
        ingested=ingested,
        learned=learned,
        graph=graph,
        incidents=incidents,
        rankings=rankings,
        capacities=found,
        advice=advice,
        headline=headline(ingested, learned, incidents, rankings),
        parameters={**plan.parameters, **seconds},
        stations=model.stations if model else (),
        what_ifs=answers,
    )
