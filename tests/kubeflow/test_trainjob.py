"""Training jobs as Kubeflow Trainer has them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tracetune.cli.main import app
from tracetune.errors import InvalidSettings
from tracetune.kubeflow.trainjob import Runtime, TrainJob
from tracetune.testing.shop import shop_day
from tracetune.testing.writers import write_spans

JOB = TrainJob("nightly", "tracetune:1", ("--registry", "s3://models"), nodes=2, claim="checkpoints")


@pytest.mark.parametrize("job", [JOB, replace(JOB, nodes=1, claim=""), replace(JOB, nodes=1, runtime=Runtime.PLAIN)])
def test_published_model_gives_back_what_it_was_given(job: TrainJob) -> None:
    models = pytest.importorskip("kubeflow_trainer_api.models", reason="not installed: make .venv/.full")
    rendered = job.render()

    # the model drops what it does not know without a word, so equality is the check
    assert models.TrainerV1alpha1TrainJob.from_dict(rendered).to_dict() == rendered


def test_nodes_run_the_command_that_a_user_would() -> None:
    trainer = JOB.render()["spec"]["trainer"]

    assert trainer["command"] + trainer["args"][:2] == ["tracetune", "train", "--registry", "s3://models"]
    assert trainer["numNodes"] == 2
    assert {"name": "KERAS_BACKEND", "value": "jax"} in trainer["env"]


def test_checkpoints_lie_on_a_volume_that_outlives_the_pod() -> None:
    rendered = JOB.render()

    (patch,) = rendered["spec"]["runtimePatches"]
    (job,) = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    pod = job["template"]["spec"]["template"]["spec"]
    assert pod["volumes"][0]["persistentVolumeClaim"] == {"claimName": "checkpoints"}
    assert pod["containers"][0]["volumeMounts"][0]["mountPath"] == "/checkpoints"
    assert "--checkpoints" in rendered["spec"]["trainer"]["args"]
    assert "runtimePatches" not in replace(JOB, claim="").render()["spec"]


def test_nodes_that_nobody_joins_are_refused() -> None:
    with pytest.raises(InvalidSettings, match="would train 3 times the same"):
        replace(JOB, nodes=3, runtime=Runtime.PLAIN).render()


def test_the_command_knows_every_option_that_the_job_gives_it() -> None:
    told = CliRunner().invoke(app, ["train", "--help"]).stdout

    given = [each for each in JOB.render()["spec"]["trainer"]["args"] if each.startswith("--")]

    assert given == ["--registry", "--checkpoints"]
    assert all(f" {each} " in told for each in given)


@pytest.mark.slow  # reads seven hours of traces twice and trains on them
def test_pod_that_was_lost_goes_on_from_the_shared_checkpoint_by_the_same_command(tmp_path: Path) -> None:
    pytest.importorskip("jax", reason="not installed: make .venv/.full")
    write_spans(tmp_path / "shop.json.gz", shop_day(1, minutes=400, traces_per_minute=20, stories=()))
    arguments = (str(tmp_path / "shop.json.gz"), "--registry", str(tmp_path / "models"), "--json")
    trainer = replace(JOB, nodes=1, arguments=arguments).render()["spec"]["trainer"]
    words = [*trainer["command"], *trainer["args"]]
    assert words[0] == "tracetune"
    (tmp_path / "claim").mkdir()
    # the image's program is this environment's, and the claim's mount is a folder
    command = [str(Path(sys.executable).with_name(words[0])), *words[1:]]
    command[command.index("/checkpoints")] = str(tmp_path / "claim")
    environment = {**os.environ, **{each["name"]: each["value"] for each in trainer["env"]}, "OMP_NUM_THREADS": "1"}

    lost = subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    checkpoint = tmp_path / "claim" / "training.npz"
    while lost.poll() is None and not checkpoint.exists():
        time.sleep(0.05)
    lost.kill()
    lost.wait()
    held = checkpoint.exists()
    done = subprocess.run(  # noqa: S603 - the same
        command, env=environment, capture_output=True, text=True, check=True, timeout=580
    )

    assert lost.returncode == -signal.SIGKILL
    assert held  # what was trained before outlived the pod
    assert json.loads(done.stdout)["version"] == 1
    assert not checkpoint.exists()  # done with; a part of one that was being written when the pod was lost may stay
