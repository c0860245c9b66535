"""What the calibration is for: real false alarms by budget with it, with other ways to set thresholds, and without one.

All of them judge the same evidence of the same model. Thresholds come from the minutes before the judged ones, as in the
product; without a calibration they are what a normal distribution would promise for the same budget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import comb
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from quality.events import MINUTES_PER_DAY, Truth, outcome
from tracetune.anomalies.rules import Evidence
from tracetune.anomalies.signals import LATENCY, Signals
from tracetune.anomalies.thresholds import SHARES, threshold

Array = NDArray[np.float64]

BUDGETS = (0.02, 0.05, 0.1, 0.2, 0.5)
"""False alarms a series-day that are allowed."""


def calibrations(signals: Signals, minutes: int, truth: Truth) -> dict[str, dict[str, dict[str, float]]]:
    """By way of calibrating and budget: real false alarms a series-day, and recall.

    Args:
        signals: of the minutes to calibrate on and those to judge, one after the other.
        minutes: so many are to calibrate on.
        truth: of the others.
    """
    past = before(signals, minutes)

    def of_product(gathered: Array, rule: Evidence, budget: float) -> Array:
        levels: Array = past.thresholds(7.0 * budget * len(gathered)).of(past.keys)[LATENCY, rule]
        return levels

    ways: Mapping[str, Callable[[Array, Evidence, float], Array]] = {
        "one tail, a scale for each series": of_product,
        "one tail for all series": _pooled,
        "a tail for each series": _alone,
        "highest evidence of the past": _empirical,
        "none: a normal distribution": _normal,
    }
    return {
        way: {str(budget): _judged(signals, minutes, truth, levels, budget) for budget in BUDGETS}
        for way, levels in ways.items()
    }


def before(signals: Signals, minutes: int) -> Signals:
    """Only the evidence of the first minutes."""
    gathered = {rule: each[:, :minutes] for rule, each in signals.gathered.items()}
    return replace(signals, gathered=gathered, calls=signals.calls[:, :minutes])


def _judged(
    signals: Signals,
    minutes: int,
    truth: Truth,
    levels: Callable[[Array, Evidence, float], Array],
    budget: float,
) -> dict[str, float]:
    parts = [
        gathered[:, minutes:] / levels(gathered[:, :minutes], rule, budget)[:, None]
        for (name, rule), gathered in signals.gathered.items()
        if name == LATENCY
    ]
    reached = outcome(np.max(np.stack(parts), axis=0), truth, 1.0)
    return {"false alarms a series-day": reached.false_a_day, "recall": reached.recall}


def _pooled(gathered: Array, rule: Evidence, budget: float) -> Array:
    count = len(gathered)
    return np.full(count, threshold(gathered, rule, false_incidents_a_week=7.0 * budget * count))


def _alone(gathered: Array, rule: Evidence, budget: float) -> Array:
    return np.array([threshold(row[None, :], rule, false_incidents_a_week=7.0 * budget) for row in gathered])


def _empirical(gathered: Array, rule: Evidence, budget: float) -> Array:
    """The level that was exceeded in as many separate stretches as the budget allows, all series together."""
    allowed = budget / SHARES * gathered.size / MINUTES_PER_DAY
    peaks = np.sort([block.max() for row in gathered for block in np.array_split(row, max(len(row) // 30, 1))])[::-1]
    return np.full(len(gathered), max(float(peaks[min(int(allowed), len(peaks) - 1)]), rule.least))


def _normal(gathered: Array, rule: Evidence, budget: float) -> Array:
    """The sigmas of a single minute that a normal distribution exceeds so rarely; evidence of several exceeds less still."""
    chance = budget / SHARES / MINUTES_PER_DAY
    needed, of = (rule.needed, rule.minutes) if rule.needed else (1, 1)
    return np.full(len(gathered), _at_least(needed, of, chance))


def _at_least(needed: int, of: int, chance: float) -> float:
    """The level that ``needed`` of ``of`` independent normal minutes all exceed with this chance."""
    low, high = 0.0, 8.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        one = 1.0 - NormalDist().cdf(middle)
        total = sum(_binomial(of, k, one) for k in range(needed, of + 1))
        low, high = (middle, high) if total > chance else (low, middle)
    return high


def _binomial(of: int, successes: int, one: float) -> float:
    return comb(of, successes) * one**successes * (1.0 - one) ** (of - successes)
