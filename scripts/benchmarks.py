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
    "pages": "Charts in a browser",
    "serve": "Receiving live",
    "minute": "A minute live",
    "delay": "From a span's end to the published incident",
    "replay": "A day replayed",
    "soak": "Under load for a while",
    "growth": "Memory over many minutes",
    "training": "Training, and a minute live",
    "peers": "Our network beside NeuralForecast's",
    "history": "How much history a model needs",
    "size": "Size and start",
}
INTRODUCTION = """# Benchmarks

`make bench` measures all of this anew and writes this page. Speed is in spans per CPU-second of the measuring process, and
beside each figure stands an obvious implementation measured in the same run: the ratio holds on other machines, the figure
does not. Most was measured on a machine that other work shared: seconds by the clock are upper bounds there, processor
seconds and ratios count. Nothing here is asserted in tests.
"""

PEERS = """One generated history for all, p95 of each operation a minute ahead, seven quantiles, hidden size 48,
320 steps of 64 windows of two hours, one thread. The peers see the logarithm of latency up to the minute before, on a
robust scale of each window, and the number of calls of the minute itself; ours sees latency of fifteen minutes ago, or of
the minute before where it says so. Loss, error and coverage are of normal minutes; event F1 is of injected slow events, by
the evidence of 5 of 10 minutes, and coarse: the day has 14. CPU seconds of training include the compiler.
Seeing the newest minute, the three forecast alike, and ours keeps showing events because it was trained not to follow them;
the gap of fifteen minutes costs a third more loss.
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
    command = {"peers": "make bench-peers", "soak": "make soak"}.get(name, f"benchmarks/bench_{name}.py")
    lines = [f"## {title}", "", f"`{command}` · Python {machine['python']}, {machine['cpu']}", ""]
    if result["rows"]:
        lines += ["| what | spans | spans per CPU-second | times as fast | |", "|---|---:|---:|---:|---|"]
        lines += [_row(row) for row in result["rows"]]
        lines.append("")
    if name == "peers":
        lines += [PEERS, "", *_crossed(result["figures"]), ""]
    elif result["figures"]:
        lines += ["| figure | |", "|---|---:|"]
        lines += [f"| {key.replace('_', ' ')} | {_number(value)} |" for key, value in result["figures"].items()]
        lines.append("")
    return "\n".join(lines)


def _crossed(figures: dict[str, float]) -> list[str]:
    """Figures named "model: figure" as a table with a row each model."""
    models = sorted({key.split(": ")[0] for key in figures})
    names = list(dict.fromkeys(key.split(": ")[1] for key in figures))
    rows = [f"| {model} | {' | '.join(_number(figures[f'{model}: {name}']) for name in names)} |" for model in models]
    return [f"| model | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}", *rows]


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
