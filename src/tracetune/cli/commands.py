"""The commands: each asks the application for an answer and shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracetune.cli import options
from tracetune.errors import InvalidInput, NotFound
from tracetune.sinks.scaling import Scaler

if TYPE_CHECKING:
    from tracetune.app import Application
    from tracetune.domain.analysis import Analysis
    from tracetune.domain.anomalies import Incident


def analyze(
    files: options.Inputs = None,
    *,
    report: Annotated[Path | None, typer.Option(help="Write a self-contained HTML report.")] = None,
    store: options.Store = None,
    model: options.Model = None,
    seed: options.Seed = None,
    horizon: options.Horizon = None,
    as_json: options.Json = False,
    output: options.Output = None,
    fail_on: options.FailOn = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Read traces; say what is normal, what was not, why, and what to tune.

    \b
    tracetune analyze traces.json.gz --report out.html
    """
    from tracetune.cli import documents, summary
    from tracetune.cli import output as out

    app = _application(
        config, options.flags(store=store, model=model, seed=seed, horizon=horizon), _level(quiet, verbose)
    )
    found = _analysis(app, files, quiet=quiet, with_what_ifs=report is not None)
    if report is not None:
        app.write_report(found, report)
    out.show(summary.summary(found, report), documents.analysis(found), as_json=as_json, to=output)
    raise typer.Exit(out.status(found, found.incidents, fail_on))


