"""The commands of the training pipeline: compile it, run it here, and each of its steps, as its containers run them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tracetune.cli import options
from tracetune.errors import InvalidInput, Unavailable

group = typer.Typer(
    name="pipeline", help="Training as a Kubeflow pipeline.", no_args_is_help=True, rich_markup_mode=None
)

To = Annotated[Path, typer.Option("--to", help="What to write.")]
Registry = Annotated[str, typer.Option("--registry", metavar="PLACE", help="A directory, or s3://BUCKET/PREFIX.")]
Series = Annotated[Path, typer.Option("--series", help="The folder of the step series.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
SaidTo = Annotated[Path, typer.Option("--said-to", help="File for a sentence that says what came of it.")]
_STEPS = "Steps, as the pipeline's containers run them"


@group.command("compile")
def compile_(
    *,
    to: To,
    image: Annotated[str | None, typer.Option("--image", help="Image of the steps; default: the released one.")] = None,
    kubernetes: Annotated[
        bool, typer.Option("--kubernetes", help="As a PipelineVersion, which kubectl applies, in place of IR.")
    ] = False,
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Of the PipelineVersion.")] = "kubeflow",
) -> None:
    """Write the pipeline as Kubeflow Pipelines takes it; needs the extra 'kubeflow'.

    \b
    tracetune pipeline compile --to pipeline.yaml
    """
    pipelines = _pipelines()
    if to.suffix not in {".yaml", ".yml"}:
        raise InvalidInput(f"{to} is no .yaml file", hint="name one, as --to pipeline.yaml")
    pipelines.compiled(to, image=image or pipelines.IMAGE, as_kubernetes=kubernetes, namespace=namespace)


@group.command()
def run(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="Trace files; without any: the store.")
    ] = None,
    *,
    registry: Registry,
    root: Annotated[Path, typer.Option("--root", help="Folder for what the steps hand on.")] = Path("pipeline-runs"),
    cut: Annotated[str, typer.Option("--cut", help="size, or namespace: one shard each.")] = "size",
    shards: Annotated[int, typer.Option("--shards", min=1, help="At most so many.")] = 2,
    hours: Annotated[int, typer.Option("--hours", min=1, help="Of history to learn from.")] = 336,
    model: Annotated[str, typer.Option("--model", help="Best model to try: lstm or baselines (quicker).")] = "lstm",
    seed: Seed = 0,
    webhook: Annotated[str, typer.Option("--webhook", help="Address that is told what came of it.")] = "",
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Run the whole pipeline here by Kubeflow's local runner, each step in a process; needs the extra 'kubeflow'.

    Each step is a line on stderr as it ends; kfp's own log goes to a file beside the run, and with --verbose to stderr too.

    \b
    tracetune pipeline run demo/traces --registry models
    """
    from tracetune.cli import output as out
    from tracetune.cli.progress import Steps

    arguments = {
        "source": ",".join(str(Path(each).absolute()) for each in files or []),
        "registry": registry if "://" in registry else str(Path(registry).absolute()),
        "cut": cut,
        "shards": shards,
        "hours": hours,
        "model": model,
        "seed": seed,
        "webhook": webhook,
    }
    pipeline = _pipelines().here()
    from tracetune.kubeflow.local_run import run as run_here

    with Steps(quiet=quiet) as steps:
        folder = run_here(pipeline, arguments, root=root.absolute(), listener=steps, is_verbose=verbose > 0)
    said = next(iter([*folder.glob("promote/said"), *folder.glob("gate/said")])).read_text("utf-8")
    out.pass_on(f"{said}\n", to=None)


@group.command(rich_help_panel=_STEPS)
def extract(
    *, source: Annotated[str, typer.Option("--source", help="Files by commas; '' is the store.")], to: To
) -> None:
    """Step 1: trace files, or the store, into a folder of minutes.

    \b
    tracetune pipeline extract --source traces/ --to minutes
    """
    from tracetune.kubeflow import steps

    steps.extract(source, to)


