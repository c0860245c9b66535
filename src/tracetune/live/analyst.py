"""Judges each closed minute by the rolling window: learn, detect, explain, tune, and publish."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import numpy as np

from tracetune import log, pipeline
from tracetune.clock import NANOS_PER_MINUTE, Clock
from tracetune.domain.analysis import Analysis, Ingested, SourceSummary
from tracetune.domain.anomalies import Incident
from tracetune.domain.causes import CauseRanking
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.headline import headline
from tracetune.domain.minutes import MinuteBatch, column, labels
from tracetune.domain.series import SeriesBatch
from tracetune.live.advisor import PATIENCE_SECONDS, Advisor
from tracetune.live.events import Event, MinuteClosed
from tracetune.live.expectation import Expectation
from tracetune.live.fold import Emission
from tracetune.live.ledger import Ledger
from tracetune.live.memory import give_back
from tracetune.live.publisher import Publisher, Snapshot
from tracetune.live.queues import Queues
from tracetune.live.status import Status
from tracetune.live.window import Window
from tracetune.pipeline import Plan, Stopwatch
from tracetune.sinks.own_traces import OwnTraces
from tracetune.traces.quality import findings
from tracetune.tuning.advice.objectives import seen_of
from tracetune.tuning.queues.model import Model


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one closed minute came to."""

    analysis: Analysis
    events: tuple[Event, ...]
    model: Model | None


