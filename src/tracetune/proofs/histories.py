"""Models of short and of long history side by side, judged on the same later minutes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tracetune.anomalies.detect import Thresholds, calibrate, detect
from tracetune.anomalies.rules import QUICK
from tracetune.domain import words
from tracetune.domain.analysis import Ingested
from tracetune.domain.anomalies import Anomaly
from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import InvalidInput, NotEnoughData
from tracetune.forecasting.gate import pinball_loss
from tracetune.forecasting.learn import LEAST_MINUTES, Normal, study
from tracetune.pipeline import Report
from tracetune.proofs.inject import SLOW_KINDS, Slowdown, catches, eligible, slowed
from tracetune.proofs.replay import Teacher

Values = NDArray[np.float64]

JUDGED_SHARE, MOST_JUDGED_MINUTES, LEAST_JUDGED_MINUTES = 0.2, 1440, 60
ROUNDS = 4
"""Times that every operation is slowed down once within the judged minutes."""

LEAST_FACTOR, MOST_FACTOR = 1.5, 3.0
LEAST_LASTING, MOST_LASTING = 10, 30
AROUND_MINUTES = 15
"""An anomaly so close to a slowdown is its echo, not a false one."""

METRIC = Metric.LATENCY_P95
_UNITS = {"m": 1, "h": 60, "d": 1440}


@dataclass(frozen=True, slots=True)
class History:
    """One length of history, and how the models that had no more of it did.

    Attributes:
        loss: mean pinball loss of the p95's forecast over the mean p95, median over operations.
        coverage: share of the judged minutes inside the 98 % band.
        mase: mean absolute error of the median over that of the naive forecast of one minute ahead, median over operations.
        hits, trials: injected slowdowns that were found, and how many there were.
        others: anomalies where none was injected and that not every history sees: false ones, or what the others miss.
        threshold: the evidence that is an alarm, in standard deviations.
        speakers: how many operations each model speaks for.
        quantiles: (minute, quantile) of the drawn operation, in seconds.
    """

    name: str
    minutes: int
    loss: float
    coverage: float
    mase: float
    hits: int
    trials: int
    others: int
    threshold: float
    speakers: Mapping[str, int]
    quantiles: Values

    @property
    def f1(self) -> float:
        """Of the injected slowdowns: the harmonic mean of precision and recall."""
        return 2.0 * self.hits / max(self.trials + self.hits + self.others, 1)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Histories side by side.

    Attributes:
        cut, last: minutes since the Unix epoch; learned before ``cut``, judged in ``[cut, last)``.
        histories: as asked for, without those that there are no data for.
        too_long: sentences about these.
        drawn, observed: an operation that users call, and its p95 in each judged minute.
    """

    cut: int
    last: int
    histories: tuple[History, ...]
    too_long: tuple[str, ...]
    drawn: SeriesKey
    observed: Values


def parse(text: str) -> int:
    """A length of history in minutes.

    >>> parse("30m"), parse("24h"), parse("7d")
    (30, 1440, 10080)

    Raises:
        InvalidInput: it is not a whole number of m, h or d, or shorter than anything can be learned from.
    """
    found = re.fullmatch(r"(\d{1,6})([mhd])", text)
    minutes = int(found[1]) * _UNITS[found[2]] if found else 0
    if minutes < LEAST_MINUTES:
        raise InvalidInput(
            f"the history {text!r} is not a length of at least {LEAST_MINUTES} minutes", hint="write 30m, 24h or 7d"
        )
    return minutes


def compare(ingested: Ingested, names: Sequence[str], teacher: Teacher, report: Report) -> Comparison:
    """Learn from each of these lengths before the same minute, and judge the minutes after it by each.

    Raises:
        InvalidInput: a length that cannot be read.
        NotEnoughData: there are too few minutes to learn from any of them and to judge the rest.
    """
    wanted = {name: parse(name) for name in dict.fromkeys(names)}
    series = SeriesBatch.from_minutes(ingested.minutes)
    judged = min(int(JUDGED_SHARE * series.length), MOST_JUDGED_MINUTES)
    cut = series.length - judged
    fitting = {name: minutes for name, minutes in wanted.items() if minutes <= cut}
    too_long = tuple(
        f"{name} of history is longer than the {words.length(cut)} before the judged minutes, and was left out"
        for name in wanted
        if name not in fitting
    )
    if judged < LEAST_JUDGED_MINUTES or not fitting or not series.keys:
        raise NotEnoughData(
            f"{words.length(series.length)} of traces: "
            + (too_long[0] if too_long else "too few to learn and to judge"),
            hint=f"name a shorter history, or give {words.length(1.25 * max(min(wanted.values()), 240))} of traces",
        )
    graph = ServiceGraph.from_minutes(ingested.minutes)
    students = []
    for number, (name, minutes) in enumerate(fitting.items()):
        report("compare", number, len(fitting))
        students.append(_Student.taught(name, series.between(cut - minutes, series.length), minutes, graph, teacher))
    report("compare", len(fitting), len(fitting))
    real = _seen_by_all(students)
    trials = _trials(series, cut, real, teacher.seed)
    drawn = _most_seen(series)
    known = np.all([np.isfinite(each.band[:, :, MIDDLE]) for each in students], axis=0)
    seen = np.where(known, series[METRIC][:, cut:], np.nan)
    return Comparison(
        cut=series.start_minute + cut,
        last=series.start_minute + series.length,
        histories=tuple(each.judged(seen, trials, real, drawn) for each in students),
        too_long=too_long,
        drawn=series.keys[drawn],
        observed=series[METRIC][drawn, cut:],
    )


