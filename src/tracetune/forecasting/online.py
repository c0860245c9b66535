"""The live forecast: what was learned, followed minute by minute over all series at once, with all its state in arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.domain.forecasts import QUANTILES
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import Conflict, InvalidInput
from tracetune.forecasting.following import Array, Followed, Follower, Rows, nothing
from tracetune.forecasting.gate import Chosen
from tracetune.forecasting.learn import Normal

Expected = Mapping[Metric, Float[Array, "series quantile"]]

MOST_MISSING_MINUTES = 1440
"""A longer silence is no gap but another history: begin again from stored minutes."""


@dataclass(slots=True)
class _Panel:
    """One metric: a follower of each candidate over the series that it speaks for; the first follows all of them."""

    chosen: Chosen
    followers: list[Follower]
    rows: list[Rows]

    @classmethod
    def of(cls, chosen: Chosen, start_minute: int) -> _Panel:
        followers = [_follower(each, (), start_minute) for each in chosen.predictors]
        return cls(chosen, followers, [np.zeros(0, np.int64) for _ in followers])

    def add(self, keys: tuple[SeriesKey, ...], first: int, start_minute: int) -> None:
        speakers = self.chosen.speakers_of(keys)
        for at, (predictor, follower) in enumerate(zip(self.chosen.predictors, self.followers, strict=True)):
            here = np.arange(len(keys)) if at == 0 else np.flatnonzero(speakers == at)
            added = _follower(predictor, tuple(keys[row] for row in here), start_minute)
            added.minute = follower.minute
            follower.add(added)
            self.rows[at] = np.concatenate([self.rows[at], first + here])

    def step(self, values: Float[Array, " series"], calls: Float[Array, " series"]) -> Float[Array, "series quantile"]:
        return self._spoken(
            [
                follower.step(values[rows], calls[rows])[:, None]
                for follower, rows in zip(self.followers, self.rows, strict=True)
            ]
        )[:, 0]

    def ahead(self, minutes: int) -> Float[Array, "series minute quantile"]:
        return self._spoken([each.ahead(minutes) for each in self.followers])

    def release(self, released: Rows) -> None:
        for follower, rows in zip(self.followers, self.rows, strict=True):
            follower.release(np.flatnonzero(np.isin(rows, released)))

    def _spoken(self, raw: list[Float[Array, "_ minute quantile"]]) -> Float[Array, "series minute quantile"]:
        metric, factors = self.chosen.metric, self.chosen.factors
        spoken = factors[0].apply(metric, raw[0])
        for rows, factor, quantiles in list(zip(self.rows, factors, raw, strict=True))[1:]:
            best = factor.apply(metric, quantiles)
            spoken[rows] = np.where(np.isnan(best), spoken[rows], best)
        return spoken


class OnlineForecaster:
    """What is expected of each minute as it comes, equal to what the batch says of the same minutes.

    Attributes:
        normal: what was learned.
        keys: (series,), the series that were ever given, in the order in which arrays are given back.
        minute: the next minute, since the Unix epoch.
    """

    def __init__(self, normal: Normal, start_minute: int) -> None:
        self.normal = normal
        self.keys: tuple[SeriesKey, ...] = ()
        self.start_minute = self.minute = start_minute
        self._place: dict[SeriesKey, int] = {}
        self._panels = {metric: _Panel.of(chosen, start_minute) for metric, chosen in normal.models.items()}

    @classmethod
    def after(cls, normal: Normal, history: SeriesBatch) -> OnlineForecaster:
        """A forecaster that has followed these minutes; a day of them makes the daily models whole."""
        online = cls(normal, history.start_minute)
        online.follow(history)
        return online

    def step(
        self, minute: int, keys: tuple[SeriesKey, ...], values: Mapping[Metric, Float[Array, " given"]]
    ) -> Expected:
        """What was expected of this minute, by metric, (series, quantile) in the order of ``self.keys``; then learn from it.

        Minutes that were left out since the last one count as not observed; series that are not given, too. A series that
        was never given before begins here.

        Args:
            minute: since the Unix epoch.
            keys: the series that are given; any others were not observed.
            values: by metric in its unit, in the order of ``keys``; NaN is not observed. Calls must be among them.

        Raises:
            Conflict: the minute was followed already.
            InvalidInput: more than MOST_MISSING_MINUTES were left out.
        """
        self._fill_up_to(minute)
        place = self._places(keys)
        return self._step({metric: _put(values[metric], place, len(self.keys)) for metric in self._needed()})

    def follow(self, series: SeriesBatch) -> Mapping[Metric, Float[Array, "series minute quantile"]]:
        """Step through these minutes; what was expected of them is in the order of ``series.keys``."""
        self._fill_up_to(series.start_minute)
        place = self._places(series.keys)
        expected = {metric: np.empty((len(series.keys), series.length, len(QUANTILES))) for metric in self._panels}
        for minute in range(series.length):
            values = {each: _put(series[each][:, minute], place, len(self.keys)) for each in self._needed()}
            for metric, quantiles in self._step(values).items():
                expected[metric][:, minute] = quantiles[place]
        return expected

    def ahead(self, horizon_minutes: int) -> Mapping[Metric, Float[Array, "series minute quantile"]]:
        """What is expected of the minutes to come, in the order of ``self.keys``."""
        return {metric: panel.ahead(horizon_minutes) for metric, panel in self._panels.items()}

    def release(self, service_names: frozenset[str]) -> None:
        """These services have a new version: a level that stays for ten minutes becomes normal, where it else takes 90."""
        rows = np.flatnonzero([key.service_name in service_names for key in self.keys])
        for panel in self._panels.values():
            panel.release(rows)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Everything it knows of the past: facts for JSON, and arrays by name."""
        arrays = {
            f"{metric}.{at}.{name}": values
            for metric, panel in self._panels.items()
            for at, follower in enumerate(panel.followers)
            for name, values in follower.state().items()
        }
        return {"keys": self.keys, "start_minute": self.start_minute, "minute": self.minute}, arrays

    @classmethod
    def restored(cls, normal: Normal, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> OnlineForecaster:
        """The forecaster that gave this state, on the same models.

        Raises:
            ValueError: the state is of other models.
        """
        online = cls(normal, int(facts["start_minute"]))
        online._places(tuple(SeriesKey(str(service), str(span)) for service, span in facts["keys"]))
        online.minute = int(facts["minute"])
        for metric, panel in online._panels.items():
            for at, follower in enumerate(panel.followers):
                prefix = f"{metric}.{at}."
                own = {name.removeprefix(prefix): each for name, each in arrays.items() if name.startswith(prefix)}
                follower.restore(own, online.minute - online.start_minute)
        return online

    def _needed(self) -> set[Metric]:
        return {Metric.CALLS, *self._panels}

    def _places(self, keys: tuple[SeriesKey, ...]) -> Rows:
        """The positions of these series; unknown ones begin at the next minute."""
        if keys == self.keys:
            return np.arange(len(keys))
        fresh = tuple(key for key in keys if key not in self._place)
        if fresh:
            for panel in self._panels.values():
                panel.add(fresh, len(self.keys), self.start_minute)
            self._place |= {key: len(self.keys) + at for at, key in enumerate(fresh)}
            self.keys += fresh
        return np.array([self._place[key] for key in keys], np.int64)

    def _fill_up_to(self, minute: int) -> None:
        if minute < self.minute:
            raise Conflict(
                f"minute {minute} was followed already, the next is {self.minute}",
                hint="give each minute once, in order",
            )
        if minute - self.minute > MOST_MISSING_MINUTES:
            raise InvalidInput(
                f"{minute - self.minute:,} minutes are missing before minute {minute}",
                hint="begin a new forecaster from stored minutes",
            )
        for _ in range(minute - self.minute):
            self._step(dict.fromkeys(self._needed(), nothing(len(self.keys))))

    def _step(self, values: Mapping[Metric, Float[Array, " series"]]) -> Expected:
        calls = values[Metric.CALLS]
        self.minute += 1
        return {metric: panel.step(values[metric], calls) for metric, panel in self._panels.items()}


def _follower(predictor: Any, keys: tuple[SeriesKey, ...], start_minute: int) -> Follower:  # noqa: ANN401 - of the port's kind, or ours
    if not isinstance(predictor, Followed):
        raise TypeError(f"{predictor.name} has no follow(): it can judge a batch, and nothing live")
    return predictor.follow(keys, start_minute)


def _put(values: Float[Array, " given"], place: Rows, count: int) -> Float[Array, " series"]:
    placed = nothing(count)
    placed[place] = values
    return placed
