"""The pipeline on this machine: what is heard of its steps, and where kfp's own log goes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.kubeflow.test_pipelines import RUN, history

pytest.importorskip("kfp", reason="not installed: make .venv/.full")


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *RUN, *map(str, arguments), "--model", "baselines"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=environment)  # noqa: S603 - ours


@pytest.mark.slow
def test_each_step_is_a_line_and_kfps_log_is_a_file(tmp_path: Path) -> None:
    file, root = history(tmp_path / "shop.otlp"), tmp_path / "runs"

    done = _run(file, "--registry", tmp_path / "models", "--root", root)

    assert done.stdout == "Version 1 is production now.\n", done.stderr[-3000:]
    lines = [line for line in done.stderr.splitlines() if re.search(r" \d+ s  ", line)]
    said = {line.split()[0] for line in lines}
    assert said == {"extract", "series", "train", "evaluate", "gate", "promote", "notify"}
    assert sum(line.startswith("train shard-") for line in lines) == 2
    assert next(line for line in lines if line.startswith("gate")).endswith("Version 1 may take over: it is the first.")
    assert "executor_input" not in done.stderr
    (log,) = root.glob("kfp-*.log")
    assert "Got executor_input" in log.read_text("utf-8")


def test_failing_step_is_named_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{}")

    done = _run(tmp_path / "broken.json", "--registry", tmp_path / "models", "--root", tmp_path / "runs", "--verbose")

    assert done.returncode == 1
    (log,) = (tmp_path / "runs").glob("kfp-*.log")
    assert re.search(r"extract +\d+ s  failed", done.stderr)
    assert "'extract'" in done.stderr
    assert str(log) in done.stderr.replace("\n", "")
    assert "Got executor_input" in done.stderr  # as was asked for
