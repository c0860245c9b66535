"""The image: its steps are walked as the Dockerfile has them, up to a server that its health check finds healthy."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "image_steps.py"


@pytest.fixture(scope="module")
def walk() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


def test_walk_knows_every_instruction_of_the_image(walk: dict[str, Any]) -> None:
    first, last = walk["stages"]((ROOT / "deploy" / "Dockerfile").read_text())

    assert {word for word, _ in first} == {"FROM", "WORKDIR", "COPY", "RUN"}
    assert ("USER", "10001:10001") in last
    assert sum(word == "RUN" for word, _ in first) == 3
    assert all("\n" not in rest and "\\" not in rest for _, rest in first + last)


def test_what_dockerignore_keeps_out_is_not_in_the_build(walk: dict[str, Any], tmp_path: Path) -> None:
    walk["copy"]("README.md", tmp_path)
    walk["copy"]("src", tmp_path / "src")

    assert (tmp_path / "README.md").read_text() == (ROOT / "README.md").read_text()
    assert (tmp_path / "src" / "tracetune" / "__init__.py").is_file()
    assert not list(tmp_path.rglob("__pycache__"))
    with pytest.raises(SystemExit, match=r"lab: \.dockerignore keeps it out"):
        walk["copy"]("lab", tmp_path / "lab")


@pytest.mark.slow
def test_image_becomes_a_healthy_server_of_a_user_who_may_write_nothing_but_the_volume() -> None:
    """Hundreds of packages are installed by hash into an environment of its own, as the build would."""
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False, timeout=1200
    )

    assert done.returncode == 0, done.stderr
    assert "the image's command was healthy" in done.stdout
