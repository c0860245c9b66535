"""More errors than chance allows: exact binomial bounds against each operation's own slow base rate."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.anomalies.scores import binomial_tail

Array = NDArray[np.float64]

HALF_LIFE_MINUTES = 360.0
"""The base rate forgets half in six hours: slow enough for a whole incident, quick enough for a new release."""

GAP_MINUTES = 15
"""The newest minutes do not enter the base rate of the present one."""

LEAST_BASE_CALLS = 100.0
"""The base rate of fewer calls is unknown; until then nothing is scored."""

CLIP_SIGMAS = 3.0

PRIOR_ERRORS, PRIOR_CALLS = 0.5, 100.0
"""Half an error in a hundred calls beforehand: an operation that never failed may fail once."""


def base_ratio(
    errors: Float[Array, "series minute"], calls: Float[Array, "series minute"]
) -> Float[Array, "series minute"]:
    """The error ratio to expect of each minute, from those more than GAP_MINUTES before it; NaN until enough is known.

    A minute adds no more errors than expectation and CLIP_SIGMAS allow, so that an incident is not learned as normal.
    """
    keep = 0.5 ** (1.0 / HALF_LIFE_MINUTES)
    failed, total = np.full(len(calls), PRIOR_ERRORS), np.full(len(calls), PRIOR_CALLS)
    ratio = np.full_like(calls, np.nan)
    for minute in range(calls.shape[1] - GAP_MINUTES):
        seen, known = np.nan_to_num(calls[:, minute]), np.nan_to_num(errors[:, minute])
        expected = failed / total
        most = seen * expected + CLIP_SIGMAS * np.sqrt(seen * expected * (1.0 - expected)) + 1.0
        failed = keep * failed + (1.0 - keep) * PRIOR_ERRORS + np.minimum(known, most)
        total = keep * total + (1.0 - keep) * PRIOR_CALLS + seen
        ratio[:, minute + GAP_MINUTES] = np.where(total >= PRIOR_CALLS + LEAST_BASE_CALLS, failed / total, np.nan)
    return ratio


def error_surprise(
    errors: Float[Array, "series minute"], calls: Float[Array, "series minute"], ratio: Float[Array, "series minute"]
) -> Float[Array, "series minute"]:
    """Decimal places of the chance of so many errors: 4 is one in ten thousand; NaN without calls or a base rate."""
    surprise = np.full_like(calls, np.nan)
    usable = np.isfinite(ratio) & (np.nan_to_num(calls) > 0)
    tail = binomial_tail(errors[usable], calls[usable], ratio[usable])
    surprise[usable] = -np.log10(np.maximum(tail, 1e-300))
    return surprise
