"""The commands of the training pipeline; that they work together is in tests/kubeflow."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from tests.cli.conftest import Run, failure

from tracetune.cli import pipelines
from tracetune.errors import InvalidInput


def test_every_command_says_what_it_does_and_gives_one_example() -> None:
    for info in pipelines.group.registered_commands:
        assert info.callback is not None
        name = info.name or info.callback.__name__
        assert f"\b\ntracetune pipeline {name}" in (inspect.getdoc(info.callback) or "")


def test_pipeline_is_written_as_yaml_only(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("kfp", reason="not installed: make .venv/.full")

    assert isinstance(failure(run("pipeline", "compile", "--to", tmp_path / "pipeline.json")), InvalidInput)


def test_step_names_what_it_cannot_read(run: Run, tmp_path: Path) -> None:
    where = ("--series", tmp_path, "--to", tmp_path / "part.npz")

    assert "shard-000.zip" in failure(run("pipeline", "train", "--shard", "shard-000", *where)).message
