"""Whether users asked for more than expected, and whether slowness follows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tracetune.causes.case import Case, Minutes
from tracetune.causes.compare import Decomposition, minute_means
from tracetune.causes.sums import only, within
from tracetune.domain import words
from tracetune.domain.forecasts import MIDDLE, UPPER
from tracetune.domain.minutes import histograms
from tracetune.domain.series import Metric, SeriesKey, Values

SURGE = 1.3
"""Less growth than this is the everyday movement of traffic."""

DRAIN_MINUTES = 3
"""How long after a busy minute its queue may still be felt."""

QUICK = 0.05
"""The fastest twentieth of calls: whoever met no queue. It stays as it was when calls wait, and moves when they work."""


@dataclass(frozen=True, slots=True)
class Load:
    """Calls a minute of some entry operations together.

    Attributes:
        expected, upper: what the forecast gave, else the usual minutes; ``source`` says which of both.
    """

    now: float
    expected: float
    upper: float
    source: str

    @property
    def ratio(self) -> float:
        """Now against expected; infinite where nothing was expected."""
        return self.now / self.expected if self.expected > 0 else float("inf" if self.now > 0 else "nan")

    @property
    def factor(self) -> str:
        """The ratio as people read it."""
        return words.times(self.ratio) if self.expected > 0 else "new"

    @property
    def is_surge(self) -> bool:
        """Whether it is clearly more than expected."""
        return self.ratio >= SURGE and self.now > self.upper


def load(case: Case, keys: Sequence[SeriesKey]) -> Load | None:
    """The calls of these operations together during the incident; None where no series tells.

    Where the forecast speaks for them, its median and upper bound of the same minutes are what was expected; unless it
    is far above the minutes before, for then it has followed the surge that it should be compared with.
    """
    series = case.learned.series
    wanted = set(keys)
    rows = [row for row, key in enumerate(series.keys) if key in wanted]
    if not rows:
        return None
    calls = _calls(case, keys)
    now = float(np.nanmedian(calls[case.now - series.start_minute]))
    before = calls[case.usual - series.start_minute]
    usual = Load(now, float(np.nanmedian(before)), float(np.nanquantile(before, 0.98)), "usual")
    forecast = _forecast(case, rows)
    if forecast is None:
        return usual
    expected = Load(now, float(np.nanmedian(forecast[:, 0])), float(np.nanmedian(forecast[:, 1])), "expected")
    return usual if expected.expected > SURGE * usual.expected else expected


def is_slow_at_usual_load(
    case: Case, decomposition: Decomposition, keys: Sequence[SeriesKey], upper: float
) -> bool | None:
    """Whether minutes of the incident were slow though these operations had no more calls than ``upper``.

    None where there were too few such minutes; those just after a busy one do not count, because a queue takes time to
    drain. If they were slow, load alone does not explain it.
    """
    busy = _calls(case, keys) > upper  # (minute,) of the whole series
    draining = np.convolve(busy, np.ones(DRAIN_MINUTES + 1))[: len(busy)] > 0
    calm = case.now[~draining[case.now - case.learned.series.start_minute]]
    means = minute_means(case, decomposition.entry, calm)
    if np.count_nonzero(~np.isnan(means)) < 3:
        return None
    return bool(np.nanmedian(means) > decomposition.usual_seconds + 0.5 * decomposition.rise)


def _calls(case: Case, keys: Sequence[SeriesKey]) -> Values:
    """The calls of these operations together in each minute of the series, (minute,)."""
    series = case.learned.series
    wanted = set(keys)
    rows = [row for row, key in enumerate(series.keys) if key in wanted]
    total: Values = series[Metric.CALLS][rows].sum(axis=0)
    return total


def minutes_that_served_as_much(
    case: Case, decomposition: Decomposition, keys: Sequence[SeriesKey], calls: float
) -> int:
    """How many minutes outside the incident had (nearly) as many calls and were not slow; 0 unless most were not."""
    busy = np.flatnonzero(_calls(case, keys) >= 0.9 * calls) + case.learned.series.start_minute
    outside = busy[~np.isin(busy, case.now)].astype(np.int64)
    means = minute_means(case, decomposition.entry, outside)
    seen = means[~np.isnan(means)]
    quick = np.count_nonzero(seen <= decomposition.usual_seconds + 0.3 * decomposition.rise)
    return int(quick) if quick >= 5 and quick >= 0.7 * len(seen) else 0


def quickest_seconds(case: Case, service_name: str) -> tuple[float, float]:
    """The own time that the fastest twentieth of a service's entry calls took, (usual, now) in seconds; NaN without."""
    of_service = only(case.minutes.operations, service_name=service_name)
    own = of_service.filter(of_service["is_entry"])
    return _quickest(own, case.usual), _quickest(own, case.now)


def _quickest(own: object, minutes: Minutes) -> float:
    table = within(own, minutes)
    rows = np.zeros(len(table), np.int64)
    return float(histograms(table, "self_time").add_up(rows, 1).quantile(QUICK)[0]) if len(table) else float("nan")


def _forecast(case: Case, rows: Sequence[int]) -> Values | None:
    """Expected calls and their upper bound in each minute of the incident, (minute, 2); None where a series has none."""
    found = case.learned.forecasts.get(Metric.CALLS)
    keys = [case.learned.series.keys[row] for row in rows]
    if found is None or not set(keys) <= set(found.keys):
        return None
    chosen = [found.keys.index(key) for key in keys]
    columns = case.now - found.start_minute
    columns = columns[(columns >= 0) & (columns < found.values.shape[1])]
    values = found.values[chosen][:, columns][..., [MIDDLE, UPPER]].sum(axis=0)
    return values if len(values) and not np.isnan(values).all() else None
