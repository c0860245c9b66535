"""Scores of latency and calls, and the evidence that each rule gathers from them, with the thresholds it must reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from tracetune.anomalies.rules import (
    CALLS,
    LASTING,
    QUICK,
    URGENT,
    Episode,
    Evidence,
    episodes,
    gather,
    gather_lasting,
    united,
)
from tracetune.anomalies.scores import with_enough_calls
from tracetune.anomalies.seen import Seen
from tracetune.anomalies.thresholds import threshold, thresholds_by_series
from tracetune.domain.anomalies import AnomalyKind
from tracetune.domain.series import Metric, SeriesKey

Array = NDArray[np.float64]

LATENCIES = (Metric.LATENCY_P50, Metric.LATENCY_P95)
LATENCY = "latency"

RULES = {LATENCY: (URGENT, QUICK, LASTING)}
"""Calls have no LASTING rule: what goes on for twenty minutes with a small change of calls is the time of day."""

LEAST_CALLS_FOR_URGENT = 10
"""Two minutes of fewer calls are no evidence, however slow."""

QUIET_CALLS = 10.0
"""Operations with fewer calls a minute are judged by both quantiles together over the minutes of LASTING …"""

QUIET_FACTOR = 1.25
"""… whose sum then scatters less: measured, it may count for so much more at equal false alarms."""

WAITING_SECONDS, WAITING_OWN_SHARE = 2.0, 0.9
"""Calls that usually last this long, and nearly all of it in the operation itself, wait by design: long polls, streams."""

Rule = tuple[str, Evidence]
"""Of which signal, and which of its rules."""

Levels = Mapping[Rule, Float[Array, " series"]]
"""How much evidence is an alarm, for the series that are looked at."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How much evidence is an alarm, as calibrated.

    Attributes:
        common: for a series that was not there: it may be as noisy as any.
        own: for those that were; of latency only, because calls are counted and their noise is known.
        row: the place of each of them in ``own``.
    """

    common: Mapping[Rule, float]
    own: Levels
    row: Mapping[SeriesKey, int]

    def of(self, keys: Sequence[SeriesKey]) -> Levels:
        """The levels for these series, in their order."""
        place = np.array([self.row.get(key, -1) for key in keys], np.int64)
        levels = {}
        for rule, common in self.common.items():
            own = np.append(self.own.get(rule, np.full(len(self.row), common)), common)  # -1 takes the last
            levels[rule] = own[place]
        return levels


@dataclass(frozen=True, slots=True)
class Signals:
    """The scores on the observed minutes.

    Attributes:
        keys: of the series, in their order.
        calls: in each minute; NaN where nothing is known.
        by_latency: of each of LATENCIES, where there are calls enough.
        departed: of both together, whatever the number of calls.
        scores: by signal: LATENCY for both latencies together, else the kind of the anomaly of the calls.
        gathered: by signal and rule.
    """

    keys: tuple[SeriesKey, ...]
    calls: Float[Array, "series minute"]

    by_latency: Float[Array, "metric series minute"]
    departed: Float[Array, "series minute"]
    scores: dict[str, Float[Array, "series minute"]]
    gathered: dict[tuple[str, Evidence], Float[Array, "series minute"]]

    @classmethod
    def of(cls, seen: Seen) -> Signals:
        """What these minutes say."""
        calls = seen.metrics[Metric.CALLS]
        waits = waiting_by_design(seen)[:, None]
        raw = np.stack([np.where(waits, np.nan, seen.departure(metric)) for metric in LATENCIES])
        by_latency = np.stack([with_enough_calls(each, calls) for each in raw])
        of_calls = seen.departure(Metric.CALLS)
        scores: dict[str, Array] = {
            LATENCY: np.fmax(by_latency[0], by_latency[1]),
            AnomalyKind.SURGE: of_calls,
            AnomalyKind.DROP: -of_calls,
        }
        gathered = {
            (name, rule): gather(_enough_for(rule, values, calls), rule)
            for name, values in scores.items()
            for rule in RULES.get(name, (URGENT, CALLS))
            if rule is not LASTING
        }
        gathered[LATENCY, LASTING] = _lasting(raw, calls)
        return cls(seen.series.keys, calls, by_latency, np.fmax(raw[0], raw[1]), scores, gathered)

    def thresholds(self, budget: float) -> Thresholds:
        """What each rule must reach for so many false incidents a week."""
        common = {
            (name, rule): threshold(evidence, rule, false_incidents_a_week=budget)
            for (name, rule), evidence in self.gathered.items()
        }
        calls = _rate(self.calls)
        own = {
            (name, rule): thresholds_by_series(evidence, calls, rule, false_incidents_a_week=budget)
            for (name, rule), evidence in self.gathered.items()
            if name == LATENCY
        }
        return Thresholds(common, own, {key: row for row, key in enumerate(self.keys)})

    def episodes(self, signal: str, levels: Levels) -> list[Episode]:
        """Every stretch that some rule of the signal found, once."""
        found: list[Episode] = []
        for (name, rule), evidence in self.gathered.items():
            if name == signal:
                scores = self.departed if rule is LASTING else self.scores[name]
                found += episodes(scores, evidence, levels[name, rule], rule)
        return united(found)

    def score(self, signal: str, levels: Levels) -> Float[Array, "series minute"]:
        """The evidence of each minute over its threshold, the largest of all rules: above 1 is anomalous."""
        parts = [
            evidence / levels[name, rule][:, None] for (name, rule), evidence in self.gathered.items() if name == signal
        ]
        largest: Array = np.max(np.stack(parts), axis=0)
        return largest


def waiting_by_design(seen: Seen) -> Bool[NDArray[np.bool_], " series"]:
    """Operations whose calls are meant to wait, and those that mostly wait for one of them.

    Their duration says when something happened, not how long work took; calls and errors are judged as of any other.
    """
    usual = _median(seen.metrics[Metric.LATENCY_P50])
    own = _median(seen.metrics[Metric.SELF_TIME_P50])
    with np.errstate(invalid="ignore"):
        long = usual >= WAITING_SECONDS
        waits = long & (own >= WAITING_OWN_SHARE * usual)
        beside = np.abs(usual[:, None] / usual[waits][None, :] - 1.0) <= 1.0 - WAITING_OWN_SHARE
    found: NDArray[np.bool_] = waits | (long & beside.any(axis=1))
    return found


def _median(values: Float[Array, "series minute"]) -> Float[Array, " series"]:
    usual = np.full(len(values), np.nan)
    known = np.isfinite(values).any(axis=1)
    usual[known] = np.nanmedian(values[known], axis=1)
    return usual


def _enough_for(rule: Evidence, scores: Array, calls: Array) -> Array:
    return np.where(np.nan_to_num(calls) >= LEAST_CALLS_FOR_URGENT, scores, np.nan) if rule is URGENT else scores


def _lasting(raw: Float[Array, "metric series minute"], calls: Float[Array, "series minute"]) -> Array:
    """Of the median; of quiet operations the mean of both latencies, which have little in common there."""
    quiet = (_rate(calls) < QUIET_CALLS)[:, None]
    together = gather_lasting(0.5 * (raw[0] + raw[1]), calls)
    return np.where(quiet, QUIET_FACTOR * together, gather_lasting(raw[0], calls))


def _rate(calls: Float[Array, "series minute"]) -> Float[Array, " series"]:
    """Calls a minute."""
    seen = np.isfinite(calls).any(axis=1)
    rate = np.zeros(len(calls))
    rate[seen] = np.nanmean(calls[seen], axis=1)
    return rate
