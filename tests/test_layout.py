"""The shape of the source tree, checked: one job a file, small files, a test file beside each module."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "tracetune"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if path.name not in {"__init__.py", "__main__.py"})
OURS = sorted(path for folder in ("src", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))
SHAPELESS = {"utils", "util", "common", "helpers", "helper", "base", "manager", "misc"}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_module_says_its_job_in_its_first_line(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""

    first = docstring.splitlines()[0] if docstring else ""

    assert 0 < len(first) <= 120, f"first line has {len(first)} characters"
    assert first.endswith("."), "the first line is one sentence"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_module_has_its_tests_at_the_mirrored_place(path: Path) -> None:
    mirrored = ROOT / "tests" / path.relative_to(SOURCE).with_name(f"test_{path.name}")

    assert mirrored.is_file(), f"write {mirrored.relative_to(ROOT)}"


@pytest.mark.parametrize("path", OURS, ids=_name)
def test_file_has_at_most_400_lines(path: Path) -> None:
    lines = path.read_text("utf-8").count("\n")

    assert lines <= 400


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_module_is_named_by_what_it_is_about(path: Path) -> None:
    assert path.stem not in SHAPELESS


@pytest.mark.parametrize("path", OURS, ids=_name)
def test_nothing_is_left_to_be_done_in_the_code(path: Path) -> None:
    found = re.findall(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|NotImplemented" r"Error)\b", path.read_text("utf-8"))

    assert found == []
