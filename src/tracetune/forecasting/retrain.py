"""When to learn again, and why: by the clock, on drift, after too little history; decided from facts alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tracetune.domain.analysis import Learned
from tracetune.domain.forecasts import LOWER, UPPER
from tracetune.domain.series import SeriesBatch
from tracetune.forecasting.gate import excursions
from tracetune.forecasting.learn import LEAST_MINUTES, LEAST_MINUTES_TO_COMPETE, MINUTES_PER_DAY

EVERY_MINUTES = 1440
"""Once a day, when there is a day: the newest day is the most like tomorrow."""

AT_MINUTES = (LEAST_MINUTES, 60, 120, LEAST_MINUTES_TO_COMPETE, 720, MINUTES_PER_DAY, 2 * MINUTES_PER_DAY)
"""Ages of the history at which more can be learned than before: more models compete, the network is tuned, the day is known."""

PROMISED, LEAST_COVERAGE = 0.98, 0.93
"""A band that promises the first and covers less than the second of the last hours' ordinary minutes no longer fits."""

DRIFT_MINUTES = 180
LEAST_DRIFT_MINUTES = 2000
"""Coverage is judged over so many minutes, of all series together, with at least so many values."""

NEW_SERIES_SHARE = 0.2
"""Learn again when so many of the series were not there when the models learned."""

COOL_DOWN_MINUTES = 120
"""Drift and new series trigger no more often: what an hour ago did not help will not help now."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the decision is made from.

    Attributes:
        history_minutes: how much history there is to learn from now.
        learned_minutes: how much there was when the models learned last; 0 where there are none.
        since_minutes: since then.
        coverage: share of the last DRIFT_MINUTES' ordinary minutes inside the band, all series together; NaN where too
            few were seen.
        new_series_share: of the present series, those the models do not know.
    """

    history_minutes: int
    learned_minutes: int = 0
    since_minutes: int = 0
    coverage: float = float("nan")
    new_series_share: float = 0.0


def reason_to_retrain(facts: Facts) -> str:
    """Why to learn again now, as a clause for people; "" where there is no reason.

    Releases and changed levels are no reason: the followed models move by themselves within minutes.
    """
    if facts.history_minutes < LEAST_MINUTES:
        return ""
    if not facts.learned_minutes:
        return "nothing was learned yet"
    reached = [each for each in AT_MINUTES if facts.learned_minutes < each <= facts.history_minutes]
    if reached:
        return f"there are {_hours(reached[-1])} of history now, and more can be learned from them"
    if facts.since_minutes >= EVERY_MINUTES:
        return "the last training is a day old"
    return _change(facts) if facts.since_minutes >= COOL_DOWN_MINUTES else ""


def _change(facts: Facts) -> str:
    if facts.coverage < LEAST_COVERAGE:
        held = f"the bands held {100.0 * facts.coverage:.0f} % of the last hours, not {100.0 * PROMISED:.0f} %"
        return f"{held}: what is normal has drifted"
    if facts.new_series_share >= NEW_SERIES_SHARE:
        return f"{100.0 * facts.new_series_share:.0f} % of the operations are new"
    return ""


def coverage(learned: Learned, minutes: int = DRIFT_MINUTES) -> float:
    """Share of the newest minutes inside the latency bands, excursions apart; NaN where fewer than LEAST_DRIFT_MINUTES.

    Excursions are incidents, and are reported as such; a band that is left by chance and everywhere is drift.
    """
    inside, counted = 0, 0
    series: SeriesBatch = learned.series
    for metric, forecast in learned.forecasts.items():
        first = max(series.length - minutes, 0)
        seen, bands = series[metric][:, first:], forecast.values[:, first : series.length]
        known = np.isfinite(seen) & np.isfinite(bands[:, :, LOWER]) & ~excursions(seen, bands)
        held = (seen >= bands[:, :, LOWER]) & (seen <= bands[:, :, UPPER]) & known
        inside, counted = inside + int(held.sum()), counted + int(known.sum())
    return inside / counted if counted >= LEAST_DRIFT_MINUTES else float("nan")


def _hours(minutes: int) -> str:
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
