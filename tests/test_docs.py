"""The documentation keeps up with the code: every command, setting, error, problem, port and format is in it."""

from __future__ import annotations

import re
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
HISTORY = {"CHANGELOG.md", "LOG.md"}
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


PROSE = sorted(path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if path.name not in HISTORY)


def _written(text: str) -> list[str]:
    """Calls of tracetune as a page writes them: lines of its shell blocks, and what stands between backticks."""
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    inline = re.findall(r"`(tracetune [^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [found[1] for line in (*lines, *inline) if (found := re.match(r"(?:\w+=\S+ )*(tracetune .*)", line))]


def _unknown(call: str) -> str | None:
    """What of a call the command line does not know."""
    own = re.split(r" -- | [|&;>#]|\)", call)[0]
    command: Any = typer.main.get_command(app)
    words = own.split()[1:]
    while words and hasattr(command, "commands"):
        if words[0].startswith("-"):
            return None
        if words[0] not in command.commands:
            return words[0]
        command = command.commands[words.pop(0)]
    options = {"--help", *(name for each in command.params for name in (*each.opts, *each.secondary_opts))}
    return next((word for word in words if re.match(r"--[a-z]", word) and word.split("=")[0] not in options), None)


@pytest.mark.parametrize("page", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_call_that_a_page_writes_is_known_to_the_command_line(page: Path) -> None:
    unknown = {call: word for call in _written(page.read_text("utf-8")) if (word := _unknown(call))}

    assert unknown == {}
