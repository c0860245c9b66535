"""Predictions: sealed before measuring, judged by the table, refused when they could have been made afterwards."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tracetune_lab import predictions
from tracetune_lab.errors import InvalidPredictionError
from tracetune_lab.grid import load_grid
from tracetune_lab.predict_check import against, text
from tracetune_lab.sweep_table import PointRow, write_table

REPLICAS = {"payment": 2, "recommendation": 1}


def cell(quantile: float, seconds: float | None, **more: object) -> dict[str, Any]:
    return {"quantile": quantile, "seconds": seconds, **more}


def file_of(folder: Path, *cells: dict[str, Any], rate: float = 20) -> Path:
    path = folder / "predictions.in.json"
    point = {"rate_rps": rate, "replicas": REPLICAS, "cells": list(cells)}
    path.write_text(json.dumps({"by": "test", "learnt_from": ["point-00"], "points": [point]}))
    return path


def row(p50: float, p95: float, p99: float) -> PointRow:
    replicas = "recommendation=1 payment=2"
    return PointRow(2, "dev", 20.0, replicas, "entry", "entry", 900, 0.2, p50, p95, p99, math.nan, math.nan, 0)


def test_errors_coverage_and_refusals_are_told_by_quantile(tmp_path: Path) -> None:
    path = file_of(
        tmp_path,
        cell(0.5, 0.11, low_seconds=0.09, high_seconds=0.12),
        cell(0.95, 0.2, low_seconds=0.19, high_seconds=0.21),
        cell(0.99, None, refused="saturated"),
    )

    judged = predictions.judge(predictions.read_predictions(path), [row(0.1, 0.4, 0.6)])
    p50, p95, p99 = predictions.verdicts(judged)

    assert p50.mean_absolute_error == pytest.approx(0.1)
    assert (p50.covered, p50.far_off, p50.refused) == (1.0, 0.0, 0.0)
    assert p95.bias == pytest.approx(-0.5)
    assert (p95.covered, p95.far_off) == (0.0, 1.0)
    assert p99.refused == 1.0
    assert math.isnan(p99.mean_absolute_error)


def test_predictions_are_set_beside_a_committed_table(tmp_path: Path) -> None:
    write_table([row(0.1, 0.4, 0.6)], tmp_path / "table.csv")

    judged = against(file_of(tmp_path, cell(0.95, 0.2)), tmp_path / "table.csv")

    assert "far off: entry entry p95 at 20/s with payment=2 recommendation=1: 200 ms predicted, 400 ms" in text(judged)


def test_seal_is_kept_and_other_predictions_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "check"
    first = predictions.seal(file_of(tmp_path, cell(0.5, 0.11)), folder)

    again = predictions.seal(file_of(tmp_path, cell(0.5, 0.11)), folder)

    assert again == first
    with pytest.raises(InvalidPredictionError, match="holds other predictions"):
        predictions.seal(file_of(tmp_path, cell(0.5, 0.12)), folder)


def test_copy_that_was_changed_after_sealing_is_refused(tmp_path: Path) -> None:
    path, folder = file_of(tmp_path, cell(0.5, 0.11)), tmp_path / "check"
    predictions.seal(path, folder)
    (folder / "predictions.json").write_text("{}")

    with pytest.raises(InvalidPredictionError, match="holds other predictions"):
        predictions.seal(path, folder)


def test_point_that_is_older_than_the_seal_proves_nothing() -> None:
    known = predictions.Seal("0", sealed_unix_nano=100)
    younger, older = (
        cast("Any", SimpleNamespace(place="p", manifest=SimpleNamespace(started_unix_nano=at))) for at in (101, 99)
    )

    predictions.check_sealed_before(known, [younger])
    with pytest.raises(InvalidPredictionError, match="before the predictions were sealed"):
        predictions.check_sealed_before(known, [younger, older])


def test_predicted_points_become_a_grid_with_other_arrivals(tmp_path: Path) -> None:
    told = predictions.read_predictions(file_of(tmp_path, cell(0.5, 0.11)))

    chosen = predictions.grid_of(told, load_grid(), seed=9)

    ((point,),) = chosen.points()
    assert (point.rate_rps, point.replicas, point.split, point.seed) == (20, REPLICAS, "report", 9)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([cell(0.9, 0.1)], "quantile 0.9; the table has"),
        ([cell(0.5, -1)], "predictions.in.json"),
        ([cell(0.5, 0.1, service="paymnt")], "nothing was measured of paymnt entry at 20/s"),
    ],
)
def test_mistake_is_told_with_its_place(tmp_path: Path, cells: list[dict[str, Any]], told: str) -> None:
    path = file_of(tmp_path, *cells)

    with pytest.raises(InvalidPredictionError, match=told):
        predictions.judge(predictions.read_predictions(path), [row(0.1, 0.4, 0.6)])
