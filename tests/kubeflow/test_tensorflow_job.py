"""Training on TensorFlow in several pods: what Kubernetes accepts, and what each pod is told."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import kubernetes_validate
import pytest

from tracetune.forecasting.processes import Processes
from tracetune.kubeflow.tensorflow_job import TensorFlowJob

JOB = TensorFlowJob("nightly", "tracetune:1-tensorflow", ("--registry", "s3://models"), workers=2, claim="checkpoints")


@pytest.mark.parametrize("job", [JOB, replace(JOB, workers=1, claim="")])
@pytest.mark.parametrize("version", [f"1.{minor}" for minor in range(30, 38)])
def test_every_supported_kubernetes_accepts_it(job: TensorFlowJob, version: str) -> None:
    for document in job.render():
        kubernetes_validate.validate(document, version, strict=True)


def test_pods_find_each_other_by_the_names_that_they_are_told() -> None:
    service, job = JOB.render()
    pod = job["spec"]["template"]["spec"]

    assert pod["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["selector"].items() <= job["spec"]["template"]["metadata"]["labels"].items()
    assert service["spec"]["publishNotReadyAddresses"]  # they meet before any of them is ready


@pytest.mark.parametrize("number", [0, 1])
def test_each_pod_becomes_the_users_command_and_knows_which_worker_it_is(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, job = JOB.render()
    (container,) = job["spec"]["template"]["spec"]["containers"]
    told = tmp_path / "tracetune"  # in place of the image's command: it shows what it was told
    told.write_text('#!/bin/sh\necho "$TF_CONFIG"\necho "$@"\n')
    told.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "JOB_COMPLETION_INDEX": str(number)}

    done = subprocess.run(  # noqa: S603 - ours
        [*container["command"], *container["args"]],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    config, words = done.stdout.splitlines()
    assert words == "train --registry s3://models --checkpoints /checkpoints"
    assert json.loads(config) == {
        "cluster": {"worker": ["nightly-0.nightly:2222", "nightly-1.nightly:2222"]},
        "task": {"type": "worker", "index": number},
    }
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    part = Processes.of({"TF_CONFIG": config}).part
    assert (part.number, part.of) == (number, 2)
