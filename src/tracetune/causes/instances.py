"""One bad instance of several: whose calls take longer, or fail more, than those of its equals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracetune.causes.case import Case
from tracetune.causes.sums import only, totals, within

LEAST_CALLS = 20
"""Calls an instance must have had during the incident to be judged."""

CLEARLY = 2.0
"""An instance is worse than its equals when it needs twice their own time a call, or fails twice as often."""


@dataclass(frozen=True, slots=True)
class BadInstance:
    """An instance that differs from the others of its service during the incident; the values are of one call."""

    instance: str
    others: int
    own_seconds: float
    others_own_seconds: float
    error_ratio: float
    others_error_ratio: float
    is_slower: bool


@dataclass(frozen=True, slots=True)
class Instances:
    """What the instances of a service say: how many could be judged, and the one that stands out, if any."""

    judged: int
    bad: BadInstance | None


def instances(case: Case, service_name: str) -> Instances:
    """The instances of a service during the incident, each beside the median of the others."""
    table = only(within(case.minutes.instances, case.now), service_name=service_name)
    sums = totals(table, ("instance",), ("calls", "errors", "self_time_nano"))
    found = {names[0]: values for names, values in sums.items() if names[0] and values[0] >= LEAST_CALLS}
    if len(found) < 2:
        return Instances(len(found), None)
    worst = max((_beside(name, found) for name in sorted(found)), key=_badness)
    return Instances(len(found), worst if _badness(worst) >= CLEARLY else None)


def _beside(name: str, found: Mapping[str, NDArray[np.float64]]) -> BadInstance:
    own = {each: (values[2] / values[0] / 1e9, values[1] / values[0]) for each, values in found.items()}
    seconds, errors = own.pop(name)
    others_seconds = float(np.median([value for value, _ in own.values()]))
    others_errors = float(np.median([value for _, value in own.values()]))
    is_slower = seconds >= CLEARLY * others_seconds
    return BadInstance(
        name, len(own), float(seconds), others_seconds, float(errors), others_errors, is_slower=bool(is_slower)
    )


def _badness(bad: BadInstance) -> float:
    slower = bad.own_seconds / max(bad.others_own_seconds, 1e-4)
    failing = (bad.error_ratio + 0.01) / (bad.others_error_ratio + 0.01)  # one in a hundred is no pattern
    return max(slower, failing)
