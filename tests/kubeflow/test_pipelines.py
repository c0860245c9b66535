"""The pipeline that is shipped, and a whole run by Kubeflow's local runner (SubprocessRunner) whose model a server uses."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
import yaml
from tests.live.parts import FIRST_MINUTE, Clock, closed, otlp, settings, trace_of
from tests.live.real import serving

from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.spans import SpanBatch
from tracetune.live.publisher import Snapshot
from tracetune.live.server import Server
from tracetune.settings import LearnSettings
from tracetune.sources.files import find, read
from tracetune.sources.readers import readers
from tracetune.stores.models import registry_in
from tracetune.testing.writers import write_spans

pytest.importorskip("kfp", reason="not installed: make .venv/.full")

SHIPPED = Path(__file__).parents[2] / "deploy" / "kubeflow"
RUN = ("-m", "tracetune", "pipeline", "run")
LENGTH, TRACES = 45, 12
RECORDED = Path(__file__).parents[2] / "lab" / "recordings" / "dev" / "shop-day-release" / "spans.otlp.zst"
HEARD, OPERATIONS = 35, 23


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


@dataclass(frozen=True)
class Lived:
    """A server that ran on while Kubeflow's local runner made its model.

    Attributes:
        said: by the run.
        before, after: what the server published in the minutes before and after the run.
    """

    registry: Path
    said: str
    before: Snapshot
    after: Snapshot


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """An hour that the lab recorded: the server hears 35 minutes of it, the pipeline reads it whole, the server goes on."""
    folder = tmp_path_factory.mktemp("run")
    registry = folder / "models"
    (file,) = find([str(RECORDED)])
    spans = SpanBatch.concat([each.spans for each in read(file, readers())])
    minute = spans.table["start_time_unix_nano"].to_numpy() // NANOS_PER_MINUTE
    first = int(minute.min())
    clock = Clock()
    clock.now = first * 60 + 10.0
    learn = LearnSettings(model="baselines", registry=str(registry))
    server = Server(replace(settings(folder / "data"), learn=learn), clock=clock, ticking=False)
    server.start()

    def hear(begin: int, end: int) -> Snapshot:
        """The minutes from one to before another, of which the last is closed."""
        there = (minute >= first + begin) & (minute < first + end)
        server.admission.accept(otlp(SpanBatch(spans.table.filter(pa.array(there))))).result()
        asyncio.run(closed(server, clock, first + end - 1))
        return server.publisher.current()

    try:
        before = hear(0, HEARD)
        where = ("--registry", registry, "--root", folder / "root")
        said = python(RUN, RECORDED, *where, "--model", "baselines")
        after = hear(HEARD, HEARD + 1)
    finally:
        server.stop()
    return Lived(registry, said, before, after)


def test_run_here_promotes_what_its_shards_have_learned(lived: Lived) -> None:
    version = registry_in(str(lived.registry)).version("production")

    assert lived.said.splitlines()[-1] == "Version 1 is production now."
    assert version.about["shards"] == 2
    assert version.about["operations"] == OPERATIONS
    assert version.about["gate"] == {"verdict": "promote", "reason": "it is the first"}


def test_running_server_speaks_by_the_model_of_the_run_from_its_next_minute_on(lived: Lived) -> None:
    assert "version" not in lived.before.status.model
    assert lived.after.status.model.startswith("version 1 of the registry, which is production")
    assert lived.after.version == lived.before.version + 1  # it was not started again
    assert lived.after.analysis is not None
    verdicts = [each for found in lived.after.analysis.learned.forecasts.values() for each in found.verdicts]
    assert verdicts
    strangers = [each.reason for each in verdicts if "was not there when the models learned" in each.reason]
    assert not strangers  # the run knew every operation


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
