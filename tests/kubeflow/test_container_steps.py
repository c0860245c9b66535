"""The commands of the shipped pipeline's containers, run as its launcher would run them, on a registry in a directory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.api.real import Receiver, receiver
from tests.kubeflow.launcher import Launcher
from tests.kubeflow.test_pipelines import SHIPPED, history
from typer.testing import CliRunner

from tracetune import training
from tracetune.cli.main import app
from tracetune.errors import Conflict, InvalidInput
from tracetune.stores.models import ModelRegistry, registry_in

pytest.importorskip("kfp", reason="not installed: make .venv/.full")


def execute(words: list[str]) -> None:
    """The image's command, in this process."""
    assert words[0] == "tracetune"
    done = CliRunner().invoke(app, words[1:])
    if done.exception is not None:
        raise done.exception


@dataclass
class Run:
    """A run of the pipeline up to its gate."""

    launcher: Launcher
    registry: ModelRegistry
    place: str
    evaluated: dict[str, Any]

    def gate(self, at: str = "") -> dict[str, Any]:
        evaluation, model = self.evaluated["evaluation"], self.evaluated["model"]
        return self.launcher.run("gate", at, evaluation=evaluation, model=model, registry=self.place)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Extracted, cut by size, learned twice and evaluated."""
    ir, _ = yaml.safe_load_all((SHIPPED / "pipeline.yaml").read_text("utf-8"))
    launcher = Launcher(ir, tmp_path / "run", execute)
    place = str(tmp_path / "models")
    minutes = launcher.run("extract", source=str(history(tmp_path / "shop.otlp")))["minutes"]
    cut = launcher.run("series", minutes=minutes, cut="size", shards=2, hours=24)
    parts = [
        launcher.run("train", f"-{shard}", series=cut["series"], shard=shard, model="baselines", seed=0)["part"]
        for shard in cut["names"]
    ]
    evaluated = launcher.run("evaluate", series=cut["series"], parts=parts, registry=place, seed=0)
    return Run(launcher, registry_in(place), place, evaluated)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def test_steps_hand_on_from_traces_to_a_promoted_model_and_tell_people(run: Run, hook: Receiver) -> None:
    gated = run.gate()
    promoted = run.launcher.run("promote", version=gated["version"], registry=run.place)
    run.launcher.run("notify", said=promoted["said"], webhook=hook.url)

    assert gated["verdict"] == "promote"
    assert run.registry.version("production").about["shards"] == 2
    assert {key.service_name for key in _models(run.registry)} == {"shop", "payments"}
    _, body = hook.received.get(timeout=30)
    assert body == {"pipeline": "tracetune-train", "text": "Version 1 is production now."}


def _models(registry: ModelRegistry) -> set[Any]:
    normal = training.unpacked(registry.content(registry.version("production")))
    return {key for chosen in normal.models.values() for key in chosen.keys}


def test_model_that_is_worse_is_kept_with_the_verdict_and_the_old_one_stays(run: Run) -> None:
    run.launcher.run("promote", version=run.gate()["version"], registry=run.place)
    worse = run.evaluated["evaluation"].replace('"worse_than_production": null', '"worse_than_production": 0.3')
    known = worse.replace('"production": 0', '"production": 1').replace('"in_common": 0', '"in_common": 2')
    run.evaluated["evaluation"] = known

    gated = run.gate("-again")

    assert gated["verdict"] == "keep"
    assert gated["said"] == (
        "Version 2 does not take over from version 1: its error is 30 % larger than that of version 1; "
        "at most 2 % is allowed."
    )
    assert run.registry.version("2").about["gate"]["verdict"] == "keep"
    assert run.registry.version("production").number == 1


def test_second_run_is_compared_with_the_model_in_use(run: Run) -> None:
    run.launcher.run("promote", version=run.gate()["version"], registry=run.place)
    series = run.launcher.root / "series" / "series"
    parts = sorted(run.launcher.root.glob("train-*/part"))

    again = run.launcher.run("evaluate", "-again", series=series, parts=parts, registry=run.place, seed=0)

    assert '"production": 1' in again["evaluation"]
    assert '"worse_than_production": 0.0' in again["evaluation"]  # the same minutes, the same models


def test_damaged_part_ends_the_step_with_its_name_and_publishes_nothing(run: Run) -> None:
    parts = sorted(run.launcher.root.glob("train-*/part"))
    parts[1].write_bytes(b"half a model")

    with pytest.raises(InvalidInput, match="part"):
        run.launcher.run(
            "evaluate",
            "-again",
            series=run.launcher.root / "series" / "series",
            parts=parts,
            registry=run.place,
            seed=0,
        )

    assert run.registry.versions() == ()


def test_promotion_that_lost_a_race_says_so_and_the_winner_stays(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    version = run.gate()["version"]
    monkeypatch.setattr("tracetune.stores.objects.Directory.swap", lambda *_: False)  # somebody else was quicker

    with pytest.raises(Conflict, match="moved by somebody else"):
        run.launcher.run("promote", version=version, registry=run.place)

    assert all(not each.aliases for each in run.registry.versions())
