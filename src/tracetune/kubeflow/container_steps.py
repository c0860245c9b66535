"""The steps as container components of our image: each is a command of ``tracetune pipeline``."""

# Annotations stay objects here, for kfp reads them: no "from __future__ import annotations".
from collections.abc import Callable
from typing import Any, List  # noqa: UP035 - kfp knows typing.List only

from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output

EXECUTOR_INPUT = "{{$}}"
"""Becomes everything that the launcher knows: a list of artifacts has no placeholder of its own."""


def container_steps(image: str) -> dict[str, Callable[..., Any]]:  # noqa: C901 - seven components in a row
    """The components by name."""

    def command(step: str, *arguments: Any) -> dsl.ContainerSpec:  # noqa: ANN401 - words and placeholders
        return dsl.ContainerSpec(image=image, command=["tracetune", "pipeline", step], args=list(arguments))

    @dsl.container_component
    def extract(source: str, minutes: Output[Dataset]) -> dsl.ContainerSpec:
        return command("extract", "--source", source, "--to", minutes.path)

    @dsl.container_component
    def series(
        minutes: Input[Dataset], cut: str, shards: int, hours: int, series: Output[Dataset], names: dsl.OutputPath(list)
    ) -> dsl.ContainerSpec:
        where = ("--minutes", minutes.path, "--to", series.path, "--names-to", names)
        return command("series", *where, "--cut", cut, "--shards", shards, "--hours", hours)

    @dsl.container_component
    def train(series: Input[Dataset], shard: str, model: str, seed: int, part: Output[Model]) -> dsl.ContainerSpec:
        where = ("--series", series.path, "--shard", shard, "--to", part.path)
        return command("train", *where, "--model", model, "--seed", seed)

    @dsl.container_component
    def evaluate(
        series: Input[Dataset],
        parts: Input[List[Model]],  # noqa: UP006, ARG001 - as above; it comes in the executor's input
        registry: str,
        seed: int,
        model: Output[Model],
        evaluation: dsl.OutputPath(str),
    ) -> dsl.ContainerSpec:
        where = ("--series", series.path, "--executor-input", EXECUTOR_INPUT, "--to", model.path)
        return command("evaluate", *where, "--evaluation-to", evaluation, "--registry", registry, "--seed", seed)

    @dsl.container_component
    def gate(
        evaluation: str,
        model: Input[Model],
        registry: str,
        verdict: dsl.OutputPath(str),
        version: dsl.OutputPath(int),
        said: dsl.OutputPath(str),
    ) -> dsl.ContainerSpec:
        what = ("--evaluation", evaluation, "--model", model.path, "--registry", registry)
        return command("gate", *what, "--verdict-to", verdict, "--version-to", version, "--said-to", said)

    @dsl.container_component
    def promote(version: int, registry: str, said: dsl.OutputPath(str)) -> dsl.ContainerSpec:
        return command("promote", "--version", version, "--registry", registry, "--said-to", said)

    @dsl.container_component
    def notify(said: str, webhook: str) -> dsl.ContainerSpec:
        return command("notify", "--said", said, "--webhook", webhook)

    made = (extract, series, train, evaluate, gate, promote, notify)
    return {each.name: each for each in made}
