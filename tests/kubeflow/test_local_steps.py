"""Local and container components are the same steps: one signature each."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("kfp", reason="not installed: make .venv/.full")

COMPARE = """
from tracetune.kubeflow import local_steps
from tracetune.kubeflow.container_steps import container_steps
for name, container in container_steps("image").items():
    local = getattr(local_steps, name).component_spec
    same = {key: value.type for key, value in (local.inputs or {}).items()}
    assert same == {key: value.type for key, value in (container.component_spec.inputs or {}).items()}, name
    named = {key: value.type for key, value in (container.component_spec.outputs or {}).items()}
    given = {key: value.type for key, value in (local.outputs or {}).items()}
    result = given.pop("Output", None)  # a function's own result has this name, whatever it is called elsewhere
    rest = {key: value for key, value in named.items() if key not in given}
    assert given.items() <= named.items() and list(rest.values()) == ([result] if result else []), name
"""


def test_each_local_step_takes_and_gives_what_its_container_does() -> None:
    # in a process of its own, for importing kfp warns of much
    command = [sys.executable, "-c", COMPARE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603 - ours

    assert done.returncode == 0, done.stderr
