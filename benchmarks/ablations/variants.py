"""The variants: what each takes away from the network or its history, as a trained model of both latencies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.series import Metric, SeriesBatch
from tracetune.forecasting import batches, following, scoring, training, windows
from tracetune.forecasting.cell import Weights
from tracetune.forecasting.network import TUNING_STEPS, shipped
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.trailing import TrailingMedianEstimator
from tracetune.forecasting.training import STEPS, Course, train
from tracetune.forecasting.windows import FEATURES, Scales
from tracetune.ports import Predictor

Learner = Callable[[SeriesBatch, Metric], Predictor]
_CALLS = [at for at, name in enumerate(FEATURES) if name.startswith("calls")]


def as_it_is() -> None:
    """Change nothing."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to learn.

    Attributes:
        prepare: changes constants of the product, in this process only.
        weights: from the history.
        minutes: of history, the newest ones.
        apart: how many series learn each alone; 0 learns all together.
    """

    prepare: Callable[[], None] = as_it_is
    weights: Callable[[SeriesBatch], Weights | None] = lambda series: _trained(series)  # noqa: PLW0108 - defined below
    minutes: int = 1440
    apart: int = 0

    def learn(self, history: SeriesBatch) -> Callable[[Metric], Predictor]:
        """The model of either latency."""
        found = self.weights(history)
        if found is None:
            return lambda metric: TrailingMedianEstimator().fit(history, metric, seed=0)
        return lambda metric: LstmPredictor(found, Scales.of(history), metric)


def _trained(series: SeriesBatch, *, start: Weights | None = None, steps: int = STEPS) -> Weights:
    return train(series, Course(0, steps, start))[0]


def _further(series: SeriesBatch) -> Weights:
    return _trained(series, start=shipped(), steps=TUNING_STEPS)


def gap(minutes: int) -> None:
    """So many minutes lie between the newest latency that the network sees and the minute it forecasts, plus one."""
    for module in (windows, batches, scoring):
        setattr(module, "GAP_MINUTES", minutes)  # noqa: B010 - the product's constant, in this process only


def without_load() -> None:
    """The network sees no number of calls."""
    stack = windows.stack_features

    def stacked(**given: object) -> NDArray[np.float32]:
        features = stack(**given)  # type: ignore[arg-type]  # handed on as they came
        features[..., _CALLS] = 0.0
        return features

    for module in (windows, scoring):
        setattr(module, "stack_features", stacked)  # noqa: B010 - in this process only; mypy need not agree


def without_excursions() -> None:
    """No made-up anomaly in the inputs of training."""
    batches.EXCURSION_SHARE = 0.0


def without_clipping() -> None:
    """Later forecasts see every value as it was, anomalies too."""

    def admitted(values: object, _middle: object, _sigma: object, far: object) -> tuple[object, object]:
        return values, far

    setattr(following, "admit", admitted)  # noqa: B010 - as above


def as_at_the_origin() -> None:
    """The next minute from the newest one, as the system that this one descends from."""
    gap(1)
    without_load()
    without_excursions()
    without_clipping()


def short_windows(minutes: int, burn_in: int) -> Callable[[], None]:
    """Windows that a short history can fill."""

    def prepare() -> None:
        for module in (batches, training):
            setattr(module, "WINDOW_MINUTES", minutes)  # noqa: B010 - as above
        batches.BURN_IN_MINUTES = burn_in
        training.LEAST_MINUTES = minutes

    return prepare


HISTORIES = {"30 min": 30, "2 h": 120, "6 h": 360, "24 h": 1440}
_WINDOWS: dict[str, Callable[[], None]] = {"30 min": short_windows(30, 17), "2 h": short_windows(60, 20)}


def _of(history: str, weights: Callable[[SeriesBatch], Weights | None], *, trains: bool = True) -> Variant:
    prepare = _WINDOWS.get(history, as_it_is) if trains else as_it_is
    return Variant(prepare, weights, HISTORIES[history])


APART = 8
"""Series that learn alone: more would take hours."""

VARIANTS: dict[str, Variant] = {
    "whole": Variant(),
    **{f"trailing median, {name}": _of(name, lambda _: None, trains=False) for name in HISTORIES},
    **{f"shipped, {name}": _of(name, lambda _: shipped(), trains=False) for name in HISTORIES},
    "without load": Variant(without_load),
    "lag 1": Variant(lambda: gap(1)),
    "as at the origin": Variant(as_at_the_origin),
    **{f"trained further, {name}": _of(name, _further) for name in HISTORIES},
    **{f"from nothing, {name}": _of(name, _trained) for name in HISTORIES if name != "24 h"},
    "each series alone": Variant(apart=APART),
    "lag 2": Variant(lambda: gap(2)),
    "lag 4": Variant(lambda: gap(4)),
    "without excursions": Variant(without_excursions),
}
"""By name, the most telling first."""


def alike() -> list[list[str]]:
    """The names by what they change: one process can measure those of one list."""
    groups: dict[int, list[str]] = {}
    for name, variant in VARIANTS.items():
        groups.setdefault(id(variant.prepare), []).append(name)
    return list(groups.values())
