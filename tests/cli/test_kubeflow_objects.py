"""Objects for Kubeflow are printed as they are applied; what is in them is in tests/kubeflow."""

from __future__ import annotations

import inspect

import yaml
from tests.cli.conftest import Run

from tracetune.cli import kubeflow_objects


def test_every_command_gives_one_example() -> None:
    for command in kubeflow_objects.ALL:
        assert f"\b\ntracetune pipeline {command.__name__.replace('_', '-')}" in (inspect.getdoc(command) or "")


def test_training_is_printed_for_jax_and_for_tensorflow(run: Run) -> None:
    words = ("pipeline", "train-job", "nightly", "--image", "tracetune:1", "--nodes", 2)
    arguments = ("--", "--registry", "s3://models", "--promote")

    (job,) = yaml.safe_load_all(run(*words, "--claim", "checkpoints", *arguments).stdout)
    service, indexed = yaml.safe_load_all(run(*words, "--tensorflow", *arguments).stdout)

    assert job["kind"] == "TrainJob"
    assert job["spec"]["trainer"]["args"] == ["--registry", "s3://models", "--promote", "--checkpoints", "/checkpoints"]
    assert (service["kind"], indexed["kind"], indexed["spec"]["completions"]) == ("Service", "Job", 2)


def test_served_model_is_printed_with_its_share_of_requests(run: Run) -> None:
    uri = "s3://models/versions/000012"
    said = run("pipeline", "inference-service", "tune", "--image", "t:1", "--storage-uri", uri, "--canary", 10).stdout

    (service,) = yaml.safe_load_all(said)
    assert service["kind"] == "InferenceService"
    assert service["spec"]["predictor"]["canaryTrafficPercent"] == 10
