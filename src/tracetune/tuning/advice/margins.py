"""How far the truth may lie from an estimate, given how little was seen: margins widen with ignorance."""

from __future__ import annotations

import math

from tracetune.domain.advice import Confidence

MARGIN = 0.15
"""The margin after one day of history; the safety margin that the Vertical Pod Autoscaler's recommender adds."""

LEAST_HOURS = 0.5
"""Half an hour is the least that any advice is given for."""


def margin(hours: float) -> float:
    """The share by which a limit is widened after this many hours of history: 0.15 after a day, 0.59 after 30 minutes.

    Half of it always stays; the other half goes with the square root of the hours, as the error of a mean does.

    Source: the form (bounds that tighten with history) is the VPA recommender's ``WithConfidenceMultiplier``; its
    ``1 + 1/days`` gives 25 after one hour, which is no bound that helps anyone, hence the root.
    """
    return MARGIN * (1 + math.sqrt(24 / max(hours, LEAST_HOURS))) / 2


def widened(value: float, hours: float) -> float:
    """The value with the margin for this much history on top."""
    return value * (1 + margin(hours))


def confidence(hours: float, *, is_direct: bool) -> Confidence:
    """How well history carries advice; ``is_direct`` where the answer was seen to hold and not only estimated."""
    if hours >= 24:
        return Confidence.HIGH if is_direct else Confidence.MEDIUM
    if hours >= 2:
        return Confidence.MEDIUM
    return Confidence.LOW


def round_up(value: float) -> float:
    """The value rounded up to two significant digits, as people write limits; 0 stays 0.

    >>> round_up(0.4123), round_up(1.0), round_up(12.1)
    (0.42, 1.0, 13.0)
    """
    if value <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return round(math.ceil(value / step - 1e-9) * step, 12)
