"""What was expected of each minute of the window, found once when the minute came and kept: no later model rewrites it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracetune import log
from tracetune.anomalies.calm import without_departed
from tracetune.anomalies.detect import Thresholds, calibrate
from tracetune.domain.analysis import Learned
from tracetune.domain.forecasts import QUANTILES, Forecast
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.errors import InvalidInput, TracetuneError
from tracetune.forecasting.learn import LEAST_MINUTES, LEAST_MINUTES_TO_COMPETE, Candidates, Normal, study
from tracetune.forecasting.online import OnlineForecaster
from tracetune.live.jobs import Jobs
from tracetune.live.promoted import Promoted
from tracetune.live.training import Trainer

_PROMOTED = "a promoted model of the registry speaks here; roll it back, and what is learned here does"

RELEARN_MINUTES = 360
"""A whole history is learned from anew so often; while it is short, whenever it has grown by a quarter."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The history that something was made from: so many minutes, and the first one after it."""

    minutes: int
    until: int

    @classmethod
    def of(cls, series: SeriesBatch) -> Reach:
        """The reach of this window."""
        return cls(series.length, series.start_minute + series.length)

    def is_outgrown(self, series: SeriesBatch) -> bool:
        """Whether it is to be made anew: the window has grown by a quarter, or moved on by RELEARN_MINUTES."""
        now = Reach.of(series)
        return now.until - self.until >= RELEARN_MINUTES or 4 * (now.minutes - self.minutes) >= self.minutes


