"""Following series minute by minute: the one way in which models look at the past, live and in a batch alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import QUANTILES, Forecast
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.forecasting.feedback import LEVEL_MINUTES, NEW_LEVEL_MINUTES, PATIENCE_AFTER_RELEASE, admit, new_level
from tracetune.forecasting.scaling import uncompared
from tracetune.ports import Predictor

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Arrays = Mapping[str, NDArray[Any]]


@runtime_checkable
class Follower(Protocol):
    """A model in the middle of a history: everything it knows is in arrays with one row a series.

    Each minute is given once and in order. The quantiles of a minute use nothing of the minute itself but its number of
    calls, and of the metric nothing newer than the model's gap.
    """

    minute: int

    def step(self, values: Float[Array, " series"], calls: Float[Array, " series"]) -> Float[Array, "series quantile"]:
        """What was expected of this minute, in the metric's unit; then its values are learned from. NaN: not observed."""
        ...

    def ahead(self, minutes: int) -> Float[Array, "series minute quantile"]:
        """What is expected of the minutes to come; changes nothing."""
        ...

    def add(self, other: Follower) -> None:
        """Take in the rows of another follower of the same model that is at the same minute."""
        ...

    def shift(self, rows: Rows, by: Float[Array, " row"]) -> None:
        """Move everything remembered of these rows by so much on the model's scale: a new level, and nothing forgotten."""
        ...

    def release(self, rows: Rows) -> None:
        """These series were deployed anew: a level that stays for PATIENCE_AFTER_RELEASE is then the new normal."""
        ...

    def state(self) -> dict[str, NDArray[Any]]:
        """Every array of it, by name."""
        ...

    def restore(self, arrays: Arrays, minute: int) -> None:
        """Become what gave this state.

        Raises:
            ValueError: an array is missing or has another shape.
        """
        ...


@runtime_checkable
class Followed(Predictor, Protocol):
    """A predictor whose forecasts are those of its follower."""

    metric: Metric

    def follow(self, keys: tuple[SeriesKey, ...], start_minute: int) -> Follower:
        """A follower of these series that has seen nothing yet; its first step is ``start_minute``."""
        ...


@dataclass(slots=True)
class Remembered:
    """The part of a follower that is the same for all: its arrays have one row a series, and nothing else is state."""

    minute: int
    far: Float[Array, " series"]  # minutes in which a series was far off, see ``feedback.admit``
    recent: Float[Array, "series recent"]  # observed minus expected of LEVEL_MINUTES

    def shift(self, rows: Rows, by: Float[Array, " row"]) -> None:
        """See ``Follower``; each model moves what it remembers."""
        raise TypeError(f"{type(self).__name__} does not say how it moves {len(rows)} series by {len(by)} levels")

    def admit(
        self, seen: Float[Array, " series"], middle: Float[Array, " series"], sigma: Float[Array, " series"]
    ) -> Float[Array, " series"]:
        """What of the newest minute may enter later forecasts, after moving the series whose level has changed."""
        self.recent[:, self.minute % LEVEL_MINUTES] = seen - middle
        counted, self.far = admit(seen, middle, sigma, self.far)
        rows, by = new_level(self.recent, self.far)
        if len(rows):
            self.shift(rows, by)
            self.far[rows] = 0.0
            self.recent[rows] = np.nan
        return counted

    def release(self, rows: Rows) -> None:
        """See ``Follower``."""
        self.far[rows] = np.maximum(self.far[rows], NEW_LEVEL_MINUTES - PATIENCE_AFTER_RELEASE)

    def add(self, other: Follower) -> None:
        """See ``Follower``."""
        for name, values in other.state().items():
            setattr(self, name, np.concatenate([getattr(self, name), values]))

    def state(self) -> dict[str, NDArray[Any]]:
        """See ``Follower``."""
        held = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: values for name, values in held.items() if isinstance(values, np.ndarray)}

    def restore(self, arrays: Arrays, minute: int) -> None:
        """See ``Follower``."""
        for name, held in self.state().items():
            found = arrays.get(name)
            if found is None or len(found) != len(held) or found.ndim != held.ndim:
                raise ValueError(f"the state of {name} is missing or of another shape")
            setattr(self, name, found.astype(held.dtype))
        self.minute = minute


def replay(follower: Follower, model: str, series: SeriesBatch, metric: Metric, horizon_minutes: int) -> Forecast:
    """The forecast of a follower that has seen nothing yet for every minute of ``series`` and some after it."""
    values, calls = series[metric], series[Metric.CALLS]
    quantiles = np.empty((len(series.keys), series.length + horizon_minutes, len(QUANTILES)))
    for minute in range(series.length):
        quantiles[:, minute] = follower.step(values[:, minute], calls[:, minute])
    quantiles[:, series.length :] = follower.ahead(horizon_minutes)
    verdicts = uncompared(model, len(series.keys))
    return Forecast(series.keys, metric, series.start_minute, series.length, quantiles, verdicts)


def nothing(*shape: int) -> Array:
    """An array of what is not known."""
    return np.full(shape, np.nan)