class Analyst:
    """One thread that always judges the newest closed minute; minutes that close meanwhile are judged with the next.

    Args:
        window: of minutes; only this object touches it.
        ledger: of incidents.
        plan: the budget of false incidents, and what is shown of how all was made.
        expectation: gives what was expected of each minute.
        queues: keeps whole calls, and finds the queues in them; stopped with this object.
        publisher: given a snapshot after each judgement.
        status: asked how the process is doing; given (minute, seconds of the judgement).
        clock: tells how far behind the judgement is.
        grace_seconds: how long after its end a minute is closed.
        traces: takes a span of each judgement and of its stages; None takes none.
    """

    def __init__(  # noqa: PLR0913 - what a judgement needs, each from elsewhere
        self,
        window: Window,
        ledger: Ledger,
        plan: Plan,
        publisher: Publisher,
        *,
        expectation: Expectation,
        queues: Queues,
        status: Callable[[int, int], Status],
        clock: Clock,
        grace_seconds: float,
        traces: OwnTraces | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._traces = traces
        self._window, self._ledger, self._plan, self._publisher = window, ledger, plan, publisher
        self._expectation, self._queues = expectation, queues
        self._status, self._clock, self._grace_seconds = status, clock, grace_seconds
        self._lock = threading.Condition()
        self._emissions: list[Emission] = []
        self._series: SeriesBatch | None = None
        self._advisor = Advisor(patience_seconds, clock)
        self.problem = ""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="analyst")

    def start(self) -> None:
        """Begin to judge."""
        self._thread.start()

    def add(self, emission: Emission) -> None:
        """Take stored minutes; returns at once."""
        with self._lock:
            self._emissions.append(emission)
            self._lock.notify()

    def settle(self) -> None:
        """Wait until the search for queues that is under way has ended."""
        self._queues.wait()

    def stop(self) -> None:
        """End after the judgement under way."""
        with self._lock:
            self._stopping = True
            self._lock.notify()
        self._thread.join()
        self._queues.stop()
        self._advisor.stop()

    def _run(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._emissions or self._stopping)
                if self._stopping:
                    return
                emissions, self._emissions = self._emissions, []
            for emission in emissions:
                self._window.add(emission.summary)
                self._queues.add(emission.summary.calls)
            closed = [each.closed_minute for each in emissions if each.closed_minute is not None]
            if closed:
                self.judge(closed[-1])

    def judge(self, minute: int) -> None:
        """Judge a closed minute and publish; a fault of ours is logged and told, and the next minute is tried again."""
        self._judge_and_publish(minute)
        give_back()  # what the minute, advice and explanations took for a moment

    def _judge_and_publish(self, minute: int) -> None:
        try:
            with self._span("judge a minute"):
                judgement = self._judged(minute)
        except Exception as error:  # noqa: BLE001 - receiving goes on whatever happens here
            log.get_logger("analyst").exception("the minute could not be judged", minute=minute, error=str(error))
            return
        before = self._publisher.current()
        version = before.version + 1
        status = self._status(minute, judgement.analysis.learned.series.length)
        lag = self._clock() - (minute + 1) * 60 - self._grace_seconds
        snapshot = Snapshot(
            analysis=judgement.analysis,
            version=version,
            closed_minute=minute,
            status=replace(status, lag_seconds=max(0.0, lag)),
            open_incidents=self._ledger.open(),
            ended_incidents=self._ledger.ended(),
            model=judgement.model,
        )
        self._publisher.publish(snapshot, (*judgement.events, MinuteClosed(minute, version)))
        self._expectation.tell_ended()

    def _span(self, name: str) -> AbstractContextManager[object]:
        return self._traces.span(name) if self._traces else nullcontext()

    def _judged(self, minute: int) -> Judgement:
        stopwatch, plan = Stopwatch(around=self._span), self._plan
        minutes = self._window.until(minute)
        ingested = self._ingested(minutes)
        graph = ServiceGraph.from_minutes(minutes)
        with stopwatch.stage("learn") as note:
            learned = self._expectation.learned(self._series_of(minutes))
            note(series=len(learned.series.keys), minutes=learned.series.length)
        with stopwatch.stage("detect"):
            found = pipeline.detect(
                learned,
                graph,
                false_incidents_per_week=plan.false_incidents_per_week,
                thresholds=self._expectation.thresholds,
            )

        def explain(incidents: list[Incident]) -> dict[str, CauseRanking]:
            return dict(pipeline.explain(incidents, minutes, learned, graph))

        with stopwatch.stage("explain") as note:
            events = self._ledger.update(found, explain, minute)  # type: ignore[arg-type]
            note(events=len(events))
        first = learned.series.start_minute
        records = [*self._ledger.open(), *self._ledger.ended()]
        shown = [each for each in records if each.incident.end is None or each.incident.end > first]
        incidents = tuple(each.incident for each in shown)
        rankings = {each.incident.id: each.ranking for each in shown if each.ranking is not None}
        with stopwatch.stage("tune"):
            model = self._queues.refresh(minute, ingested, learned, incidents, rankings)
            wanted = self._objectives(model)
            capacities, advice = self._advisor.refresh(
                lambda: pipeline.tune(
                    minutes, learned, graph, incidents, rankings, model, wanted, pipeline.used(plan, ingested)
                ),
                _news(rankings),
            )
        seconds = {f"{stage} seconds": f"{spent:.1f}" for stage, spent in stopwatch.seconds.items()}
        analysis = Analysis(
            ingested=ingested,
            learned=learned,
            graph=graph,
            incidents=incidents,
            rankings=rankings,
            capacities=capacities,
            advice=advice,
            headline=headline(ingested, learned, incidents, rankings),
            parameters={**plan.parameters, **seconds},
            stations=model.stations if model else (),
        )
        return Judgement(analysis, tuple(events), model)

    def _objectives(self, model: Model | None) -> dict[str, float]:
        """Those of endpoints that were seen; of the others it is said that they wait: a trace may yet begin there."""
        known, waiting = seen_of(model, self._plan.objectives) if model else ({}, ())
        self.problem = f"no trace begins yet with {', '.join(waiting)}, which tune.slo names" if waiting else ""
        return known

    def _series_of(self, minutes: MinuteBatch) -> SeriesBatch:
        """The series of the window; only what changed since the last judgement is worked out."""
        changed = set(self._window.changed)
        self._series = SeriesBatch.from_minutes(minutes, self._series, changed)
        self._window.changed -= changed
        return self._series

    def _ingested(self, minutes: MinuteBatch) -> Ingested:
        window, grid = self._window, minutes.minutes()
        codes, _ = labels(minutes.operations, "service_name")
        spans = int(column(minutes.operations, "calls").sum())
        return Ingested(
            minutes=minutes,
            sources=(SourceSummary("live", "live", spans, 0),),
            spans=spans,
            traces=int(column(minutes.operations, "root_calls").sum()),
            services=len(np.unique(codes)),
            start_time_unix_nano=grid.start * NANOS_PER_MINUTE,
            end_time_unix_nano=grid.stop * NANOS_PER_MINUTE,
            findings=findings(window.problems, minutes, spans=max(window.spans, 1), traces=max(window.traces, 1)),
            exemplars=window.exemplars(),
        )


def _news(rankings: Mapping[str, CauseRanking]) -> list[tuple[str, str]]:
    """Each incident, and whom it is blamed on."""
    return [(name, ranking.causes[0].service_name if ranking.causes else "") for name, ranking in rankings.items()]
