"""The documentation keeps up with the code: every command, setting, error, problem, port and format is in it."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
import typer

from tracetune.cli.main import app
from tracetune.domain.quality import PROBLEMS
from tracetune.sources.readers import readers

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
COMMANDS: Any = getattr(typer.main.get_command(app), "commands")  # noqa: B009 - Typer carries a click of its own
PAGES = runpy.run_path(str(ROOT / "scripts" / "reference.py"))["PAGES"]


@pytest.mark.parametrize("page", PAGES)
def test_generated_page_equals_the_code(page: str) -> None:
    committed = (REFERENCE / page).read_text("utf-8")

    assert committed == PAGES[page]().rstrip() + "\n", "run: make docs"


def test_every_format_is_described() -> None:
    described = (REFERENCE / "formats.md").read_text("utf-8")

    assert [name for name in readers() if f"`{name}`" not in described] == []


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    assert [name for name in COMMANDS if name not in readme] == []


def test_every_problem_has_a_remedy() -> None:
    assert all(problem.remedy for problem in PROBLEMS.values())
