"""Write what the proof tools say of the demo's day into docs/proofs, for the tutorial:  python scripts/proof_outputs.py."""

from __future__ import annotations

import json
import runpy
import sys
import tempfile
from pathlib import Path

from rich.console import Console, RenderableType

from tracetune import pipeline
from tracetune.cli import proof_tables
from tracetune.forecasting.learn import baselines
from tracetune.proofs.backtest import backtest
from tracetune.proofs.histories import compare
from tracetune.proofs.plot import svg
from tracetune.proofs.power import power
from tracetune.proofs.replay import Teacher
from tracetune.proofs.static import parse
from tracetune.proofs.truth import read
from tracetune.testing.shop import told

demo_minutes = runpy.run_path(str(Path(__file__).with_name("how_it_decides.py")))["demo_minutes"]

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "proofs"
STATIC = ("frontend POST /checkout p95>600ms for 3m", "frontend p95>2s for 3m")
LENGTHS = ("30m", "6h", "18h", "7d")


def outputs() -> dict[str, str]:
    """Each file's text by its name."""
    history = pipeline.recall(demo_minutes(), "demo")
    teacher = Teacher(baselines(), seed=0, false_incidents_per_week=1.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "truth.json"
        path.write_text(json.dumps(told()), "utf-8")
        truth = read(path)
    judged = backtest(history, teacher, rules=[parse(each) for each in STATIC], happened=truth, report=_silent)
    compared = compare(history, LENGTHS, teacher, _silent)
    return {
        "backtest.txt": _text(proof_tables.backtest(judged)),
        "power.txt": _text(proof_tables.power(power(history, teacher, trials=4, report=_silent))),
        "compare-history.txt": _text(proof_tables.histories(compared)),
        "compare-history.svg": svg(compared),
    }


def _text(answer: RenderableType) -> str:
    console = Console(width=190, no_color=True, highlight=False)
    with console.capture() as capture:
        console.print(answer)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def _silent(_stage: str, _done: float, _total: float) -> None:
    return


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in outputs().items():
        (folder / name).write_text(text, "utf-8")
