"""Builds the running server from settings, and starts and stops its parts in their order."""

from __future__ import annotations

import os
import ssl
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from tracetune import __version__, log
from tracetune.clock import Clock, system_clock
from tracetune.forecasting.candidates import candidates
from tracetune.live import tls, watching
from tracetune.live.admission import Admission, Save
from tracetune.live.advisor import PATIENCE_SECONDS
from tracetune.live.analyst import Analyst
from tracetune.live.events import IncidentRecord
from tracetune.live.expectation import Expectation
from tracetune.live.fold import Emission, Fold
from tracetune.live.jobs import Jobs
from tracetune.live.keeper import Keeper, state_of
from tracetune.live.ledger import Ledger
from tracetune.live.memory import resident_bytes
from tracetune.live.otel_tables import OtelTables
from tracetune.live.promoted import Promoted
from tracetune.live.publisher import Publisher, Snapshot
from tracetune.live.queues import Queues
from tracetune.live.records import from_document, to_document
from tracetune.live.retention import Retention
from tracetune.live.speaking import spoken
from tracetune.live.status import ReceiverStatus, Status
from tracetune.live.ticker import Ticker
from tracetune.live.training import Trainer
from tracetune.live.usage import WatchedUsage
from tracetune.live.window import Window
from tracetune.pipeline import Plan
from tracetune.settings import Settings
from tracetune.sources import otlp_decode
from tracetune.sources.grpc import GrpcReceiver
from tracetune.sources.http import HttpReceiver
from tracetune.sources.jaeger_query import JaegerQuery
from tracetune.sources.kafka import KafkaReceiver
from tracetune.sources.prometheus_query import usage_reader
from tracetune.sources.pull import PullReceiver, TraceStore
from tracetune.sources.reception import Tally
from tracetune.sources.tempo import Tempo
from tracetune.stores.calls import ClickHouseCalls
from tracetune.stores.clickhouse import ClickHouse, without_password
from tracetune.stores.incidents import ClickHouseIncidents
from tracetune.stores.journal import Journal
from tracetune.stores.minutes import ClickHouseMinutes
from tracetune.stores.models import registry_in
from tracetune.stores.owner import Owner
from tracetune.traces import summarise


