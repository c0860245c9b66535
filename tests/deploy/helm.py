"""The Helms that the chart is tested with: `helm` and `helm3`, beside this Python or on PATH."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = ("helm", "helm3")


def found(name: str) -> str | None:
    """Where a program is."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


_PATHS = {name: found(name) for name in PROGRAMS}

HELM = _PATHS["helm"]
"""The one that the manifests are made with, or None."""

needs_helm = pytest.mark.skipif(HELM is None, reason="helm is not installed: make .venv/.helm")
with_each_helm = pytest.mark.parametrize(
    "program",
    [
        pytest.param(name, marks=pytest.mark.skipif(path is None, reason=f"{name} is not installed: make .venv/.helm"))
        for name, path in _PATHS.items()
    ],
)


def helm(*arguments: str, program: str = "helm") -> subprocess.CompletedProcess[str]:
    """What one of ``PROGRAMS`` does with ``arguments``."""
    path = _PATHS[program]
    assert path
    return subprocess.run(  # noqa: S603 - our own words
        [path, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