def anomalies(
    files: options.Inputs = None,
    *,
    store: options.Store = None,
    url: options.Url = None,
    model: options.Model = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
    output: options.Output = None,
    fail_on: options.FailOn = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """List what departed from its forecast, grouped into incidents, the most severe first.

    \b
    tracetune anomalies traces/ --fail-on critical
    """
    from tracetune.cli import documents, summary
    from tracetune.cli import output as out

    app = _application(config, options.flags(url=url, store=store, model=model, seed=seed), _level(quiet, verbose))
    found = _found(app, files, quiet=quiet)
    document = [documents.incident(each, found.rankings.get(each.id)) for each in found.incidents]
    out.show(summary.anomalies(found), document, as_json=as_json, to=output)
    raise typer.Exit(out.status(found, found.incidents, fail_on))


def explain(
    files: options.Inputs = None,
    *,
    incident: Annotated[str | None, typer.Option("--incident", "-i", help="Only this incident, by its id.")] = None,
    store: options.Store = None,
    url: options.Url = None,
    model: options.Model = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
    output: options.Output = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Say why each incident happened, with what speaks for each cause and against it.

    \b
    tracetune explain traces/ --incident INC-3f9c
    """
    from tracetune.cli import documents, summary
    from tracetune.cli import output as out

    app = _application(config, options.flags(url=url, store=store, model=model, seed=seed), _level(quiet, verbose))
    found = _found(app, files, quiet=quiet)
    chosen = _chosen(found, incident)
    document = [documents.incident(each, found.rankings.get(each.id)) for each in chosen]
    out.show(summary.explanations(found, chosen), document, as_json=as_json, to=output)


def tune(
    files: options.Inputs = None,
    *,
    service: Annotated[str | None, typer.Option("--service", "-s", help="Only this service.")] = None,
    patch: Annotated[
        bool, typer.Option("--patch", help="Print the settings as Kubernetes and Istio patches (YAML).")
    ] = False,
    diff: Annotated[
        list[Path] | None,
        typer.Option("--diff", help="Print what would change in these manifests (files or folders; may be repeated)."),
    ] = None,
    replay: Annotated[
        bool,
        typer.Option(
            "--replay",
            help="Live through these traces again: minutes over the objective and replica-hours of the advice, an HPA at 80 %, "
            "the present replicas and an oracle.",
        ),
    ] = False,
    slo: Annotated[
        list[str] | None,
        typer.Option(
            "--slo",
            metavar="OBJECTIVE",
            help="p99 that an endpoint is to keep, as 'GET /checkout p99<800ms'; repeatable. Else: twice that without waiting.",
        ),
    ] = None,
    prometheus: Annotated[
        str | None,
        typer.Option(
            "--prometheus",
            metavar="URL",
            help="Ask this Prometheus what pods use of CPU and memory, and advise on both.",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Print what is to be kept and what cannot be said one by one, too.")
    ] = False,
    scaler: Annotated[
        Scaler | None,
        typer.Option(
            "--scaler", help="Who sets the replicas in a patch: hpa (the default), keda, or deployment alone."
        ),
    ] = None,
    store: options.Store = None,
    url: options.Url = None,
    model: options.Model = None,
    seed: options.Seed = None,
    horizon: options.Horizon = None,
    as_json: options.Json = False,
    output: options.Output = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Advise replicas, timeouts, retries and pools for the forecast load; "keep" and "cannot say" are answers too.

    \b
    tracetune tune traces/ --patch > patch.yaml
    tracetune tune traces/ --diff deploy/
    tracetune tune traces/ --replay
    tracetune tune traces/ --slo 'GET /checkout p99<800ms'
    tracetune tune traces/ --prometheus http://127.0.0.1:9090
    """
    from tracetune.cli import documents, summary, whatif_views
    from tracetune.cli import output as out
    from tracetune.cli.progress import progress

    app = _application(
        config,
        options.flags(url=url, store=store, model=model, seed=seed, horizon=horizon, slo=slo, prometheus=prometheus),
        _level(quiet, verbose),
    )
    if replay:
        with progress(quiet=quiet) as report:
            played = app.replay(files or [], report)
        out.show(whatif_views.played(played), whatif_views.played_document(played), as_json=as_json, to=output)
        return
    if scaler is not None and not (patch or diff):
        raise InvalidInput("--scaler says who sets the replicas in a patch, and none is asked for", hint="add --patch")
    found = _found(app, files, quiet=quiet)
    services = {each.target_service for each in found.advice}
    if service is not None and service not in services:
        raise NotFound(
            f"no advice about a service {service!r}", hint=f"there is some about: {', '.join(sorted(services))}"
        )
    chosen = [each for each in found.advice if service in (None, each.target_service)]
    if diff:
        out.pass_on(app.difference(chosen, diff, scaler or Scaler.HPA), to=output)
    elif patch:
        out.pass_on(app.patches(chosen, scaler or Scaler.HPA), to=output)
    else:
        out.show(
            summary.advice(chosen, everything=everything or service is not None),
            [documents.advice(each) for each in chosen],
            as_json=as_json,
            to=output,
        )


def doctor(
    files: options.Inputs = None,
    *,
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", metavar="URL", help="Send a test span there (OTLP over HTTP) and follow it."),
    ] = None,
    url: options.Url = None,
    as_json: options.Json = False,
    output: options.Output = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Rank what is wrong with the spans themselves, each problem with its remedy; or follow a test span to the store.

    \b
    tracetune doctor traces.json
    tracetune doctor --endpoint http://127.0.0.1:4318 --url http://127.0.0.1:8787
    """
    from tracetune.cli import documents, summary
    from tracetune.cli import output as out
    from tracetune.cli.progress import progress

    app = _application(config, options.flags(url=url), _level(quiet, verbose))
    if endpoint is not None:
        raise typer.Exit(_follow(app, endpoint, as_json=as_json, output=output))
    with progress(quiet=quiet) as report:
        found = app.ingest(files or [], report)
    out.show(summary.doctor(found), documents.ingested(found), as_json=as_json, to=output)


def demo(
    *,
    out_folder: Annotated[Path, typer.Option("--out", help="Folder for the traces and the report.")] = Path(
        "tracetune-demo"
    ),
    recording: Annotated[
        Path | None, typer.Option(help="Analyse this recording of the lab instead, and say what was really done.")
    ] = None,
    model: options.Model = None,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Write a day of a shop's traces, with an incident in it, and analyse them.

    \b
    tracetune demo --out demo
    tracetune demo --recording lab/recordings/dev/shop-day-release --out demo
    """
    from tracetune.cli import output as out
    from tracetune.cli import recorded, summary
    from tracetune.cli.progress import progress

    real = recorded.read(recording) if recording is not None else None
    app = _application(None, options.flags(model=model, seed=seed), _level(quiet, verbose))
    with progress(quiet=quiet) as report:
        files = [real.spans] if real is not None else app.write_demo(out_folder, report)
        found = app.analyze([str(file) for file in files], report, with_what_ifs=True)
    page = out_folder / ("report.html" if real is None else "recorded.html")
    with suppress(OSError):  # the report says what is wrong with its folder
        out_folder.mkdir(parents=True, exist_ok=True)
    app.write_report(found, page)
    out.console().print(summary.summary(found, page))
    if real is not None:
        out.console().print(recorded.compared(real, found), markup=False, highlight=False)
    out.console().print(summary.last_word(found.advice, page), markup=False, highlight=False)


def settings(
    *,
    as_json: options.Json = False,
    config: options.Config = None,
) -> None:
    """Print every setting that is in force, and where its value came from; secrets are masked.

    \b
    tracetune settings --config tracetune.toml
    """
    from tracetune import settings as tree
    from tracetune.cli import output as out
    from tracetune.cli import summary

    _, entries = tree.load(file=config)
    document = {entry.key: {"value": entry.shown(), "origin": entry.origin} for entry in entries}
    out.show(summary.settings(entries), document, as_json=as_json, to=None)


def version(*, as_json: options.Json = False) -> None:
    """Print the version.

    \b
    tracetune version
    """
    from tracetune import __version__
    from tracetune.cli import output as out

    out.show(f"tracetune {__version__}", {"version": __version__}, as_json=as_json, to=None)


ALL: tuple[Callable[..., None], ...] = (analyze, anomalies, explain, tune, doctor, demo, settings, version)


def _level(quiet: bool, verbose: int) -> int:
    return -1 if quiet else verbose


def _application(config: Path | None, flags: Mapping[str, Any], verbosity: int) -> Application:
    from tracetune import log
    from tracetune import settings as tree
    from tracetune.app import Application

    log.configure(verbosity=verbosity)
    found, _ = tree.load(file=config, flags=flags)
    return Application(found)


def _analysis(app: Application, files: list[str] | None, *, quiet: bool, with_what_ifs: bool = False) -> Analysis:
    from tracetune.cli.progress import progress

    with progress(quiet=quiet) as report:
        return app.analyze(files or [], report, with_what_ifs=with_what_ifs)


def _found(app: Application, files: list[str] | None, *, quiet: bool) -> Analysis:
    """What a running server found, where no files are named and one is known; else the analysis of the input."""
    if files or not app.settings.client.url:
        return _analysis(app, files, quiet=quiet)
    from tracetune.cli.remote import Server, analysis

    with Server.at(app.settings.client) as server:
        return analysis(server)


def _follow(app: Application, endpoint: str, *, as_json: bool, output: Path | None) -> int:
    """Send a test span and say each step; the exit status."""
    from contextlib import nullcontext
    from dataclasses import asdict

    from tracetune.cli import endpoint as steps
    from tracetune.cli import output as out
    from tracetune.cli.remote import Server

    client = app.settings.client
    found = []
    with Server.at(client) if client.url else nullcontext() as server:
        for step in steps.follow(endpoint, client.token, server):
            found.append(step)
            out.say(f"{'·' if step.ok is None else '✓' if step.ok else '✗'} {step.name}: {step.text}")
    failed = any(step.ok is False for step in found)
    if as_json or output is not None:
        out.show("", [asdict(step) for step in found], as_json=True, to=output)
    return 1 if failed else 0


def _chosen(found: Analysis, incident_id: str | None) -> tuple[Incident, ...]:
    if incident_id is None:
        return found.incidents
    chosen = tuple(each for each in found.incidents if each.id == incident_id)
    if not chosen:
        known = ", ".join(each.id for each in found.incidents) or "none were found"
        raise NotFound(f"no incident {incident_id!r} in these traces", hint=f"incidents: {known}")
    return chosen
