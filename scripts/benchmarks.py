"""Write the benchmarks' page from their committed results:  python scripts/benchmarks.py [FILE]."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"

TITLES = {
    "sources": "Reading spans",
    "traces": "From spans to minutes",
    "pipeline": "From bytes to minutes",
    "learning": "Learning and scoring",
    "api": "Answers of the API",
    "serve": "Receiving live",
    "training": "Training, and a minute live",
    "history": "How much history a model needs",
    "size": "Size and start",
}
INTRODUCTION = """# Benchmarks

`make bench` measures all of this anew and writes this page. Speed is in spans per CPU-second of the measuring process, and
beside each figure stands an obvious implementation measured in the same run: the ratio holds on other machines, the figure
does not. Nothing here is asserted in tests.
"""


def page() -> str:
    """All results, in a fixed order."""
    parts = [INTRODUCTION]
    for name, title in TITLES.items():
        path = RESULTS / f"{name}.json"
        if path.is_file():
            parts.append(_section(title, name, json.loads(path.read_text("utf-8"))))
    return "\n".join(parts)


def _section(title: str, name: str, result: dict[str, Any]) -> str:
    machine = result["machine"]
    lines = [f"## {title}", "", f"`benchmarks/bench_{name}.py` · Python {machine['python']}, {machine['cpu']}", ""]
    if result["rows"]:
        lines += ["| what | spans | spans per CPU-second | times as fast | |", "|---|---:|---:|---:|---|"]
        lines += [_row(row) for row in result["rows"]]
        lines.append("")
    if result["figures"]:
        lines += ["| figure | |", "|---|---:|"]
        lines += [f"| {key.replace('_', ' ')} | {_number(value)} |" for key, value in result["figures"].items()]
        lines.append("")
    return "\n".join(lines)


def _row(row: dict[str, Any]) -> str:
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.1f}×"
    return f"| {row['name']} | {row['spans']:,} | {row['spans_per_cpu_second']:,} | {ratio} | {row['note']} |"


def _number(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    target.write_text(page().rstrip() + "\n", "utf-8")
