"""The commands that print objects for Kubeflow: training on several nodes, and a served model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the objects; a DNS label.")]
Image = Annotated[str, typer.Option("--image", help="Of tracetune.")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Where they are applied.")]


def train_job(
    name: Name,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="ARGUMENT", help="Of tracetune train, after --.")
    ] = None,
    *,
    image: Image,
    nodes: Annotated[int, typer.Option("--nodes", min=1, help="Processes that train together, a pod each.")] = 1,
    claim: Annotated[
        str, typer.Option("--claim", help="A volume claim that all mount; lost pods go on from the checkpoint in it.")
    ] = "",
    tensorflow: Annotated[
        bool, typer.Option("--tensorflow", help="An indexed Job that sets TF_CONFIG, in place of a TrainJob on JAX.")
    ] = False,
    namespace: Namespace = "kubeflow",
) -> None:
    """Print a TrainJob of Kubeflow Trainer, or a Job for TensorFlow; nothing is applied.

    \b
    tracetune pipeline train-job nightly --image tracetune:0.1.0 --nodes 2 --claim checkpoints -- --registry s3://models --promote
    """
    from tracetune.kubeflow.tensorflow_job import TensorFlowJob
    from tracetune.kubeflow.trainjob import TrainJob

    words = arguments or []
    if tensorflow:
        job = TensorFlowJob(name, image, words, namespace=namespace, workers=nodes, claim=claim)
        _print(*job.render())
        return
    _print(TrainJob(name, image, words, namespace=namespace, nodes=nodes, claim=claim).render())


def inference_service(
    name: Name,
    *,
    image: Image,
    storage_uri: Annotated[
        str, typer.Option("--storage-uri", help="A version, as s3://BUCKET/PREFIX/versions/000012 or pvc://CLAIM/PATH.")
    ],
    canary: Annotated[
        int | None,
        typer.Option("--canary", min=0, max=100, help="Percent of requests for it; the former gets the rest."),
    ] = None,
    namespace: Namespace = "kubeflow",
) -> None:
    """Print an InferenceService of KServe that serves one version; nothing is applied.

    \b
    tracetune pipeline inference-service tracetune --image tracetune:0.1.0 --storage-uri s3://models/versions/000012 --canary 10
    """
    from tracetune.kubeflow.inference_service import InferenceService

    _print(InferenceService(name, image, storage_uri, namespace=namespace, canary_percent=canary).render())


def _print(*documents: dict[str, Any]) -> None:
    import yaml

    from tracetune.cli import output as out

    out.pass_on(yaml.safe_dump_all(documents, sort_keys=False, width=120), to=None)


ALL: tuple[Callable[..., None], ...] = (train_job, inference_service)
