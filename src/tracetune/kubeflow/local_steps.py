"""The steps as lightweight components: Kubeflow's local runner runs them in processes of this very environment."""

# Annotations stay objects here, for kfp reads them: no "from __future__ import annotations". Each function carries its
# imports, because kfp takes its source alone.
from functools import partial
from typing import List  # noqa: UP035 - kfp knows typing.List only

from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output

component = partial(dsl.component, base_image="python:3.11")  # the image is not used here, but kfp wants to know one


@component
def extract(source: str, minutes: Output[Dataset]) -> None:
    """Trace files, or the store, into minutes."""
    from pathlib import Path

    from tracetune.kubeflow import steps

    steps.extract(source, Path(minutes.path))


@component
def series(minutes: Input[Dataset], cut: str, shards: int, hours: int, series: Output[Dataset]) -> list:
    """Minutes into shards of series, whose names it gives."""
    from pathlib import Path

    from tracetune.kubeflow import steps

    return steps.series(Path(minutes.path), Path(series.path), cut=cut, shards=shards, hours=hours)


@component
def train(series: Input[Dataset], shard: str, model: str, seed: int, part: Output[Model]) -> None:
    """One shard into what is normal for it."""
    from pathlib import Path

    from tracetune.kubeflow import steps

    steps.train(Path(series.path), shard, Path(part.path), model=model, seed=seed)


@component
def evaluate(
    series: Input[Dataset],
    parts: Input[List[Model]],  # noqa: UP006 - as above
    registry: str,
    seed: int,
    model: Output[Model],
    evaluation: dsl.OutputPath(str),
) -> None:
    """The parts joined, and beside the model in use."""
    from pathlib import Path

    from tracetune.kubeflow import steps

    found = steps.evaluate(
        Path(series.path), [Path(each.path) for each in parts], Path(model.path), registry=registry, seed=seed
    )
    Path(evaluation).write_text(found, encoding="utf-8")


@component
def gate(
    evaluation: str,
    model: Input[Model],
    registry: str,
    version: dsl.OutputPath(int),
    said: dsl.OutputPath(str),
) -> str:
    """Published, with the verdict on it, which it gives."""
    from pathlib import Path

    from tracetune.kubeflow import steps

    verdict, number, sentence = steps.gate(evaluation, Path(model.path), registry=registry)
    Path(version).write_text(str(number), encoding="utf-8")
    Path(said).write_text(sentence, encoding="utf-8")
    return verdict


@component
def promote(version: int, registry: str, said: dsl.OutputPath(str)) -> None:
    """In use from now on."""
    from pathlib import Path

    from tracetune.kubeflow import steps

    Path(said).write_text(steps.promote(version, registry=registry), encoding="utf-8")


@component
def notify(said: str, webhook: str) -> None:
    """People told."""
    from tracetune.kubeflow import steps

    steps.notify(said, webhook)