class Server:
    """Everything but the HTTP ports: the journal, the store, the minute loop and gRPC.

    ``publisher``, ``jobs``, ``traces`` and ``store`` are what surfaces read; ``http`` is the ASGI application that takes spans.

    Args:
        settings: all of them.
        objectives: what ``tune.slo`` says, as seconds of p99 by endpoint.
        clock: the machine's time; tests choose it.
        ticking: whether minutes close by the clock; tests close them by ``close_minute``.
        patience_seconds: how long a minute waits for advice on itself.

    Raises:
        InvalidSettings, Conflict, Unavailable, InvalidInput: a directory, port, store or state cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        objectives: Mapping[str, float] | None = None,
        clock: Clock = system_clock,
        ticking: bool = True,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        serve = settings.serve
        tls.check_open(settings)
        self.settings, self._clock = settings, clock
        self._objectives = objectives or {}
        asked = usage_reader(settings.tune.prometheus_url, settings.tune.prometheus_token)
        self._usage = WatchedUsage(asked) if asked else None
        self._patience_seconds = patience_seconds
        self._tls = tls.http_context(serve)
        self.traces = watching.own_traces(serve, os.environ)
        place = settings.learn.registry
        self._promoted = Promoted(registry_in(place)) if place else None
        directory = Path(serve.directory).absolute()
        self._owner = Owner(directory / "journal")
        self.url = settings.store.url or f"chdb://{directory / 'store'}"
        try:
            self._database = ClickHouse(self.url)
        except BaseException:
            self._owner.release()
            raise
        self.store = ClickHouseMinutes(self._database)
        kept = dict.fromkeys(("operations", "links", "instances", "paths"), serve.keep_days)
        self._retention = Retention(self.store, {**kept, "exemplars": serve.keep_exemplar_days}, clock)
        self._incidents = ClickHouseIncidents(self._database)
        self._calls = ClickHouseCalls(self._database)
        self.publisher = Publisher(
            Snapshot(status=Status(started_unix_seconds=clock(), store_url=without_password(self.url)))
        )
        self.jobs = Jobs(lambda event: self.publisher.announce([event]), clock)
        self._started = clock()
        self._journal = Journal(directory / "journal")
        checkpoint, self._position, journal_id = state_of(directory / "journal" / "state.zip")
        self._fold = Fold(settings.ingest.max_spans, serve.names_per_service, watching.own_name(serve, os.environ))
        if checkpoint:
            self._fold.resume(checkpoint)
        self._keeper = Keeper(
            self.store,
            directory / "journal" / "state.zip",
            journal_id or uuid.uuid4().hex,
            forget=self._forget,
            passed_on=self._pass_on,
        )
        self.admission = Admission(
            self._journal, self._fold, self._keeper.give, pending_bytes=serve.pending_bytes, clock=clock
        )
        self.http = HttpReceiver(
            self.admission.accept,
            tokens=_tokens(settings),
            max_request_bytes=serve.max_request_bytes,
            most_bytes=serve.pending_bytes,
        )
        self.grpc: GrpcReceiver | None = None
        self._kafka: KafkaReceiver | None = None
        self._pulling = [
            PullReceiver(
                self.admission.accept,
                each,
                directory / "journal" / f"{each.name}.cursor",
                seconds=serve.pull_seconds,
                clock=clock,
                most_seconds=serve.retry_seconds,
            )
            for each in _trace_stores(settings)
        ]
        self._analyst: Analyst | None = None
        self._ticker = Ticker(clock, serve.grace_seconds, self.admission.close_minute) if ticking else None
        self._trainer = Trainer(
            directory / "training", network=settings.learn.model == "lstm", seed=settings.learn.seed
        )
        self._expectation: Expectation | None = None
        self._is_new = checkpoint is None
        self._ready = False
        self.tallies: list[Tally] = []

    @property
    def tls_context(self) -> ssl.SSLContext | None:
        """Of the HTTP ports."""
        return self._tls

    def start(self) -> None:
        """Go on from the last state, then take spans: ready when this returns."""
        summarise.warm_up()
        otlp_decode.warm_up()
        self._keeper.start()
        if self._is_new:  # so that the journal has its id before anything is stored under it
            self._keeper.give(Save(self._fold.checkpoint(), 0))
        begun = time.perf_counter()
        spans = self.admission.replay(self._position)
        self._keeper.drain()
        if spans:
            log.get_logger("server").info("journal read", spans=spans, seconds=round(time.perf_counter() - begun, 2))
        self._analyst = self._new_analyst()
        self._analyst.start()
        self.admission.start()
        serve = self.settings.serve
        if serve.otlp_grpc_port >= 0:
            self.grpc = GrpcReceiver(
                self.admission.accept,
                serve.host,
                serve.otlp_grpc_port,
                tokens=_tokens(self.settings),
                max_request_bytes=serve.max_request_bytes,
                credentials=tls.grpc_credentials(serve),
            )
            self.tallies.append(self.grpc.tally)
        if serve.kafka_brokers:
            topics = [each.strip() for each in serve.kafka_topics.split(",") if each.strip()]
            self._kafka = KafkaReceiver(
                self.admission.accept,
                serve.kafka_brokers,
                topics,
                serve.kafka_group,
                most_seconds=serve.retry_seconds,
            )
            self.tallies.append(self._kafka.tally)
            self._kafka.start()
        for each in self._pulling:
            self.tallies.append(each.tally)
            each.start()
        self.tallies += self.http.tallies.values()
        if self._ticker:
            self._ticker.start()
        self._ready = True
        self.publisher.refresh(self.status())

    def stop(self) -> None:
        """Take no more spans, store what was taken, and let everything go."""
        self._ready = False
        if self._ticker:
            self._ticker.stop()
        if self.grpc:
            self.grpc.stop()
        if self._kafka:
            self._kafka.stop()
        for each in self._pulling:
            each.stop()
        self.admission.stop()
        self._keeper.stop()
        if self._analyst:
            self._analyst.stop()
        self._trainer.stop()
        if self.traces:
            self.traces.close()
        self.store.close()
        self._owner.release()

    def say(self, address: str) -> None:
        """Tell whoever finds the directory or the store in use where this server can be asked."""
        self._owner.say(address)
        self._database.say(address)

    def status(self, model_minutes: int = -1) -> Status:
        """How the process is doing now."""
        before = self.publisher.current().status
        receivers = tuple(
            ReceiverStatus(each.name, each.address, each.requests, each.spans, each.bytes, each.refused, each.problem)
            for each in self.tallies
        )
        learned = model_minutes if model_minutes >= 0 else before.model_minutes
        return Status(
            started_unix_seconds=self._started,
            ready=self._ready,
            receivers=receivers,
            received=dict(self.admission.received),
            dropped=dict(self.admission.dropped),
            held_spans=self.admission.held_spans,
            lag_seconds=before.lag_seconds,
            model=self._speaking(learned, before.model_minutes_wanted),
            model_minutes=learned,
            memory_bytes=resident_bytes(),
            journal_bytes=self._journal.size_bytes,
            store_url=without_password(self.url),
            problems=tuple(self._problems()),
        )

    def _speaking(self, seen: int, wanted: int) -> str:
        it = self._expectation
        if it is None:
            return spoken(None, since=0, seen=seen, wanted=wanted)
        return spoken(it.normal, since=it.since, seen=seen, wanted=wanted, version=it.version)

    def _problems(self) -> list[str]:
        damage = self._journal.damage
        found = [self._trainer.problem, self.admission.problem, self._keeper.problem, self._retention.problem]
        found += [self._ticker.problem] if self._ticker else []
        found += [self._promoted.problem] if self._promoted else []
        found += [self.traces.problem] if self.traces else []
        found += [self._analyst.problem] if self._analyst else []
        found += [self._usage.problem] if self._usage else []
        found += [f"{each.name}: {each.problem}" for each in self.tallies if each.problem]
        if damage.lost_bytes:
            found.append(
                f"the journal was damaged: {damage.lost_bytes:,} bytes of acknowledged spans are lost; see {damage.files[0]}"
            )
        for each in self._fold.overflows():
            rule = f"; this rule would mend them: {each.rule}" if each.rule else ""
            found.append(
                f"{each.service_name} has more than {self.settings.serve.names_per_service} operation names: {each.spans:,} "
                f"spans are counted as 'other'{rule}"
            )
        return [each for each in found if each]

    def _forget(self, position: int) -> None:
        """What a saved state makes superfluous: the journal before it, and the minutes that are too old."""
        self._journal.forget(position)
        self._retention.look()

    def _pass_on(self, emission: Emission) -> None:
        if self._analyst:
            self._analyst.add(emission)

    def _new_analyst(self) -> Analyst:
        settings, serve = self.settings, self.settings.serve
        now_minute = int(self._clock() // 60)
        length = serve.window_hours * 60
        window = Window(length, self.store.read(now_minute - length, now_minute + length))
        records = [from_document(each) for each in self._incidents.read(now_minute - length, now_minute + length)]
        competing = candidates(network=False)
        self._expectation = Expectation(
            competing,
            self._trainer,
            seed=settings.learn.seed,
            horizon_minutes=settings.learn.horizon_minutes,
            false_incidents_per_week=settings.detect.false_incidents_per_week,
            promoted=self._promoted,
            jobs=self.jobs,
        )
        plan = Plan(
            competing,
            settings.learn.seed,
            settings.learn.horizon_minutes,
            settings.detect.false_incidents_per_week,
            {"version": __version__, "seed": str(settings.learn.seed)},
            self._objectives,
            self._usage,
        )
        return Analyst(
            window,
            Ledger(records, self._keep_record),
            plan,
            self.publisher,
            expectation=self._expectation,
            queues=Queues(now_minute, self._calls.read(), self._calls.write),
            status=lambda _minute, learned: self.status(learned),
            clock=self._clock,
            grace_seconds=serve.grace_seconds,
            traces=self.traces,
            patience_seconds=self._patience_seconds,
        )

    def settle(self) -> None:
        """Wait for what goes on beside the minutes and is nearly done; for a clock that is quicker than the machine's."""
        if self._analyst:
            self._analyst.settle()

    def _keep_record(self, record: IncidentRecord) -> None:
        self._incidents.write(
            record.incident.id, onset=record.incident.onset, changed=record.changed, document=to_document(record)
        )


def _trace_stores(settings: Settings) -> Iterator[TraceStore]:
    serve = settings.serve
    headers = {"authorization": f"Bearer {serve.pull_token}"} if serve.pull_token else {}
    if serve.jaeger_url:
        yield JaegerQuery(serve.jaeger_url, headers)
    if serve.tempo_url:
        yield Tempo(serve.tempo_url, headers)
    if serve.otel_tables_url:
        yield OtelTables(serve.otel_tables_url)


def _tokens(settings: Settings) -> tuple[str, ...]:
    """Who may send: whoever has one of these, or all where nobody was given one to send with."""
    tokens = (settings.api.ingest_token, settings.api.admin_token)
    return tuple(each for each in tokens if each) if settings.api.ingest_token else ()