@group.command(rich_help_panel=_STEPS)
def series(
    *,
    minutes: Annotated[Path, typer.Option("--minutes", help="The folder of the step extract.")],
    to: To,
    names_to: Annotated[Path, typer.Option("--names-to", help="File for the names of the shards, as JSON.")],
    cut: Annotated[str, typer.Option("--cut", help="size, or namespace.")] = "size",
    shards: Annotated[int, typer.Option("--shards", min=1, help="At most so many.")] = 2,
    hours: Annotated[int, typer.Option("--hours", min=1, help="Of history.")] = 336,
) -> None:
    """Step 2: minutes into shards of series, a file each.

    \b
    tracetune pipeline series --minutes minutes --to series --names-to names.json
    """
    from tracetune.kubeflow import steps

    _write(names_to, json.dumps(steps.series(minutes, to, cut=cut, shards=shards, hours=hours)))


@group.command(rich_help_panel=_STEPS)
def train(
    *,
    series: Series,
    shard: Annotated[str, typer.Option("--shard", help="Its name.")],
    to: To,
    model: Annotated[str, typer.Option("--model", help="Best model to try: lstm or baselines.")] = "lstm",
    seed: Seed = 0,
) -> None:
    """Step 3, once a shard: learn what is normal for it.

    \b
    tracetune pipeline train --series series --shard shard-000 --to part.npz
    """
    from tracetune.kubeflow import steps

    steps.train(series, shard, to, model=model, seed=seed)


@group.command(rich_help_panel=_STEPS)
def evaluate(
    parts: Annotated[list[Path] | None, typer.Argument(metavar="PART", help="Files of the step train.")] = None,
    *,
    series: Series,
    to: To,
    evaluation_to: Annotated[Path, typer.Option("--evaluation-to", help="File for what was found, as JSON.")],
    registry: Registry,
    executor_input: Annotated[
        str, typer.Option("--executor-input", help="Names the parts in place of arguments: {{$}} of a pipeline.")
    ] = "",
    seed: Seed = 0,
) -> None:
    """Step 4: join the parts, and compare them with the model in use.

    \b
    tracetune pipeline evaluate part.npz --series series --to model.npz --evaluation-to found.json --registry models
    """
    from tracetune.kubeflow import steps

    named = steps.collected(executor_input, "parts") if executor_input else parts or []
    _write(evaluation_to, steps.evaluate(series, named, to, registry=registry, seed=seed))


@group.command(rich_help_panel=_STEPS)
def gate(
    *,
    evaluation: Annotated[str, typer.Option("--evaluation", help="What the step evaluate found, as JSON.")],
    model: Annotated[Path, typer.Option("--model", help="The model of the step evaluate.")],
    registry: Registry,
    verdict_to: Annotated[Path, typer.Option("--verdict-to", help="File for 'promote' or 'keep'.")],
    version_to: Annotated[Path, typer.Option("--version-to", help="File for the number of the new version.")],
    said_to: SaidTo,
) -> None:
    """Step 5: publish the model with the verdict on it.

    \b
    tracetune pipeline gate --evaluation "$(cat found.json)" --model model.npz --registry models \\
      --verdict-to verdict --version-to version --said-to said
    """
    from tracetune.kubeflow import steps

    written = steps.gate(evaluation, model, registry=registry)
    for path, value in zip((verdict_to, version_to, said_to), written, strict=True):
        _write(path, str(value))


@group.command(rich_help_panel=_STEPS)
def promote(
    *,
    version: Annotated[int, typer.Option("--version", help="Of the registry.")],
    registry: Registry,
    said_to: SaidTo,
) -> None:
    """Step 6, where the gate says so: the version is in use from now on.

    \b
    tracetune pipeline promote --version 3 --registry models --said-to said
    """
    from tracetune.kubeflow import steps

    _write(said_to, steps.promote(version, registry=registry))


@group.command(rich_help_panel=_STEPS)
def notify(
    *,
    said: Annotated[str, typer.Option("--said", help="The sentence.")],
    webhook: Annotated[str, typer.Option("--webhook", help="Address to post it to; '' posts nothing.")],
) -> None:
    """Step 7: tell people.

    \b
    tracetune pipeline notify --said "$(cat said)" --webhook https://hooks.example.com/T1
    """
    from tracetune.kubeflow import steps

    steps.notify(said, webhook)


def _pipelines() -> Any:  # noqa: ANN401 - imported late: an extra, and two seconds
    try:
        from tracetune.kubeflow import pipelines
    except ImportError as error:
        raise Unavailable(
            "pipelines need kfp, which is not installed", hint="pip install 'tracetune[kubeflow]'"
        ) from error
    return pipelines


def _write(path: Path, text: str) -> None:
    """The launcher reads it when the container has ended; it gives the path, and not always its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