class Expectation:
    """Follows the minutes one by one with the models that are in force, and learns anew as the history grows.

    Short histories are learned from here, in a second; from LEAST_MINUTES_TO_COMPETE on, in the trainer's process, whose
    models come into force when they are there. One that died changes nothing but the time of the next try.

    A promoted model wins over both until it is rolled back or its alias is removed: somebody looked at it and chose it, and
    what is learned here would undo that within hours. Nothing is learned here meanwhile; afterwards it is begun anew.

    Args:
        candidates: models that compete where learning is done here.
        trainer: learns in another process; None has all learned here.
        promoted: gives the model that was chosen in the registry; None where there is no registry.
        false_incidents_per_week: the budget that the thresholds keep.
        jobs: told of each training, and where somebody may ask for one.
    """

    def __init__(  # noqa: PLR0913 - each from elsewhere
        self,
        candidates: Candidates,
        trainer: Trainer | None,
        *,
        seed: int,
        horizon_minutes: int,
        false_incidents_per_week: float,
        promoted: Promoted | None = None,
        jobs: Jobs | None = None,
    ) -> None:
        self._promoted = promoted
        self._jobs = jobs if jobs is not None else Jobs()
        self._candidates, self._trainer, self._seed = candidates, trainer, seed
        self._horizon_minutes, self._budget = horizon_minutes, false_incidents_per_week
        self._is_over = False
        self._ended: list[str] = []  # trainings that are over, "" or why they failed, to be told when it can be seen
        self._online: OnlineForecaster | None = None
        self._limits: tuple[str, ...] = ()
        self._start = 0
        self._minutes = 0
        # By metric, (series, minute, quantile): as many minutes from the start, and behind them room for the forecast.
        self._expected: dict[Metric, NDArray[np.float64]] = {}
        self._learned = self._calibrated = self._begun = Reach(0, 0)
        self.thresholds: Thresholds | None = None
        self.trained_until = 0
        self._chosen: Normal | None = None
        self._refused: Normal | None = None
        self.version = 0  # of the registry, that speaks; 0 where what was learned here does
        self.normal: Normal | None = None  # the models that speak …
        self.since = 0  # … and the first minute they judge

    def learned(self, series: SeriesBatch) -> Learned:
        """The window beside what was expected of it; only minutes that are new since the last call are stepped through."""
        if self._online is not None:
            self._follow(series, self._online)
        self._learn_where_due(series)
        self._leave_departed(series)
        learned = self._seen_and_expected(series)
        if self._online is not None and (self.thresholds is None or self._calibrated.is_outgrown(series)):
            self.thresholds = calibrate(learned, false_incidents_a_week=self._budget)
            self._calibrated = Reach.of(series)
        return learned

    def _seen_and_expected(self, series: SeriesBatch) -> Learned:
        forecasts = self._forecasts(series, self._online) if self._online is not None else {}
        return Learned(series, forecasts, self._limits)

    def _learn_where_due(self, series: SeriesBatch) -> None:
        self.tell_ended()  # of a snapshot that was never published
        trained = self._finished()
        if self._speaks_as_promoted(series):
            self._end_where_over(_PROMOTED)
            self._refuse(_PROMOTED)
            return
        if trained is not None:
            problem = self._adopt(trained, series)
            self.trained_until = self._learned.until
            self._end_where_over(problem.message if problem else "")
        self._end_where_over("it ended without models")
        if self._ended:
            return
        if series.length < LEAST_MINUTES or not series.keys:
            self._limits = self._study(series).limits
            self._refuse(self._limits[0])
        elif self._jobs.is_wanted or self._learned.is_outgrown(series):
            self._learn(without_departed(self._seen_and_expected(series)))

    def _leave_departed(self, series: SeriesBatch) -> None:
        """Have the models that speak follow the window anew, as often as is learned anew, where series of theirs are gone.

        A series that was followed takes room as long as the models speak, and a promoted one may do so for months.
        """
        if self._online is None or self.normal is None or not self._begun.is_outgrown(series):
            return
        self._begun = Reach.of(series)
        if len(self._online.keys) > len(series.keys) > 0:
            since, thresholds = self.since, self.thresholds
            self._adopt(self.normal, series, self.version)
            self.since, self.thresholds = since, thresholds

    def _finished(self) -> Normal | None:
        """The models of a training in the other process that ended since the last minute."""
        trainer = self._trainer
        if trainer is None:
            return None
        was_running = trainer.is_running
        trained = trainer.finished()
        self._is_over = was_running and not trainer.is_running
        return trained

    def _end_where_over(self, problem: str) -> None:
        """Have the end of a training that is over told with the next snapshot."""
        if self._is_over and self._trainer is not None:
            self._is_over = False
            self._ended.append(self._trainer.problem or problem)

    def tell_ended(self) -> None:
        """Say that trainings ended whose models are in the snapshot that was just published, or why they are not."""
        ended, self._ended = self._ended, []
        for problem in ended:
            self._jobs.ended(problem)

    def _refuse(self, why: str) -> None:
        """Say why a training that somebody waits for is not done."""
        self._jobs.refuse(why)

    def _learn(self, series: SeriesBatch) -> None:
        said = f"{len(series.keys)} series of {series.length} minutes"
        trainer = self._trainer
        if trainer and self._online is not None and series.length >= LEAST_MINUTES_TO_COMPETE:
            if not trainer.start(series):
                return
            self._jobs.began(said, kill=trainer.kill, steps=lambda: trainer.steps)
        else:
            self._jobs.began(said)
            problem = self._adopt(self._study(series), series)
            self._ended.append(problem.message if problem else "")
        self._learned = Reach.of(series)

    def _speaks_as_promoted(self, series: SeriesBatch) -> bool:
        """Whether a promoted model is in force, after one that is new was taken over; it needs as many minutes as any."""
        if self._promoted is None or series.length < LEAST_MINUTES or not series.keys:
            return False
        chosen = self._promoted.look()
        if chosen is not None and chosen is not self._chosen and chosen is not self._refused:
            problem = self._adopt(chosen, series, self._promoted.number)
            if problem is None:
                self._chosen = chosen
            else:
                self._refused = chosen
                self._promoted.refuse(problem)
        elif chosen is None and self._chosen is not None:
            self._chosen = None
            self._learned = Reach(0, 0)  # learned anew at once, or by the trainer as soon as it can
        return self._chosen is not None

    def _study(self, series: SeriesBatch) -> Normal:
        return study(series, estimators=self._candidates, seed=self._seed, horizon_minutes=self._horizon_minutes)[0]

    def _adopt(self, normal: Normal, series: SeriesBatch, version: int = 0) -> TracetuneError | None:
        """Have these models speak from the next minute on; what was expected before stays, where there was anything.

        Gives why they cannot; then those of before go on.
        """
        if not normal.models:
            self._limits = normal.limits
            return InvalidInput("it holds no models", hint="train again, on a longer history")
        try:
            online = OnlineForecaster(normal, series.start_minute)
            followed = dict(online.follow(series))
        except TracetuneError as error:
            log.get_logger("expectation").warning("the models cannot follow the window", why=error.message)
            return error
        before, self._online = self._online, online
        self._begun = Reach.of(series)
        self._limits, self.version = normal.limits, version
        self.normal, self.since = normal, series.start_minute + series.length
        if before is not None:
            rows = self._rows(series, before)
            for metric in followed.keys() & self._expected.keys():
                seen = self._seen(metric, series, rows)[:, : series.length]
                followed[metric] = np.where(np.isnan(seen), followed[metric], seen)
        self._start, self._minutes = series.start_minute, series.length
        self._expected = {metric: self._by_online_key(series, values, online) for metric, values in followed.items()}
        self.thresholds = None
        return None

    @staticmethod
    def _by_online_key(
        series: SeriesBatch, values: NDArray[np.float64], online: OnlineForecaster
    ) -> NDArray[np.float64]:
        place = {key: row for row, key in enumerate(series.keys)}
        return values[[place[key] for key in online.keys]]

    def _follow(self, series: SeriesBatch, online: OnlineForecaster) -> None:
        """Step through the minutes that are new, and move what was expected on with the window."""
        until = series.start_minute + series.length
        stepped = {
            minute: online.step(
                minute,
                series.keys,
                {metric: values[:, minute - series.start_minute] for metric, values in series.metrics.items()},
            )
            for minute in range(max(online.minute, series.start_minute), until)
        }
        passed = series.start_minute - self._start
        first = max(passed, 0)
        kept = max(series.length, self._minutes - passed)
        for metric, before in self._expected.items():
            values = np.full((len(online.keys), kept + self._horizon_minutes, len(QUANTILES)), np.nan)
            still = before[:, first : self._minutes]  # in the window
            values[: len(before), first - passed : first - passed + still.shape[1]] = still
            for minute, quantiles in stepped.items():
                values[:, minute - series.start_minute] = quantiles[metric]
            self._expected[metric] = values
        self._start, self._minutes = series.start_minute, kept

    def _forecasts(self, series: SeriesBatch, online: OnlineForecaster) -> dict[Metric, Forecast]:
        rows = self._rows(series, online)
        known = rows >= 0
        ahead = online.ahead(self._horizon_minutes)
        found = {}
        for metric, chosen in online.normal.models.items():
            if metric not in self._expected:
                continue
            values = self._seen(metric, series, rows)
            values[known, series.length :] = ahead[metric][rows[known]]
            found[metric] = Forecast(
                series.keys, metric, series.start_minute, series.length, values, chosen.verdicts_of(series.keys)
            )
        return found

    def _seen(self, metric: Metric, series: SeriesBatch, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """What was expected of the window, in the order of its series, with room for the hour ahead.

        Usually it is the kept array itself: ten thousand series would be 120 MB once more. The next minute makes a new one.
        """
        expected = self._expected[metric]
        shape = (len(rows), series.length + self._horizon_minutes, len(QUANTILES))
        if expected.shape == shape and self._start == series.start_minute and (rows == np.arange(len(rows))).all():
            return expected
        values = np.full(shape, np.nan)
        offset = series.start_minute - self._start
        seen = expected[:, offset : min(offset + series.length, self._minutes)]
        known = rows >= 0
        values[known, : seen.shape[1]] = seen[rows[known]]
        return values

    @staticmethod
    def _rows(series: SeriesBatch, online: OnlineForecaster) -> NDArray[np.int64]:
        """Where the online forecaster has each series; -1 where it does not know it."""
        if online.keys == series.keys:
            return np.arange(len(series.keys))
        place = {key: row for row, key in enumerate(online.keys)}
        return np.array([place.get(key, -1) for key in series.keys], np.int64)
