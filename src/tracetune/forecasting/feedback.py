"""What of a value may enter later forecasts: an anomaly is not learned as normal while it lasts, a new level is."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

Array = NDArray[np.float64]

NEAR_SIGMAS = 2.0
"""A value counts no further than this from what was expected of it …"""

FAR_SIGMAS, FAR_REACH_SIGMAS = 4.0, 0.5
"""… and one that is off by more than FAR_SIGMAS, surely no noise, counts only this far."""

NEW_LEVEL_MINUTES = 90
"""What has been far off for so long is the new normal …"""

LEVEL_MINUTES = 10
"""… and the median difference of so many minutes is how far the series moves, all it remembers with it."""

PATIENCE_AFTER_RELEASE = 10
"""After a release, what is far off for so long is the new normal: it is known why."""

SPREAD_GAIN = 0.02
"""Weight of the newest minute in a tracked spread: about an hour counts."""

FIRST_SPREAD = 4.0
"""Before any forecast could be checked, the band is wider than the noise by so much; the doubt fades within two hours."""

_ABSOLUTE_TO_SIGMA = 1.2533  # sqrt(pi / 2): a normal distribution's standard deviation over its mean absolute deviation

_FORGIVEN_A_MINUTE = 2  # each minute that is not far off takes back two that were


def admit(
    values: Float[Array, " series"],
    middle: Float[Array, " series"],
    sigma: Float[Array, " series"],
    far: Float[Array, " series"],
) -> tuple[Float[Array, " series"], Float[Array, " series"]]:
    """The value of one minute as later forecasts may see it, and for how many minutes each series has been far off.

    NaN stays NaN, and all counts where nothing was expected. The clipping is Hampel's three-part function (Robust
    Estimation, 1974) with a memory: without the far part a surge of 25 minutes left the bands three sigmas too high for 20
    minutes after it (docs/experiments/LOG.md).

    Args:
        values: of the minute, on the model's scale.
        middle: expected of it.
        sigma: the spread of that expectation.
        far: the minutes far off before this one; zeros at first.
    """
    with np.errstate(invalid="ignore"):
        surprise = np.abs(values - middle) / sigma
        is_far = surprise > FAR_SIGMAS
    forgiven = np.where(np.isnan(surprise), 0, _FORGIVEN_A_MINUTE)
    far = np.where(is_far, far + 1.0, np.maximum(far - forgiven, 0.0))
    reach = np.where(is_far, FAR_REACH_SIGMAS, NEAR_SIGMAS) * sigma
    clipped = np.clip(values, middle - reach, middle + reach)
    return np.where(np.isnan(surprise) | (far > NEW_LEVEL_MINUTES), values, clipped), far


def new_level(
    recent: Float[Array, "series recent"], far: Float[Array, " series"]
) -> tuple[NDArray[np.int64], Float[Array, " row"]]:
    """The series that have been far off for too long to be an incident, and by how much they moved.

    Args:
        recent: the last LEVEL_MINUTES of observed minus expected, on the model's scale; NaN where either is unknown.
        far: from ``admit``.
    """
    rows = np.flatnonzero(far > NEW_LEVEL_MINUTES)
    rows = rows[np.isfinite(recent[rows]).sum(axis=1) > LEVEL_MINUTES // 2]
    return rows, np.nanmedian(recent[rows], axis=1)


def track_spread(
    sigma: Float[Array, " series"], surprise: Float[Array, " series"], floor: Float[Array, " series"]
) -> Float[Array, " series"]:
    """The spread after one more surprise, as a running mean of absolute surprises; unchanged where there is none."""
    moved = (1.0 - SPREAD_GAIN) * sigma + SPREAD_GAIN * _ABSOLUTE_TO_SIGMA * np.abs(surprise)
    return np.maximum(np.where(np.isnan(moved), sigma, moved), floor)
