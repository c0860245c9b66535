"""The files of the Numenta Anomaly Benchmark with the windows of their truth as positions."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quality.nab_scorer import Points, points

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class File:
    """One series: its name, when each value was read (seconds since the Unix epoch), and the windows (first, last)."""

    name: str
    seconds: NDArray[np.int64]
    values: Array
    windows: list[tuple[int, int]]


def folder() -> Path:
    """Where the benchmark's data lie."""
    return Path(os.environ.get("TRACETUNE_DATA", "../shared/data")) / "nab"


def files() -> list[File]:
    """All 58, by name."""
    labels = json.loads((folder() / "labels" / "combined_windows.json").read_text())
    return [_file(name, labels[name]) for name in sorted(labels)]


def truth(every: list[File]) -> Points:
    """What alarms at the points of these files are worth."""
    return points([len(each.values) for each in every], [each.windows for each in every])


def _file(name: str, labels: list[list[str]]) -> File:
    with (folder() / "data" / name).open() as text:
        rows = list(csv.DictReader(text))
    times = [_second(row["timestamp"]) for row in rows]
    place = {second: at for at, second in reversed(list(enumerate(times)))}
    windows = [(place[_second(first)], place[_second(last)]) for first, last in labels]
    return File(name, np.array(times), np.array([float(row["value"]) for row in rows]), windows)


def _second(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())
