"""What commands print, as it was when somebody looked at it: tables letter by letter, JSON by its keys and kinds.

GOLDEN=write pytest tests/cli/test_golden.py writes the files anew; look at the difference before it is committed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.sinks.analysis_data import shop_analysis

from tracetune.cli import documents, output, tables
from tracetune.domain.analysis import Analysis

GOLDEN = Path(__file__).parent / "golden"

TABLES: dict[str, Callable[[Analysis], Any]] = {
    "anomalies": lambda found: tables.anomalies(found, found.incidents),
    "explanation": lambda found: tables.explanation(found.incidents[0], found.rankings[found.incidents[0].id]),
    "advice": lambda found: tables.advice(found.advice),
    "findings": lambda found: tables.findings(found.ingested.findings),
}

DOCUMENTS: dict[str, Callable[[Analysis], Any]] = {
    "analysis": documents.analysis,
    "incident": lambda found: documents.incident(found.incidents[0], found.rankings[found.incidents[0].id]),
}


@pytest.fixture(scope="module")
def shop() -> Analysis:
    return shop_analysis()


def _compare(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_as_they_were_looked_at(name: str, shop: Analysis, capsys: pytest.CaptureFixture[str]) -> None:
    output.show(TABLES[name](shop), None, as_json=False, to=None)

    _compare(f"{name}.txt", "".join(f"{line.rstrip()}\n" for line in capsys.readouterr().out.splitlines()))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_keys_and_kinds_of_json_are_as_they_were(name: str, shop: Analysis) -> None:
    lines = sorted(set(_shape(json.loads(json.dumps(DOCUMENTS[name](shop))), "")))

    _compare(f"{name}.json.txt", "\n".join(lines) + "\n")


def test_stdout_is_json_alone_however_much_is_logged(few_traces: Path) -> None:
    command = [sys.executable, "-m", "tracetune", "analyze", str(few_traces), "--json", "-vv", "--model", "baselines"]

    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - ours

    assert done.returncode == 0
    assert json.loads(done.stdout)
    assert "finished" in done.stderr


def _shape(value: Any, place: str) -> list[str]:
    """Every path with the kind of what stands there; keys that are names of the traces' are not told apart."""
    if isinstance(value, dict):
        return [line for key, each in value.items() for line in _shape(each, f"{place}.{key}")] or [f"{place}: object"]
    if isinstance(value, list):
        return [line for each in value for line in _shape(each, f"{place}[]")] or [f"{place}: list"]
    kind = {bool: "true or false", int: "number", float: "number", str: "text", type(None): "null"}[type(value)]
    return [f"{place}: {kind}"]