@dataclass(frozen=True, slots=True)
class _Student:
    """Models that saw so much history, with what they expect of the judged minutes, (series, minute, quantile)."""

    name: str
    minutes: int
    series: SeriesBatch  # from the beginning of its history to the end of the judged minutes
    graph: ServiceGraph
    normal: Normal
    thresholds: Thresholds
    band: Values
    speakers: Mapping[str, int]
    found: tuple[Anomaly, ...]  # where nothing was injected

    @classmethod
    def taught(cls, name: str, series: SeriesBatch, minutes: int, graph: ServiceGraph, teacher: Teacher) -> _Student:
        normal, past = study(
            series.between(0, minutes), estimators=teacher.candidates, seed=teacher.seed, horizon_minutes=0
        )
        thresholds = calibrate(past, false_incidents_a_week=teacher.false_incidents_per_week)
        learned = normal.expect(series, horizon_minutes=0)
        forecast = learned.forecasts[METRIC]
        models = [verdict.model for verdict in forecast.verdicts]
        speakers = {model: models.count(model) for model in dict.fromkeys(models)}
        found = detect(learned, graph=graph, thresholds=thresholds)
        return cls(name, minutes, series, graph, normal, thresholds, forecast.values[:, minutes:], speakers, found)

    def judged(
        self, seen: Values, trials: Sequence[Sequence[Slowdown]], real: Sequence[Anomaly], drawn: int
    ) -> History:
        lower, middle, upper = (self.band[:, :, at] for at in (LOWER, MIDDLE, UPPER))
        with np.errstate(invalid="ignore"):
            inside = (seen >= lower) & (seen <= upper)
        counted = np.isfinite(seen)
        naive = _mean(np.abs(np.diff(seen, axis=1)))
        hits, others = self._counted(trials, real)
        return History(
            name=self.name,
            minutes=self.minutes,
            loss=float(np.nanmedian(_mean(pinball_loss(seen, self.band)) / _mean(seen))),
            coverage=float(inside[counted].mean()) if counted.any() else np.nan,
            mase=float(np.nanmedian(_mean(np.abs(seen - middle)) / naive)),
            hits=hits,
            trials=sum(map(len, trials)),
            others=others,
            threshold=self.thresholds.common["latency", QUICK],
            speakers=self.speakers,
            quantiles=self.band[drawn],
        )

    def _counted(self, trials: Sequence[Sequence[Slowdown]], real: Sequence[Anomaly]) -> tuple[int, int]:
        """How many of the slowdowns are found, and how many anomalies are neither one of them nor real."""
        hits = others = 0
        for slowdowns in trials:
            moved = [
                replace(each, first=each.first + self.minutes, last=each.last + self.minutes) for each in slowdowns
            ]
            learned = self.normal.expect(slowed(self.series, moved), horizon_minutes=0)
            found = [
                each
                for each in detect(learned, graph=self.graph, thresholds=self.thresholds)
                if each.kind in SLOW_KINDS
            ]
            hits += sum(each.row in catches(found, self.series, each.first, each.last) for each in moved)
            near = [replace(e, first=e.first - AROUND_MINUTES, last=e.last + AROUND_MINUTES) for e in moved]
            for anomaly in found:
                row = self.series.keys.index(anomaly.key)
                echo = any(row in catches([anomaly], self.series, e.first, e.last) for e in near if e.row == row)
                late = catches([anomaly], self.series, self.minutes, self.series.length)
                others += bool(late) and not echo and not any(_same(anomaly, each) for each in real)
        return hits, others


def _seen_by_all(students: Sequence[_Student]) -> list[Anomaly]:
    """What every student finds where nothing was injected: it is taken as real, and held against nobody."""
    first, *others = (each.found for each in students)
    return [one for one in first if all(any(_same(one, another) for another in found) for found in others)]


def _same(one: Anomaly, another: Anomaly) -> bool:
    """Whether both are about one operation and, nearly, the same minutes."""
    before = another.end is not None and one.onset > another.end + AROUND_MINUTES
    after = one.end is not None and another.onset > one.end + AROUND_MINUTES
    return one.key == another.key and not before and not after


def _trials(series: SeriesBatch, cut: int, real: Sequence[Anomaly], seed: int) -> list[list[Slowdown]]:
    """Slowdowns at positions after the cut, each operation once a round, the same for every history."""
    rng = np.random.default_rng(seed)
    judged = series.length - cut
    rounds = []
    for _ in range(ROUNDS):
        slowdowns = []
        for row in range(len(series.keys)):
            lasting = int(rng.integers(LEAST_LASTING, MOST_LASTING + 1))
            first = int(rng.integers(0, judged - lasting))
            factor = float(np.exp(rng.uniform(np.log(LEAST_FACTOR), np.log(MOST_FACTOR))))
            if eligible(series, real, cut + first, cut + first + lasting)[row]:
                slowdowns.append(Slowdown(row, first, first + lasting, factor))
        rounds.append(slowdowns)
    return rounds


def _most_seen(series: SeriesBatch) -> int:
    """The operation with the most calls of those that users call."""
    return int(np.argmax(np.nansum(series[Metric.CALLS], axis=1) * (series.root_share + 1e-9)))


def _mean(values: Values) -> Values:
    """Mean over the minutes that are known; NaN where none is."""
    count = np.isfinite(values).sum(axis=1)
    return np.where(count > 0, np.nansum(values, axis=1) / np.maximum(count, 1), np.nan)
