"""The commands about trained models: train one, and look after their versions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from tracetune.cli import options

Registry = Annotated[
    str | None,
    typer.Option(
        "--registry", metavar="DIR", help="Directory, or s3://BUCKET/PREFIX, in which models are kept by version."
    ),
]
Alias = Annotated[str, typer.Option("--alias", metavar="NAME", help="The alias to move.")]
Version = Annotated[str, typer.Argument(metavar="VERSION", help="A version's number, an alias, or latest.")]


def train(
    files: options.Inputs = None,
    *,
    registry: Registry = None,
    promote: Annotated[
        bool,
        typer.Option("--promote", help="Point 'production' at the new version, unless it is worse than what is there."),
    ] = False,
    checkpoints: Annotated[
        Path | None,
        typer.Option(
            "--checkpoints", metavar="DIR", help="Directory from which a killed training of the network goes on."
        ),
    ] = None,
    url: options.Url = None,
    store: options.Store = None,
    model: options.Model = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
    output: options.Output = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Learn what is normal, and keep the models as a new version with the facts about their making.

    With --url a running server learns anew from all it holds, for itself.

    \b
    tracetune train traces/ --registry models --promote
    tracetune train --url http://127.0.0.1:8787
    """
    from tracetune.cli import model_views, served
    from tracetune.cli import output as out
    from tracetune.cli.opening import application
    from tracetune.cli.progress import progress
    from tracetune.cli.remote import Server

    flags = {**options.flags(url=url, store=store, model=model, seed=seed), "learn.registry": registry}
    app = application(config, flags, quiet=quiet, verbose=verbose)
    if served.only_files_or_server(files or [], url or ""):
        with Server.at(app.settings.client) as server, progress(quiet=quiet) as report:
            job = served.train(server, report)
        out.show(f"trained on {job['text']}, in {job['seconds']:.0f} s", job, as_json=as_json, to=output)
        return
    with progress(quiet=quiet) as report:
        found, said = app.train(files or [], report, promote=promote, checkpoints=checkpoints)
    if found is None:
        out.show(said, {"version": None, "promotion": said}, as_json=as_json, to=output)
        return
    out.show(
        model_views.trained(found, said), {**model_views.version(found), "promotion": said}, as_json=as_json, to=output
    )


def models(
    files: options.Inputs = None,
    *,
    url: options.Url = None,
    store: options.Store = None,
    model: options.Model = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
    output: options.Output = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """For each operation: which model speaks, how far off it is, how well its band holds, and why it was chosen.

    \b
    tracetune models traces/
    tracetune models --url http://127.0.0.1:8787
    """
    from tracetune.cli import model_views, served
    from tracetune.cli import output as out
    from tracetune.cli.opening import application
    from tracetune.cli.progress import progress
    from tracetune.cli.remote import Server

    given = options.flags(url=url, store=store, model=model, seed=seed)
    app = application(config, given, quiet=quiet, verbose=verbose)
    if served.only_files_or_server(files or [], url or ("" if files else app.settings.client.url)):
        with Server.at(app.settings.client) as server:
            judged, limits = served.models(server)
    else:
        with progress(quiet=quiet) as report:
            found = app.learn(files or [], report)
        judged, limits = model_views.of(found.forecasts), found.limits
    document = {"limits": list(limits), "verdicts": [model_views.verdict(*each) for each in judged]}
    out.show(model_views.learned(judged, limits), document, as_json=as_json, to=output)


group = typer.Typer(name="model", help="The registry of trained models.", no_args_is_help=True, rich_markup_mode=None)


@group.command("list")
def list_(*, registry: Registry = None, as_json: options.Json = False, config: options.Config = None) -> None:
    """Every version, the newest first, with what it learned from and the aliases that point at it.

    \b
    tracetune model list --registry models
    """
    from tracetune.cli import model_views
    from tracetune.cli import output as out

    versions = registry_of(registry, config).versions()
    out.show(model_views.versions(versions), [model_views.version(each) for each in versions], as_json=as_json, to=None)


@group.command()
def show(
    version: Version = "production",
    *,
    registry: Registry = None,
    as_json: options.Json = False,
    config: options.Config = None,
) -> None:
    """One version: its data window, its measures, and which model speaks for each operation and why.

    \b
    tracetune model show production --registry models
    """
    from tracetune import training
    from tracetune.cli import model_views
    from tracetune.cli import output as out

    kept = registry_of(registry, config)
    found = kept.version(version)
    normal = training.unpacked(kept.content(found))
    document = {**model_views.version(found), "verdicts": model_views.verdicts(normal)}
    out.show(model_views.one(found, normal), document, as_json=as_json, to=None)


@group.command()
def promote(
    version: Version,
    *,
    alias: Alias = "production",
    registry: Registry = None,
    as_json: options.Json = False,
    config: options.Config = None,
) -> None:
    """Point an alias at a version, once its model was read and found whole; a running server takes it over.

    \b
    tracetune model promote 3 --registry models
    """
    from tracetune import training
    from tracetune.cli import model_views
    from tracetune.cli import output as out

    found = registry_of(registry, config).promote(version, training.unpacked, alias=alias)
    out.show(f"{alias} is version {found.number} now.", model_views.version(found), as_json=as_json, to=None)


@group.command()
def rollback(
    *,
    alias: Alias = "production",
    registry: Registry = None,
    as_json: options.Json = False,
    config: options.Config = None,
) -> None:
    """Point an alias at the version before, or the last one before that which can be used.

    \b
    tracetune model rollback --registry models
    """
    from tracetune import training
    from tracetune.cli import model_views
    from tracetune.cli import output as out

    found = registry_of(registry, config).rollback(training.unpacked, alias=alias)
    out.show(f"{alias} is version {found.number} again.", model_views.version(found), as_json=as_json, to=None)


@group.command()
def diff(
    before: Version,
    after: Version = "latest",
    *,
    registry: Registry = None,
    as_json: options.Json = False,
    config: options.Config = None,
) -> None:
    """What differs between two versions: windows, measures, and the operations for which another model speaks.

    \b
    tracetune model diff production latest --registry models
    """
    from tracetune import training
    from tracetune.cli import model_views
    from tracetune.cli import output as out

    kept = registry_of(registry, config)
    versions = (kept.version(before), kept.version(after))
    old, new = (training.unpacked(kept.content(each)) for each in versions)
    changed = training.changes(old, new)
    out.show(
        model_views.diff(*versions, changed), model_views.diff_document(*versions, changed), as_json=as_json, to=None
    )


ALL: tuple[Callable[..., None], ...] = (models, train)


def registry_of(registry: str | None, config: Any) -> Any:  # noqa: ANN401 - imported late: a path, and a ModelRegistry
    """The registry that a command means."""
    from tracetune.cli.opening import application

    return application(config, {"learn.registry": registry}, quiet=True, verbose=0).registry()
