"""How much evidence is an alarm: a tail fitted to all series together, and a budget of false alarms in words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.anomalies.own_scales import TAIL_START, OwnScales
from tracetune.anomalies.rules import Evidence

Array = NDArray[np.float64]

FALSE_INCIDENTS_A_WEEK = 1.0
"""The default budget for the whole system: at most one false incident a week."""

SHARES = 8
"""Into so many equal shares the budget is parted: three rules of latency, two of more and two of fewer calls, errors."""

_LEAST_MINUTES = 500
_ROUNDS = 5
_MINUTES_PER_DAY = 1440
_APART_MINUTES = 10


def threshold(
    gathered: Float[Array, "series minute"],
    evidence: Evidence,
    *,
    false_incidents_a_week: float = FALSE_INCIDENTS_A_WEEK,
) -> float:
    """The evidence that clean minutes reach no more often than the budget allows, on the scale of ``gathered``.

    A generalised Pareto tail on the evidence of all series together. Its scale comes from the median excess and its rate
    from separate stretches, so that a few incidents among the minutes hardly move it; what is beyond the threshold, and near
    it, is left out and the tail fitted again, some rounds.

    Args:
        gathered: from ``rules.gather``; -inf where there was no evidence.
        evidence: the rule it was gathered by, whose bounds hold.
        false_incidents_a_week: of the whole system, all signals together.

    Source: Coles, An Introduction to Statistical Modeling of Extreme Values (2001), equation 4.13.
    """
    common, _ = _fitted(gathered, evidence, false_incidents_a_week, lambda calm: OwnScales.equal(len(calm)))
    return common


def thresholds_by_series(
    gathered: Float[Array, "series minute"],
    calls: Float[Array, " series"],
    evidence: Evidence,
    *,
    false_incidents_a_week: float = FALSE_INCIDENTS_A_WEEK,
) -> Float[Array, " series"]:
    """The same, by series: one tail still, because none alone has minutes enough to say what is reached once in months.

    But it is the tail of the evidence on each series' own scale, so that a noisy one does not raise the level of the others.

    Args:
        gathered: see ``threshold``.
        calls: a minute, by series.
        evidence: see ``threshold``.
        false_incidents_a_week: see ``threshold``.
    """
    level, scales = _fitted(gathered, evidence, false_incidents_a_week, lambda calm: OwnScales.of(calm, calls))
    return np.clip(level * scales.whole, evidence.least, evidence.most)


def _fitted(
    gathered: Array, evidence: Evidence, false_incidents_a_week: float, scales_of: Callable[[Array], OwnScales]
) -> tuple[float, OwnScales]:
    aside = 0.5 * (evidence.least + evidence.most)  # no calm minute of many gathers so much
    calm, least, scales = gathered, evidence.most, OwnScales.equal(len(gathered))
    for at in range(_ROUNDS):
        above = calm >= min(least, aside) * scales.whole[:, None]
        if at and not above.any():
            break  # every further round would find the same
        calm = np.where(_near(above), -np.inf, calm)
        scales = scales_of(calm)
        least = min(least, _fit(scales.divide(calm), false_incidents_a_week / 7.0 / SHARES, evidence.shape))
    return max(least, evidence.least), scales


def _near(above: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The minutes within _APART_MINUTES of these: the evidence of an incident rises and falls over some minutes."""
    total = np.cumsum(np.pad(above, ((0, 0), (_APART_MINUTES + 1, _APART_MINUTES))).astype(np.int64), axis=1)
    near: NDArray[np.bool_] = total[:, 2 * _APART_MINUTES + 1 :] > total[:, : -2 * _APART_MINUTES - 1]
    return near


def _fit(gathered: Float[Array, "series minute"], allowed_a_day: float, shape: float) -> float:
    """Infinite where there is too little evidence to fit, minus infinite where it never varies."""
    known = gathered[np.isfinite(gathered)]
    if len(known) < _LEAST_MINUTES:
        return np.inf
    start = float(np.quantile(known, TAIL_START))
    excess = known[known > start] - start
    if not len(excess):
        return -np.inf
    scale = float(np.median(excess)) * shape / (2.0**shape - 1.0)
    days = gathered.shape[1] / _MINUTES_PER_DAY
    ratio = max(_separate(gathered > start) / days / allowed_a_day, 1.0)
    return float(start + scale / shape * (ratio**shape - 1.0))


def _separate(above: NDArray[np.bool_]) -> int:
    """Stretches above the start of the tail, over all series; closer than _APART_MINUTES they are one."""
    count = 0
    for row in above:
        at = np.flatnonzero(row)
        count += int((np.diff(at) > _APART_MINUTES).sum()) + (len(at) > 0)
    return count
