"""Measures functions in CPU seconds, prints the figures as a table and keeps them as JSON.

CPU seconds of this process, not wall time: benchmarks share their machine, and the figure must not depend on who else runs.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: the median of some runs of one function."""

    name: str
    spans: int
    cpu_seconds: float
    fastest_cpu_seconds: float
    repeat: int
    ratio: float | None = None  # how many times as fast as the row it is compared with
    note: str = ""

    @property
    def spans_per_cpu_second(self) -> float:
        """Spans handled per second of CPU time, by the median run."""
        return self.spans / self.cpu_seconds if self.cpu_seconds else float("inf")


def measure(name: str, func: Callable[[], object], spans: int, repeat: int) -> Row:
    """Run ``func`` ``repeat`` times and take the median of its CPU seconds; compile and warm up before calling this."""
    seconds = []
    for _ in range(repeat):
        start = time.process_time()
        func()
        seconds.append(time.process_time() - start)
    return Row(name, spans, statistics.median(seconds), min(seconds), repeat)


def compared(row: Row, reference: Row, note: str = "") -> Row:
    """The row with its speed as a multiple of the reference's, spans per CPU-second of both."""
    ratio = row.spans_per_cpu_second / reference.spans_per_cpu_second
    return Row(row.name, row.spans, row.cpu_seconds, row.fastest_cpu_seconds, row.repeat, ratio, note)


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| what | spans | CPU seconds | spans per CPU-second | times as fast | note |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.1f}x"
        speed = f"{row.spans_per_cpu_second:,.0f}"
        lines.append(f"| {row.name} | {row.spans:,} | {row.cpu_seconds:.3f} | {speed} | {ratio} | {row.note} |")
    return "\n".join(lines)


def save(name: str, rows: Sequence[Row], **figures: float | str) -> Path:
    """Write the rows, other figures and the machine to ``results/NAME.json``; gives the file's path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    document = {
        "benchmark": name,
        "machine": {"python": platform.python_version(), "system": platform.platform(), "cpu": _cpu_model()},
        "rows": [{**asdict(row), "spans_per_cpu_second": round(row.spans_per_cpu_second)} for row in rows],
        "figures": figures,
    }
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return path


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
