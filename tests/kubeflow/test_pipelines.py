"""The pipeline that is shipped, and a whole run by Kubeflow's local runner (SubprocessRunner) whose model a server uses."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tests.live.parts import FIRST_MINUTE, Clock, closed, otlp, settings, trace_of
from tests.live.real import serving

from tracetune.domain.spans import SpanBatch
from tracetune.live.server import Server
from tracetune.settings import LearnSettings
from tracetune.stores.models import registry_in
from tracetune.testing.writers import write_spans

pytest.importorskip("kfp", reason="not installed: make .venv/.full")

SHIPPED = Path(__file__).parents[2] / "deploy" / "kubeflow"
RUN = ("-m", "tracetune", "pipeline", "run")
LENGTH, TRACES = 45, 12


def history(path: Path, first: int = 0) -> Path:
    """Three quarters of an hour of the shop from this minute on (after FIRST_MINUTE), as a file."""
    spans = [trace_of(first + minute, number) for minute in range(LENGTH) for number in range(TRACES)]
    write_spans(path, [SpanBatch.concat(spans)])
    return path


COMPILE = """
import pathlib, sys
from tracetune.kubeflow.pipelines import compiled
compiled(pathlib.Path(sys.argv[1]))
compiled(pathlib.Path(sys.argv[2]), as_kubernetes=True)
"""


def python(how: tuple[str, ...], *arguments: object) -> str:
    """In a process of its own, for kfp warns of much and keeps settings in the process; what it printed."""
    command = [sys.executable, *how, *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=environment)  # noqa: S603 - ours
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def loaded(path: Path) -> list[Any]:
    """The documents, without the version of the compiler in them."""
    documents = [document for document in yaml.safe_load_all(path.read_text("utf-8")) if document]
    for document in documents:
        document.get("spec", {}).get("pipelineSpec", document).pop("sdkVersion", None)
    return documents


def test_shipped_pipelines_are_what_the_code_compiles_to(tmp_path: Path) -> None:
    ir, native = tmp_path / "pipeline.yaml", tmp_path / "pipelineversion.yaml"
    python(("-c", COMPILE), ir, native)

    for made in (ir, native):
        assert loaded(SHIPPED / made.name) == loaded(made), "run: make pipelines"


def test_both_forms_hold_the_same_pipeline() -> None:
    ir, platform = loaded(SHIPPED / "pipeline.yaml")
    owner, version = loaded(SHIPPED / "pipelineversion.yaml")

    assert version["spec"]["pipelineSpec"] == ir
    assert version["spec"]["platformSpec"] == platform
    assert version["spec"]["pipelineName"] == owner["metadata"]["name"]


def test_every_step_runs_in_our_image_with_its_secrets_and_as_nobody_in_particular() -> None:
    ir, platform = loaded(SHIPPED / "pipeline.yaml")
    steps = ir["deploymentSpec"]["executors"]

    assert {each["container"]["command"][2] for each in steps.values()} == {
        "extract", "series", "train", "evaluate", "gate", "promote", "notify",
    }  # fmt: skip
    assert {each["container"]["image"].partition(":")[0] for each in steps.values()} == {"ghcr.io/tracetune/tracetune"}
    for each in platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values():
        assert each["secretAsEnv"][0]["optional"] is True
        assert each["securityContext"] == {"runAsNonRoot": True}


@pytest.fixture(scope="module")
def promoted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A registry after a run by Kubeflow's local runner, and what the run said."""
    folder = tmp_path_factory.mktemp("run")
    file = history(folder / "shop.otlp")
    where = ("--registry", folder / "models", "--root", folder / "root")
    said = python(RUN, file, *where, "--model", "baselines")
    return folder / "models", said


def test_run_here_promotes_what_its_shards_have_learned(promoted: tuple[Path, str]) -> None:
    folder, said = promoted

    version = registry_in(str(folder)).version("production")

    assert said.splitlines()[-1] == "Version 1 is production now."
    assert version.about["shards"] == 2  # shop and payments
    assert version.about["operations"] == 2
    assert version.about["gate"] == {"verdict": "promote", "reason": "it is the first"}


def test_running_server_speaks_by_the_model_of_the_run(promoted: tuple[Path, str], tmp_path: Path) -> None:
    folder, _ = promoted
    chosen = settings(tmp_path)
    clock = Clock()
    learn = LearnSettings(model="baselines", registry=str(folder))
    server = Server(replace(chosen, learn=learn), clock=clock, ticking=False)
    server.start()
    try:
        for minute in range(34):
            clock.now += 60.0
            server.admission.accept(otlp(trace_of(minute))).result()
        asyncio.run(closed(server, clock, FIRST_MINUTE + 33))
        snapshot = server.publisher.current()
    finally:
        server.stop()

    assert snapshot.status.model.startswith("version 1 of the registry, which is production")
    assert snapshot.analysis is not None
    verdicts = [each for found in snapshot.analysis.learned.forecasts.values() for each in found.verdicts]
    assert {each.model for each in verdicts} == {"trailing_median"}
    assert not any("unproven" in each.reason for each in verdicts)  # the run knew both operations


@pytest.mark.slow
def test_serve_in_a_process_of_its_own_takes_the_model_of_the_run_over(tmp_path: Path) -> None:
    now = int(time.time() // 60) - FIRST_MINUTE
    file = history(tmp_path / "shop.otlp", now - LENGTH)
    registry, data = tmp_path / "models", tmp_path / "data"
    config = tmp_path / "tracetune.toml"
    config.write_text(f'[learn]\nregistry = "{registry}"\n')
    store = f"chdb://{data / 'store'}"
    analyze = [sys.executable, "-m", "tracetune", "analyze", str(file), "--store", store, "--quiet", "--json"]
    subprocess.run(analyze, check=True, stdout=subprocess.DEVNULL, timeout=600)  # noqa: S603 - ours
    python(RUN, "--registry", registry, "--root", tmp_path / "root", file)

    with serving(data, "--config", str(config)) as served:
        url = served.url("api", "/api/v1/")
        said = ""
        end = time.monotonic() + 300
        while "version 1 of the registry" not in said and time.monotonic() < end:
            said = httpx.get(url, timeout=30, trust_env=False).text
            time.sleep(1.0)

    assert "version 1 of the registry, which is production" in said
