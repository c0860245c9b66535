"""The only place that builds things: settings in, a wired application out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tracetune import __version__, pipeline, training
from tracetune.clock import system_clock
from tracetune.domain import words
from tracetune.domain.advice import Advice
from tracetune.domain.analysis import Analysis, Ingested, Learned
from tracetune.domain.whatif import Ask, Played, WhatIf
from tracetune.domain.workloads import Workload, join
from tracetune.errors import InvalidInput, NotEnoughData
from tracetune.forecasting.candidates import candidates
from tracetune.forecasting.processes import Processes
from tracetune.pipeline import Report, Stopwatch
from tracetune.ports import MinuteStore
from tracetune.proofs.backtest import Backtest, backtest
from tracetune.proofs.histories import Comparison, compare
from tracetune.proofs.histories import parse as length_of
from tracetune.proofs.plot import svg
from tracetune.proofs.power import FACTORS, Power, power
from tracetune.proofs.replay import Teacher
from tracetune.proofs.static import objectives, parse
from tracetune.proofs.truth import read as read_truth
from tracetune.settings import Settings
from tracetune.sinks.manifest_diff import diff, read_manifests
from tracetune.sinks.manifests import manifests, refusals, text
from tracetune.sinks.report import HtmlReport
from tracetune.sinks.scaling import Scaler
from tracetune.sources import kubernetes
from tracetune.sources.files import find
from tracetune.sources.prometheus_query import usage_reader
from tracetune.sources.readers import readers
from tracetune.stores.calls import ClickHouseCalls
from tracetune.stores.models import PRODUCTION, ModelRegistry, ModelVersion, registry_in

_ALL_TIME = (0, 2**31 - 1)


class Application:
    """What every surface asks: the verbs, wired as the settings say."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def ingest(self, patterns: Sequence[str], report: Report) -> Ingested:
        """Read the files that the patterns mean into minutes, and add these to the store if there is one.

        Without patterns, the minutes of the store.

        Raises:
            InvalidInput: no pattern and no store, or no file held a span.
        """
        if not patterns:
            return self._stored()
        ingested = pipeline.ingest(find(patterns), readers(), max_spans=self.settings.ingest.max_spans, report=report)
        if self.settings.store.url:
            with self._store() as (store, calls):
                store.write(ingested.minutes)
                calls.add(ingested.calls)
        return ingested

    def analyze(self, patterns: Sequence[str], report: Report, *, with_what_ifs: bool = False) -> Analysis:
        """Read, learn, detect, explain and tune; with what-ifs for a report, which has nobody to ask.

        Raises:
            NotEnoughData: the files were read, but no span in them is usable; it says why.
        """
        stopwatch = Stopwatch()
        with stopwatch.stage("read") as note:
            ingested = self._history(patterns, report)
            note(spans=ingested.spans, traces=ingested.traces, services=ingested.services)
        return pipeline.analyze(ingested, self._plan(report), stopwatch, with_what_ifs=with_what_ifs)

    def what_if(self, patterns: Sequence[str], ask: Ask, report: Report, *, is_screened: bool = False) -> WhatIf:
        """What would happen at another load, with other replicas or other work, from the healthy minutes of these traces.

        Raises:
            NotEnoughData: no whole traces are at hand.
            NotFound: a service that the traces do not know.
        """
        model, _ = pipeline.queues_of(self._history(patterns, report), self._plan(report))
        return pipeline.what_if(model, ask, is_screened=is_screened)

    def replay(self, patterns: Sequence[str], report: Report) -> tuple[Played, ...]:
        """This history lived again with the advice, an autoscaler, the present replicas and an oracle.

        Raises:
            NotEnoughData: no service shows a queue whose replicas could be chosen.
        """
        return pipeline.replay(self._history(patterns, report), self._plan(report))

    def backtest(self, patterns: Sequence[str], static: Sequence[str], truth: Path | None, report: Report) -> Backtest:
        """The second half of a history judged as it would have been, beside static thresholds.

        Raises:
            InvalidInput: a threshold or the truth cannot be used, or as from ``ingest``.
            NotEnoughData: the history is too short to divide.
        """
        rules = [parse(text) for text in static]
        happened = None if truth is None else read_truth(truth)
        return backtest(
            self._history(patterns, report), self._teacher(report), rules=rules, happened=happened, report=report
        )

    def power(
        self, patterns: Sequence[str], factors: Sequence[float] | None, trials: int, minutes: int, report: Report
    ) -> Power:
        """The smallest slowdown of each operation that is caught in its own history.

        Raises:
            InvalidInput: a size, a number or a length that cannot be used, or as from ``ingest``.
            NotEnoughData: the history is too short to try anything in.
        """
        history, teacher = self._history(patterns, report), self._teacher(report)
        return power(
            history, teacher, factors=factors or FACTORS, trials=trials, lasting_minutes=minutes, report=report
        )

    def workloads(self, kubeconfig: Path | None, context: str | None, namespace: str | None) -> tuple[Workload, ...]:
        """What runs in a cluster, as its API lists it.

        Raises:
            InvalidSettings: no such kubeconfig or context.
            Unavailable: the API does not answer or does not allow it, or the extra is not installed.
        """
        with kubernetes.connect(str(kubeconfig) if kubeconfig else None, context) as client:
            return kubernetes.workloads(client, namespace)

    def placed(self, patterns: Sequence[str], workloads: Sequence[Workload], report: Report) -> Mapping[str, Workload]:
        """The workload that runs each service of these traces, by the service's name."""
        table = self.ingest(patterns, report).minutes.instances
        services, instances = (table.column(name).to_pylist() for name in ("service_name", "instance"))
        seen: dict[str, set[str]] = {}
        for service, instance in zip(services, instances, strict=True):
            seen.setdefault(service, set()).add(instance)
        return join(workloads, sorted(seen), {name: frozenset(found - {""}) for name, found in seen.items()})

    def compare_history(self, patterns: Sequence[str], lengths: Sequence[str], report: Report) -> Comparison:
        """Models of these lengths of history, as 30m, 24h or 7d, judged on the same later minutes.

        Raises:
            InvalidInput: a length that cannot be read or none at all, or as from ``ingest``.
            NotEnoughData: there are too few minutes to learn from any of them.
        """
        if not lengths:
            raise InvalidInput("no length of history is named", hint="name some before the files: 30m 24h 7d")
        for each in lengths:
            length_of(each)
        return compare(self._history(patterns, report), lengths, self._teacher(report), report)

    def draw(self, found: Comparison) -> str:
        """The comparison as SVG."""
        return svg(found)

    def learn(self, patterns: Sequence[str], report: Report) -> Learned:
        """What is normal in these traces, with the gate's verdict on each operation and metric.

        Raises:
            NotEnoughData: no span in them is usable; it says why.
        """
        plan = self._plan(report)
        minutes = self._history(patterns, report).minutes
        return pipeline.learn(minutes, plan.candidates, seed=plan.seed, horizon_minutes=plan.horizon_minutes)

    def train(
        self, patterns: Sequence[str], report: Report, *, promote: bool, checkpoints: Path | None = None
    ) -> tuple[ModelVersion | None, str]:
        """Learn what is normal and publish it as a new version; also what became of it, as a clause.

        Args:
            patterns: as in ``ingest``.
            report: told the progress.
            promote: see ``tracetune train``.
            checkpoints: a directory in which a training that was killed is found again.

        Returns:
            No version where other processes train along and another one keeps the model.

        Raises:
            InvalidSettings: no registry is named, or the environment names impossible processes.
            NotEnoughData: nothing can be learned from so few minutes.
        """
        kept, processes = self.registry(), Processes.of(os.environ)
        if checkpoints is not None:
            checkpoints.mkdir(parents=True, exist_ok=True)
        plan = self._plan(report, checkpoint=checkpoints / "training.npz" if checkpoints else None)
        trained = training.train(self._history(patterns, report).minutes, plan.candidates, seed=plan.seed)
        if not processes.is_first:
            return (
                None,
                f"process {processes.part.number} of {processes.part.of} trained along; process 0 keeps the model",
            )
        version = kept.publish(trained.content, trained.about, created=words.timestamp(int(system_clock() // 60)))
        if not promote:
            return version, f"not in use until: tracetune model promote {version.number}"
        rivalry = training.beside_production(kept, trained)
        if not rivalry.passes:
            return version, f"not promoted: {rivalry.reason}"
        return kept.promote(str(version.number), training.unpacked), f"it is {PRODUCTION} now: {rivalry.reason}"

    def registry(self) -> ModelRegistry:
        """The models that are kept.

        Raises:
            InvalidSettings: no directory is named, or a place that is none.
        """
        return registry_in(self.settings.learn.registry)

    def write_report(self, found: Analysis, path: Path) -> None:
        """Write the analysis as one self-contained page.

        Raises:
            InvalidInput: the folder does not exist or cannot be written to.
        """
        try:
            HtmlReport(path).write(found)
        except OSError as error:
            raise InvalidInput(
                f"cannot write the report {path}: {error.strerror}", hint="name a file in a folder that exists"
            ) from error

    def write_demo(self, folder: Path, report: Report) -> list[Path]:
        """Write a generated day of a shop's traces, an hour a file, as Jaeger JSON, and beside them what happened.

        Raises:
            InvalidInput: the folder cannot be made or written to.
        """
        from tracetune.testing.shop import shop_day, told  # noqa: PLC0415 - compiles queues, which nothing else needs
        from tracetune.testing.writers import write_spans  # noqa: PLC0415

        files: list[Path] = []
        try:
            (folder / "traces").mkdir(parents=True, exist_ok=True)
            for hour, spans in enumerate(shop_day(self.settings.learn.seed)):
                file = folder / "traces" / f"shop-{hour:02}.json.zst"
                write_spans(file, [spans])
                files.append(file)
                report("write", hour + 1, 24)
            (folder / "truth.json").write_text(json.dumps(told(), indent=2) + "\n", "utf-8")
        except OSError as error:
            raise InvalidInput(
                f"cannot write to {folder}: {error.strerror}", hint="name another folder by --out"
            ) from error
        return files

    def patches(self, advice: Sequence[Advice], scaler: Scaler = Scaler.HPA) -> str:
        """Everything in the advice that can be applied, as one YAML stream."""
        return text(manifests(advice, scaler), refusals(advice)) or "# nothing to change\n"

    def difference(self, advice: Sequence[Advice], kept: Sequence[Path], scaler: Scaler = Scaler.HPA) -> str:
        """What the advice would change in manifests that are kept in files or folders, as a unified diff.

        Raises:
            InvalidInput: a path does not exist or is not YAML.
        """
        return diff(read_manifests(kept), manifests(advice, scaler)) or "# nothing to change\n"

    def _plan(self, report: Report, *, checkpoint: Path | None = None) -> pipeline.Plan:
        learn, detect = self.settings.learn, self.settings.detect
        network = learn.model == "lstm"
        told = candidates(
            network=network,
            progress=lambda step: report("learn", step.number, step.total),
            checkpoint=checkpoint,
        )
        parameters = {
            "version": __version__,
            "seed": str(learn.seed),
            "model": learn.model,
            "horizon minutes": str(learn.horizon_minutes),
            "false incidents a week": f"{detect.false_incidents_per_week:g}",
        }
        tune = self.settings.tune
        return pipeline.Plan(
            told,
            learn.seed,
            learn.horizon_minutes,
            detect.false_incidents_per_week,
            parameters,
            objectives(tune.slo),
            usage_reader(tune.prometheus_url, tune.prometheus_token),
        )

    def _history(self, patterns: Sequence[str], report: Report) -> Ingested:
        ingested = self.ingest(patterns, report)
        if not ingested.spans:
            raise _nothing_usable(ingested)
        return ingested

    def _teacher(self, report: Report) -> Teacher:
        plan = self._plan(report)
        return Teacher(plan.candidates, plan.seed, plan.false_incidents_per_week)

    def _stored(self) -> Ingested:
        if not self.settings.store.url:
            raise InvalidInput(
                "nothing to read",
                hint="name trace files, folders or - for stdin, or a store by --store chdb:///DIRECTORY",
            )
        with self._store() as (store, kept):
            minutes, calls = store.read(*_ALL_TIME), kept.read()
        if not minutes.minutes():
            raise InvalidInput("the store holds no minutes yet", hint="tracetune analyze FILE... --store ... fills it")
        return pipeline.recall(minutes, self.settings.store.url, calls)

    @contextmanager
    def _store(self) -> Iterator[tuple[MinuteStore, ClickHouseCalls]]:
        from tracetune.stores.clickhouse import ClickHouse  # noqa: PLC0415 - the engine takes 125 MB and is seldom needed
        from tracetune.stores.minutes import ClickHouseMinutes  # noqa: PLC0415

        database = ClickHouse(self.settings.store.url)
        store = ClickHouseMinutes(database)
        try:
            yield store, ClickHouseCalls(database)
        finally:
            store.close()


def _nothing_usable(ingested: Ingested) -> NotEnoughData:
    """Why there is nothing to analyse, by the most frequent reason."""
    if not ingested.findings:
        return NotEnoughData("the input holds no spans", hint="export the traces again, with a wider time range")
    worst = ingested.findings[0]
    message = (
        f"no usable spans: {words.count(worst.count)} of {words.count(worst.total)} left out, {worst.problem.meaning}"
    )
    return NotEnoughData(message, hint=worst.problem.remedy)
