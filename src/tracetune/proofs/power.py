"""Power: the smallest slowdown of each operation that would have been caught in its own history, and how fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from tracetune.anomalies.detect import Thresholds, calibrate, detect
from tracetune.domain import words
from tracetune.domain.analysis import Ingested
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import InvalidInput, NotEnoughData
from tracetune.forecasting.learn import LEAST_MINUTES, Normal, study
from tracetune.pipeline import Report
from tracetune.proofs.inject import Slowdown, catches, eligible, slowed
from tracetune.proofs.replay import Teacher

FACTORS = (1.25, 1.5, 2.0, 3.0, 5.0)
TRIALS = 8
LASTING_MINUTES = 20
AFTER_MINUTES = 5
"""So long after its end a slowdown may still be noticed: evidence is gathered over some minutes."""

RELIABLY = 0.8
"""Caught in so many of the trials, it and all larger ones, a size is said to be caught."""

LOOK_BACK_MINUTES = 3 * 1440
"""The models follow so much before each trial; from three days on their state no longer depends on the beginning."""

_RULE_MINUTES = 60  # evidence is gathered over 20 minutes at most


@dataclass(frozen=True, slots=True)
class Caught:
    """How often one size was caught.

    Attributes:
        factor: 2 is twice as slow.
        delays: of the trials that were caught, minutes from the start of the slowdown.
        trials: how many there were; fewer than asked for where the operation was quiet or something real happened.
    """

    factor: float
    delays: tuple[int, ...]
    trials: int

    @property
    def is_reliable(self) -> bool:
        """Whether enough of the trials were caught."""
        return self.trials > 0 and len(self.delays) >= RELIABLY * self.trials


@dataclass(frozen=True, slots=True)
class OperationPower:
    """One operation, or a whole service: what is caught of it, sizes ascending.

    Attributes:
        key: with "" as the operation of a service as a whole, which is caught with any of its operations.
        calls_a_minute: the median.
    """

    key: SeriesKey
    calls_a_minute: float
    caught: tuple[Caught, ...]

    @property
    def smallest(self) -> Caught | None:
        """The smallest size that is caught reliably together with all larger ones; None where there is none."""
        found: Caught | None = None
        for each in reversed(self.caught):
            if not each.is_reliable:
                break
            found = each
        return found


@dataclass(frozen=True, slots=True)
class Power:
    """What would have been caught.

    Attributes:
        first, cut, last: minutes since the Unix epoch: learned from ``[first, cut)``, slowed down in ``[cut, last)``.
        starts: the minutes at which slowdowns began.
        operations, services: the smallest slowdown that is caught first; those where none is last.
    """

    first: int
    cut: int
    last: int
    lasting_minutes: int
    starts: tuple[int, ...]
    operations: tuple[OperationPower, ...]
    services: tuple[OperationPower, ...]


Trials = dict[tuple[int, float, int], int | None]
"""By row, size and start: the minutes until it was caught, None where it was not."""


def power(
    ingested: Ingested,
    teacher: Teacher,
    *,
    factors: Sequence[float] = FACTORS,
    trials: int = TRIALS,
    lasting_minutes: int = LASTING_MINUTES,
    report: Report,
) -> Power:
    """Slow operations down at random minutes of the second half, by models that learned from the first.

    All operations are slowed down in the same minutes, each on its own: no model and no score of one looks at the latency
    of another, so a trial of one is not disturbed by the others'. Callers do not follow; that they would only helps.

    Raises:
        InvalidInput: a size, a length or a number of trials that cannot be used.
        NotEnoughData: the second half has no room for a trial.
    """
    sizes = _checked(factors, trials, lasting_minutes)
    series = SeriesBatch.from_minutes(ingested.minutes)
    cut = series.length // 2
    room = range(cut, series.length - lasting_minutes - AFTER_MINUTES)
    if cut < LEAST_MINUTES or not room or not series.keys:
        raise NotEnoughData(
            f"{words.number_of(series.length, 'minute')} of history leave no room to learn and to try",
            hint=f"give at least {2 * (lasting_minutes + AFTER_MINUTES + LEAST_MINUTES)} minutes; a day tells something",
        )
    normal, past = study(series.between(0, cut), estimators=teacher.candidates, seed=teacher.seed, horizon_minutes=0)
    thresholds = calibrate(past, false_incidents_a_week=teacher.false_incidents_per_week)
    graph = ServiceGraph.from_minutes(ingested.minutes)
    judge = _Judge(normal, graph, thresholds)
    real = detect(normal.expect(series, horizon_minutes=0), graph=graph, thresholds=thresholds)
    starts = np.random.default_rng(teacher.seed).choice(np.array(room), min(trials, len(room)), replace=False)
    tried: Trials = {}
    for number, start in enumerate(sorted(starts.tolist())):
        rows = np.flatnonzero(eligible(series, real, start, start + lasting_minutes)).tolist()
        for at, factor in enumerate(sizes):
            report("try", number * len(sizes) + at, len(starts) * len(sizes))
            trial = [Slowdown(row, start, start + lasting_minutes, factor) for row in rows]
            caught = _delays(series, judge, trial)
            tried |= {(row, factor, start): caught.get(row) for row in rows}
    report("try", len(starts) * len(sizes), len(starts) * len(sizes))
    begin = series.start_minute
    by_key = {key: [row] for row, key in enumerate(series.keys)}
    by_service: dict[SeriesKey, list[int]] = {}
    for row, key in enumerate(series.keys):
        by_service.setdefault(SeriesKey(key.service_name, ""), []).append(row)
    calls = series[Metric.CALLS][:, cut:]
    return Power(
        first=begin,
        cut=begin + cut,
        last=begin + series.length,
        lasting_minutes=lasting_minutes,
        starts=tuple(begin + each for each in sorted(starts.tolist())),
        operations=_counted(by_key, tried, sizes, calls),
        services=_counted(by_service, tried, sizes, calls),
    )


def _counted(
    groups: Mapping[SeriesKey, Sequence[int]], tried: Trials, sizes: Sequence[float], calls: NDArray[np.float64]
) -> tuple[OperationPower, ...]:
    """What was caught of each group of rows; a group is caught when the first of its rows is."""
    found = []
    for key, rows in groups.items():
        by_size: dict[float, dict[int, list[int]]] = {size: {} for size in sizes}
        for (row, size, start), delay in tried.items():
            if row in rows:
                by_size[size].setdefault(start, []).extend([] if delay is None else [delay])
        caught = tuple(
            Caught(size, tuple(min(delays) for delays in by_start.values() if delays), len(by_start))
            for size, by_start in by_size.items()
        )
        together = np.nansum(calls[list(rows)], axis=0)
        found.append(OperationPower(key, float(np.median(together)), caught))
    return tuple(sorted(found, key=_easiest_first))


def _checked(factors: Sequence[float], trials: int, lasting_minutes: int) -> tuple[float, ...]:
    if not factors or min(factors) <= 1.0:
        raise InvalidInput("a slowdown is a factor above 1", hint="give sizes as --size 1.5 --size 2")
    if trials < 1 or lasting_minutes < 1:
        raise InvalidInput("there must be a trial, of a minute at least", hint="give --trials and --minutes above 0")
    return tuple(sorted(set(factors)))


@dataclass(frozen=True, slots=True)
class _Judge:
    """What was learned, and how it judges."""

    normal: Normal
    graph: ServiceGraph
    thresholds: Thresholds


def _delays(series: SeriesBatch, judge: _Judge, trial: Sequence[Slowdown]) -> dict[int, int]:
    """For each row that is caught, the minutes from the start until it is, looking at each minute as it comes."""
    if not trial:
        return {}
    start, end = trial[0].first, trial[0].last + AFTER_MINUTES
    first = max(start - LOOK_BACK_MINUTES, 0)
    learned = judge.normal.expect(slowed(series, trial).between(first, end), horizon_minutes=0)
    waiting = {each.row for each in trial}
    found: dict[int, int] = {}
    for minute in range(start + 1, end + 1):
        then = learned.between(max(start - first - _RULE_MINUTES, 0), minute - first)
        begun = start + series.start_minute - then.series.start_minute
        for row in (
            catches(detect(then, graph=judge.graph, thresholds=judge.thresholds), then.series, begun, end) & waiting
        ):
            found[row] = minute - start
            waiting.discard(row)
        if not waiting:
            break
    return found


def _easiest_first(each: OperationPower) -> tuple[float, float, SeriesKey]:
    smallest = each.smallest
    return (smallest.factor if smallest else np.inf, median(smallest.delays) if smallest else np.inf, each.key)
