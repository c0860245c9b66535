"""Timeouts and retries that tracetune advises from one recording, applied to running Envoys in turns with the defaults.

python benchmarks/tuning/connections.py advise NAME    # writes benchmarks/results/tuning/connections/NAME.yaml
tracetune-lab try benchmarks/results/tuning/connections/NAME.yaml --scenario NAME --turn-minutes 1 --turns 6 --json >…/NAME.json
python benchmarks/tuning/connections.py show
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
from tracetune_lab.trial import AFTER, BEFORE

ROOT = Path(__file__).resolve().parents[2]
TRIED = ROOT / "benchmarks" / "results" / "tuning" / "connections"


class Outcome(msgspec.Struct, frozen=True):
    """What is shown of an outcome of the lab's trial; an operation without an objective has no share within it."""

    side: str
    operation: str
    sent: int
    succeeded: int
    p50_seconds: float
    p95_seconds: float
    p99_seconds: float


def advise(name: str) -> None:
    """The patch, as the command line prints it."""
    recording = ROOT / "lab" / "recordings" / "tuning" / name
    command = [str(Path(sys.executable).with_name("tracetune")), "tune", str(recording), "--patch"]
    TRIED.mkdir(parents=True, exist_ok=True)
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own command
    (TRIED / f"{name}.yaml").write_text(text, "utf-8")
    print(text)


def show() -> None:
    """One line an operation at the entry: without the advice, and with it."""
    print("| scenario | operation | requests | succeeded | p50 | p95 | p99 |\n|---|---|---:|---:|---:|---:|---:|")
    for path in sorted(TRIED.glob("*.json")):
        found = msgspec.json.decode(path.read_bytes(), type=list[Outcome])
        for operation in sorted({each.operation for each in found}):
            sides = {each.side: each for each in found if each.operation == operation}
            if {BEFORE, AFTER} <= set(sides):
                print(f"| {path.stem} | {operation} | {_row(sides[BEFORE], sides[AFTER])} |")


def _row(before: Outcome, after: Outcome) -> str:
    shares = " → ".join(f"{100 * each.succeeded / max(each.sent, 1):.1f} %" for each in (before, after))
    seconds = [
        f"{1000 * one:.0f} → {1000 * other:.0f} ms"
        for one, other in (
            (before.p50_seconds, after.p50_seconds),
            (before.p95_seconds, after.p95_seconds),
            (before.p99_seconds, after.p99_seconds),
        )
    ]
    return " | ".join([f"{before.sent}, {after.sent}", shares, *seconds])


if __name__ == "__main__":
    if sys.argv[1] == "advise":
        advise(sys.argv[2])
    else:
        show()
