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
from tracetune.errors import InvalidInput, NotEnoughData, NotFound
from tracetune.forecasting import bundle
from tracetune.forecasting.gate import CONTEXT_MINUTES, first_held_back, pinball_loss
from tracetune.forecasting.keras_backend import can_train
from tracetune.forecasting.learn import Candidates, Normal, prepare
from tracetune.stores.models import PRODUCTION, ModelRegistry

_NETWORK = "lstm"

MOST_WORSE = 0.02
"""A new model may be so much worse than the one in use, by its median loss, and still follow it: less is chance."""

_FEW = 0.5
"""Below this share of its operations known to the model in use, the two probably learned from different applications."""


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
class Rivalry:
    """A new model beside the one in use: whether it may take over, and why, in the words of every surface.

    Attributes:
        number: the version in use; 0 where none is, or none that can be read any more.
        worse: by how much the new loss is larger, as ``worse_by`` says; NaN where nothing could be compared.
        operations: of the new model.
        in_common: of these, how many the one in use knows too.
    """

    number: int
    worse: float
    operations: int
    in_common: int

    @property
    def passes(self) -> bool:
        """Whether the new model may take over; what cannot be compared stands in nobody's way."""
        return not self.worse > MOST_WORSE

    @property
    def reason(self) -> str:
        """Why it may or may not, as a clause."""
        if not self.number:
            return "it is the first"
        current = f"version {self.number}"
        if not self.in_common:
            return f"{current} knows none of its {self.operations} operations; {_APART}"
        if not np.isfinite(self.worse):
            return f"the newest minutes do not tell it from {current}"
        if self.worse > 0:
            limit = f"; at most {MOST_WORSE:.0%} is allowed".replace("%", " %")
            said = f"its error is {_told_apart(self.worse)} larger than that of {current}{limit}"
        elif self.worse < 0:
            said = f"its error is {words.share(-self.worse)} smaller than that of {current}"
        else:
            said = f"its error is that of {current}"
        if self.in_common >= _FEW * self.operations:
            return said
        known = f"{current} knows only {self.in_common} of its {self.operations} operations"
        return f"{said}. This says little, because {known}; {_APART}"


_APART = "traces of another application belong into a registry of their own (--registry OTHER)"


def _told_apart(worse: float) -> str:
    """A share with as many digits as tell it from the limit."""
    texts = (words.share(worse), *(f"{100 * worse:.{digits}f} %" for digits in range(2, 6)))
    limits = (words.share(MOST_WORSE), *(f"{100 * MOST_WORSE:.{digits}f} %" for digits in range(2, 6)))
    return next((text for text, limit in zip(texts, limits, strict=True) if text != limit), texts[0])


def beside_production(kept: ModelRegistry, trained: Trained, metric: Metric = Metric.LATENCY_P95) -> Rivalry:
    """The new model beside the one in use; a model that cannot be read any more is no rival."""
    keys = _keys(trained.normal, metric)
    try:
        version = kept.version(PRODUCTION)
        current = unpacked(kept.content(version))
    except (InvalidInput, NotFound):
        return Rivalry(0, float("nan"), len(keys), 0)
    in_common = len(keys & _keys(current, metric))
    return Rivalry(version.number, worse_by(trained, current, metric), len(keys), in_common)


def _keys(normal: Normal, metric: Metric) -> frozenset[SeriesKey]:
    return frozenset(normal.models[metric].keys) if metric in normal.models else frozenset()


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
