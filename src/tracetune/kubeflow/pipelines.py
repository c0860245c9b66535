"""The training pipeline for Kubeflow Pipelines: extract, series, train by shard, evaluate, gate, promote and notify."""

# Annotations stay objects here, for kfp reads them: no "from __future__ import annotations".
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kfp import compiler, dsl, kubernetes
from kfp.compiler.compiler_utils import KubernetesManifestOptions

from tracetune import __version__
from tracetune.kubeflow import local_steps
from tracetune.kubeflow.container_steps import container_steps
from tracetune.kubeflow.steps import PROMOTE

NAME = "tracetune-train"
IMAGE = f"ghcr.io/tracetune/tracetune:{__version__}"

SECRET = "tracetune-pipeline"  # noqa: S105 - a Secret's name
VARIABLES = {
    "store-url": "TRACETUNE_STORE_URL",
    "access-key-id": "AWS_ACCESS_KEY_ID",
    "secret-access-key": "AWS_SECRET_ACCESS_KEY",
    "region": "AWS_REGION",
    "endpoint-url": "AWS_ENDPOINT_URL_S3",
}
"""Keys of the Secret, and the variables that they become; each may be missing, and so may the Secret."""

SHARDS_AT_ONCE = 4
RETRIES = 2

Kit = Mapping[str, Callable[..., Any]]
Arrange = Callable[[Any], Any]
"""Gives a task what it needs where it runs: resources, secrets, retries."""


def compiled(to: Path, *, image: str = IMAGE, as_kubernetes: bool = False, namespace: str = "kubeflow") -> None:
    """Write the pipeline for clusters: as IR, or as a PipelineVersion for Kubeflow Pipelines in Kubernetes-native mode.

    Source: Kubeflow Pipelines, "IR YAML" and "Kubernetes Native API".
    """
    options = KubernetesManifestOptions(
        pipeline_name=NAME,
        pipeline_version_name=f"{NAME}-{__version__}",
        namespace=namespace,
        include_pipeline_manifest=True,
    )
    compiler.Compiler().compile(
        _pipeline(container_steps(image), _in_a_pod),
        str(to),
        kubernetes_manifest_options=options,
        kubernetes_manifest_format=as_kubernetes,
    )


def here() -> Any:  # noqa: ANN401 - kfp has no types
    """The pipeline for this machine: its steps are functions, which kfp's local runner runs in processes."""
    kit = {
        name: getattr(local_steps, name)
        for name in ("extract", "series", "train", "evaluate", "gate", "promote", "notify")
    }
    return _pipeline(kit, lambda task: task)


def _in_a_pod(task: Any) -> Any:  # noqa: ANN401 - kfp has no types
    task.set_env_variable("HOME", "/tmp")  # noqa: S108 - in a pod
    task.set_cpu_request("500m").set_memory_request("1Gi").set_memory_limit("4Gi")
    task.set_retry(RETRIES, backoff_duration="30s", backoff_factor=2.0)
    kubernetes.use_secret_as_env(task, SECRET, VARIABLES, optional=True)
    return kubernetes.set_security_context(task, run_as_non_root=True)


def _result(task: Any, name: str) -> Any:  # noqa: ANN401 - kfp has no types
    """What a loop or a condition asks: kfp's local runner finds it only as a function's result, which is named Output."""
    return task.outputs[name if name in task.outputs else "Output"]


def _pipeline(kit: Kit, arrange: Arrange) -> Any:  # noqa: ANN401 - kfp has no types
    def step(name: str, **inputs: Any) -> Any:  # noqa: ANN401
        """A task that always runs: what it reads lies outside the pipeline, or is decided anew."""
        return arrange(kit[name](**inputs)).set_caching_options(enable_caching=False)

    @dsl.pipeline(name=NAME, description="Learns what is normal from traces, and promotes it if it is no worse.")
    def tracetune_train(  # noqa: PLR0913, PLR0917 - its arguments are what a run can be told
        source: str = "",
        registry: str = "s3://tracetune-models",
        cut: str = "size",
        shards: int = 2,
        hours: int = 336,
        model: str = "lstm",
        seed: int = 0,
        webhook: str = "",
    ) -> None:
        extracted = step("extract", source=source)
        cut_up = step("series", minutes=extracted.outputs["minutes"], cut=cut, shards=shards, hours=hours)
        series = cut_up.outputs["series"]
        with dsl.ParallelFor(_result(cut_up, "names"), name="shards", parallelism=SHARDS_AT_ONCE) as shard:
            trained = arrange(kit["train"](series=series, shard=shard, model=model, seed=seed))
        evaluated = step(
            "evaluate", series=series, parts=dsl.Collected(trained.outputs["part"]), registry=registry, seed=seed
        )
        gated = step(
            "gate", evaluation=evaluated.outputs["evaluation"], model=evaluated.outputs["model"], registry=registry
        )
        with dsl.If(_result(gated, "verdict") == PROMOTE, name="no-worse"):
            promoted = step("promote", version=gated.outputs["version"], registry=registry)
            step("notify", said=promoted.outputs["said"], webhook=webhook)
        with dsl.Else(name="worse"):
            step("notify", said=gated.outputs["said"], webhook=webhook)

    return tracetune_train
