"""Predictions that are sealed before their points are measured, and how far they were from what was then measured."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from tracetune_lab.errors import InvalidPredictionError
from tracetune_lab.grid import Grid, Setting
from tracetune_lab.recordings import Recording
from tracetune_lab.sweep_table import ENTRY, PointRow

FAR_OFF = 0.3
QUANTILES = {0.5: "p50_seconds", 0.95: "p95_seconds", 0.99: "p99_seconds"}

Seconds = Annotated[float, msgspec.Meta(gt=0)]


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One predicted number with its 90 % interval in seconds; None where the predictor refuses to answer, and says why.

    `service` and `operation` are the table's: `entry` and `entry` for all requests, `entry` and
    `POST /checkout` for an endpoint, `payment` and `/charge` for an operation's SERVER spans.
    """

    quantile: float
    seconds: Seconds | None
    low_seconds: Seconds | None = None
    high_seconds: Seconds | None = None
    service: str = ENTRY
    operation: str = ENTRY
    refused: str = ""


class PredictedPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is predicted at one load with one choice of replicas."""

    rate_rps: float
    replicas: dict[str, int]
    cells: list[Cell]


class Predictions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of predictions; `learnt_from` names the recordings, and `by` what made them."""

    by: str
    learnt_from: list[str]
    points: list[PredictedPoint]


class Seal(msgspec.Struct, frozen=True):
    """The digest of a file of predictions, and when it was taken."""

    sha256: str
    sealed_unix_nano: int


class Judged(NamedTuple):
    """One predicted number beside the measured one."""

    rate_rps: float
    replicas: str
    cell: Cell
    measured_seconds: float

    @property
    def error(self) -> float:
        """Predicted over measured, less 1; NaN when refused."""
        return self.cell.seconds / self.measured_seconds - 1 if self.cell.seconds is not None else math.nan

    @property
    def is_covered(self) -> bool:
        """Whether the measured number lies in the interval."""
        low, high = self.cell.low_seconds, self.cell.high_seconds
        return low is not None and high is not None and low <= self.measured_seconds <= high


class Verdict(msgspec.Struct, frozen=True):
    """How the predictions of one quantile fared; ratios of the answered cells, but `refused` of all."""

    quantile: float
    cells: int
    refused: float
    mean_absolute_error: float
    bias: float
    worst: float
    far_off: float
    covered: float

    def text(self) -> str:
        """A line of a table."""
        shown = (self.refused, self.mean_absolute_error, self.bias, self.worst, self.far_off, self.covered)
        return f"p{100 * self.quantile:<4g} {self.cells:6} " + " ".join(f"{100 * value:9.1f} %" for value in shown)


HEADER = "       cells     refused        MAPE        bias       worst   off > 30 %   covered"


def read_predictions(path: Path) -> Predictions:
    """Read a file of predictions.

    Raises:
        InvalidPredictionError: the file cannot be read or breaks a rule.
    """
    try:
        predictions = msgspec.json.decode(path.read_bytes(), type=Predictions)
    except (OSError, msgspec.MsgspecError) as error:
        raise InvalidPredictionError(f"{path}: {error}") from error
    for cell in (cell for point in predictions.points for cell in point.cells):
        if cell.quantile not in QUANTILES:
            raise InvalidPredictionError(f"{path}: quantile {cell.quantile:g}; the table has 0.5, 0.95 and 0.99")
    return predictions


def seal(path: Path, folder: Path) -> Seal:
    """Keep a copy of the predictions in `folder` with its digest and the time; the same file may be sealed again.

    Raises:
        InvalidPredictionError: `folder` holds other predictions, or a changed copy.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content, copy, place = path.read_bytes(), folder / "predictions.json", folder / "seal.json"
    digest = hashlib.sha256(content).hexdigest()
    if not place.exists():
        copy.write_bytes(content)
        place.write_bytes(msgspec.json.encode(Seal(digest, time.time_ns())))
    known = msgspec.json.decode(place.read_bytes(), type=Seal)
    if known.sha256 != digest or hashlib.sha256(copy.read_bytes()).hexdigest() != digest:
        raise InvalidPredictionError(f"{folder} holds other predictions ({known.sha256[:12]}); give a new directory")
    return known


def check_sealed_before(known: Seal, recordings: Iterable[Recording]) -> None:
    """Make sure that every point was begun after the predictions had been sealed.

    Raises:
        InvalidPredictionError: one was not.
    """
    for recording in recordings:
        if recording.manifest.started_unix_nano <= known.sealed_unix_nano:
            raise InvalidPredictionError(f"{recording.place} was measured before the predictions were sealed")


def grid_of(predictions: Predictions, grid: Grid, seed: int) -> Grid:
    """The grid whose points are those that were predicted; another seed than the sweep's gives other arrivals."""
    settings: dict[str, Setting] = {}
    for point in predictions.points:
        key = _text(point.replicas)
        rates = settings[key].rates_rps["report"] if key in settings else []
        settings[key] = Setting(point.replicas, {"report": sorted({*rates, point.rate_rps})})
    return msgspec.structs.replace(grid, settings=list(settings.values()), seed=seed)


def judge(predictions: Predictions, rows: Iterable[PointRow]) -> list[Judged]:
    """Each predicted number beside the measured one; of points measured twice, the first.

    Raises:
        InvalidPredictionError: a number was predicted that was not measured.
    """
    measured: dict[tuple[float, str, str, str], PointRow] = {}
    for row in rows:
        replicas = " ".join(sorted(row.replicas.split()))
        measured.setdefault((row.rate_rps, replicas, row.service, row.operation), row)
    found = []
    for point in predictions.points:
        for cell in point.cells:
            key = point.rate_rps, _text(point.replicas), cell.service, cell.operation
            if key not in measured:
                where = f"{cell.service} {cell.operation} at {point.rate_rps:g}/s with {_text(point.replicas)}"
                raise InvalidPredictionError(f"nothing was measured of {where}")
            row = measured[key]
            found.append(Judged(point.rate_rps, _text(point.replicas), cell, getattr(row, QUANTILES[cell.quantile])))
    return found


def verdicts(judged: list[Judged]) -> list[Verdict]:
    """How each quantile fared."""
    found = []
    for quantile in sorted({each.cell.quantile for each in judged}):
        of_quantile = [each for each in judged if each.cell.quantile == quantile]
        answered = [each for each in of_quantile if each.cell.seconds is not None]
        errors = np.array([each.error for each in answered] or [math.nan])
        found.append(
            Verdict(
                quantile=quantile,
                cells=len(of_quantile),
                refused=1 - len(answered) / len(of_quantile),
                mean_absolute_error=float(np.abs(errors).mean()),
                bias=float(errors.mean()),
                worst=float(np.abs(errors).max()),
                far_off=float((np.abs(errors) > FAR_OFF).mean()),
                covered=float(np.mean([float(each.is_covered) for each in answered] or [math.nan])),
            )
        )
    return found


def _text(replicas: dict[str, int]) -> str:
    return " ".join(sorted(f"{name}={count}" for name, count in replicas.items()))
