"""Train: what was learned from minutes, as one piece of bytes with the facts about its making, and read back."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tracetune import __version__
from tracetune.domain import words
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import NotEnoughData
from tracetune.forecasting import bundle
from tracetune.forecasting.gate import CONTEXT_MINUTES, first_held_back, pinball_loss
from tracetune.forecasting.keras_backend import can_train
from tracetune.forecasting.learn import Candidates, Normal, prepare

_NETWORK = "lstm"

MOST_WORSE = 0.02
"""A new model may be so much worse than the one in use, by its median loss, and still follow it: less is chance."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that was just trained.

    Attributes:
        content: the model as bytes, which ``unpacked`` reads.
        about: data window, metrics, gate's verdicts in short, backend, code version.
        series: what it learned from.
    """

    normal: Normal
    content: bytes
    about: Mapping[str, Any]
    series: SeriesBatch


def train(minutes: MinuteBatch, candidates: Candidates, *, seed: int) -> Trained:
    """Learn what is normal for later use.

    Raises:
        NotEnoughData: nothing can be learned from so few minutes; it says why.
    """
    return learned_from(SeriesBatch.from_minutes(minutes), candidates, seed=seed)


def learned_from(series: SeriesBatch, candidates: Candidates, *, seed: int) -> Trained:
    """The same from series.

    Raises:
        NotEnoughData: nothing can be learned from so few minutes; it says why.
    """
    normal = prepare(series, estimators=candidates, seed=seed)
    if not normal.models:
        raise NotEnoughData(normal.limits[0] if normal.limits else "nothing could be learned", hint="give more traces")
    return described(normal, series, seed=seed)


def described(normal: Normal, series: SeriesBatch, *, seed: int) -> Trained:
    """What was learned from these series, with the facts about it."""
    about = _about(normal, series, seed)
    return Trained(normal, packed(normal, about), about, series)


def packed(normal: Normal, about: Mapping[str, Any]) -> bytes:
    """The models as bytes that hold no code."""
    with tempfile.TemporaryDirectory(prefix="tracetune-") as folder:
        path = Path(folder) / "model.npz"
        bundle.save(path, normal, about)
        return path.read_bytes()


def unpacked(content: bytes) -> Normal:
    """The models that these bytes are; a stranger's can be wrong, but they cannot run anything.

    Raises:
        InvalidInput: they are no models of this format, with what is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="tracetune-") as folder:
        path = Path(folder) / "model.npz"
        path.write_bytes(content)
        return bundle.load(path)[0]


def worse_by(trained: Trained, current: Normal, metric: Metric = Metric.LATENCY_P95) -> float:
    """How much larger the new model's loss is than the current one's on the minutes held back: 0.1 is a tenth worse, NaN unknown.

    The new one did not learn from these minutes, but was chosen and calibrated on them; the current one may have never seen
    them. The median over the operations that both know.
    """
    if metric not in trained.normal.models or metric not in current.models:
        return float("nan")
    cut = first_held_back(trained.series)
    recent, first = (
        trained.series.between(max(cut - CONTEXT_MINUTES, 0), trained.series.length),
        min(cut, CONTEXT_MINUTES),
    )
    losses = []
    for normal in (trained.normal, current):
        forecast = normal.models[metric].expect(recent, horizon_minutes=0)
        losses.append(pinball_loss(recent[metric][:, first:], forecast.values[:, first:]))
    both = np.isfinite(losses[0]) & np.isfinite(losses[1])
    new, old = (np.where(both, loss, 0.0).sum(axis=1) for loss in losses)
    known = old > 0
    return float(np.median(new[known] / old[known]) - 1.0) if known.any() else float("nan")


@dataclass(frozen=True, slots=True)
class Change:
    """One operation and metric for which another model speaks than before; "" where nothing did or does."""

    key: SeriesKey
    metric: Metric
    before: str
    after: str


def changes(before: Normal, after: Normal) -> tuple[Change, ...]:
    """Where the two differ in who speaks, by operation and metric."""
    old, new = _speakers(before), _speakers(after)
    found = (Change(*where, old.get(where, ""), new.get(where, "")) for where in sorted({*old, *new}))
    return tuple(each for each in found if each.before != each.after)


def _speakers(normal: Normal) -> dict[tuple[SeriesKey, Metric], str]:
    return {
        (key, metric): verdict.model
        for metric, chosen in normal.models.items()
        for key, verdict in zip(chosen.keys, chosen.verdicts, strict=True)
    }


def _about(normal: Normal, series: SeriesBatch, seed: int) -> dict[str, Any]:
    networks = any(each.name == _NETWORK for chosen in normal.models.values() for each in chosen.predictors)
    trained = networks and can_train()  # else the shipped network competed as it is
    return {
        "code_version": __version__,
        "backend": f"keras on {os.environ.get('KERAS_BACKEND', 'jax')}" if trained else "numpy",
        "seed": seed,
        "window": {
            "start": words.timestamp(series.start_minute),
            "end": words.timestamp(series.start_minute + series.length),
            "minutes": series.length,
        },
        "operations": len(series.keys),
        "metrics": {metric.value: _summary(normal, metric, series) for metric in normal.models},
        "limits": list(normal.limits),
    }


def _summary(normal: Normal, metric: Metric, series: SeriesBatch) -> dict[str, Any]:
    """Of one metric: who speaks for how many operations, the median loss over the mean value, the mean coverage and event F1."""
    chosen = normal.models[metric]
    models = [verdict.model for verdict in chosen.verdicts]
    with np.errstate(invalid="ignore", divide="ignore"):
        level = np.array([np.nanmean(row) if np.isfinite(row).any() else np.nan for row in series[metric]])
        loss = np.array([v.pinball_loss.get(v.model, np.nan) for v in chosen.verdicts]) / level
    coverage = np.array([verdict.coverage for verdict in chosen.verdicts])
    found = np.array([verdict.event_f1.get(verdict.model, np.nan) for verdict in chosen.verdicts])
    return {
        "speakers": {model: models.count(model) for model in sorted(set(models))},
        "loss": _rounded(loss, np.median),
        "coverage": _rounded(coverage, np.mean),
        "event_f1": _rounded(found, np.mean),
    }


def _rounded(values: Any, mean: Any) -> float | None:  # noqa: ANN401 - an array and a numpy function
    finite = values[np.isfinite(values)]
    return round(float(mean(finite)), 4) if len(finite) else None
