"""The Numenta Anomaly Benchmark: our detector for any series on its 58 files, scored by its own rules.

The scorer follows the paper: the first detection inside a window earns more the earlier it is, each missed window costs,
and each false detection costs less the closer it follows a window. One threshold serves all files; NAB's protocol lets
each detector choose it on the whole corpus, for every entry on the scoreboard alike.

Source: Lavin, Ahmad, Evaluating Real-time Anomaly Detection Algorithms - the Numenta Anomaly Benchmark (2015), section II.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PROBATION_SHARE, PROBATION_ROWS = 0.15, 5000
"""Rows at the beginning of each file in which nothing is scored."""

PROFILES = {
    "standard": (1.0, 0.11, 1.0),
    "reward_low_FP_rate": (1.0, 0.22, 1.0),
    "reward_low_FN_rate": (1.0, 0.11, 2.0),
}
"""Weights of true positives, false positives and false negatives."""


@dataclass(frozen=True, slots=True)
class File:
    """One series: its values, the hour of the week of each row, and the windows [first, last] to be found."""

    name: str
    values: Array
    stamps: NDArray[np.datetime64]
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """How many rows are not scored."""
        return int(min(math.floor(PROBATION_SHARE * len(self.values)), PROBATION_SHARE * PROBATION_ROWS))


def read(folder: Path) -> list[File]:
    """All files of the benchmark."""
    labels = json.loads((folder / "labels" / "combined_windows.json").read_text())
    files = []
    for name, windows in labels.items():
        with (folder / "data" / name).open() as text:
            rows = list(csv.DictReader(text))
        stamps = np.array([row["timestamp"] for row in rows], "datetime64[s]")
        bounds = [np.array(window, "datetime64[s]") for window in windows]
        places = tuple(
            (int(np.flatnonzero(stamps == first)[0]), int(np.flatnonzero(stamps == last)[-1])) for first, last in bounds
        )
        files.append(File(name, np.array([float(row["value"]) for row in rows]), stamps, places))
    return files


def score(files: Sequence[File], scores: Sequence[Array], profile: str) -> tuple[float, float]:
    """(normalised score at the best single threshold, that threshold): 0 detects nothing, 100 is perfect."""
    true, false, missed = PROFILES[profile]
    candidates = np.unique(np.concatenate([np.quantile(each, np.linspace(0.9, 1.0, 120)) for each in scores]))
    windows = sum(len(file.windows) for file in files)
    best = (-math.inf, math.inf)
    for threshold in candidates:
        total = sum(
            _file_score(file, each >= threshold, true, false, missed) for file, each in zip(files, scores, strict=True)
        )
        normalised = 100.0 * (total + missed * windows) / ((true + missed) * windows)
        best = max(best, (normalised, float(threshold)))
    return best


def _file_score(file: File, detected: NDArray[np.bool_], true: float, false: float, missed: float) -> float:
    at = np.flatnonzero(detected)
    at = at[at >= file.probation]
    total = 0.0
    outside = np.ones(len(at), np.bool_)
    for first, last in file.windows:
        inside = (at >= first) & (at <= last)
        outside &= ~inside
        if inside.any():
            earliest = int(at[inside][0])
            total += true * _sigmoid((earliest - last - 1) / (last - first + 1)) / _sigmoid(-1.0)
        else:
            total -= missed
    for place in at[outside]:
        before = [window for window in file.windows if window[1] < place]
        if not before:
            total -= false
            continue
        first, last = before[-1]
        total += false * _sigmoid((place - last) / max(last - first, 1))
    return total


def _sigmoid(position: float) -> float:
    """1 long before the end of a window, 0 at its end, -1 long after it."""
    return -1.0 if position > 3.0 else 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def windowed_gaussian(file: File, window: int = 6400, every: int = 100) -> Array:
    """NAB's own simple detector, as a check of the scorer: its published standard score is 39.65."""
    values = file.values
    scores = np.zeros(len(values))
    for at in range(1, len(values)):
        known = at if at <= window else window + (at - window) // every * every
        past = values[max(known - window, 0) : known]
        spread = past.std() or 1e-6
        scores[at] = 1.0 - 0.5 * math.erfc(abs(values[at] - past.mean()) / spread / 1.4142)
    return scores


def run(files: Sequence[File], detector: Callable[[File], Array]) -> dict[str, float]:
    """The detector's score in each profile."""
    scores = [detector(file) for file in files]
    return {profile: score(files, scores, profile)[0] for profile in PROFILES}
