"""Versions that were first seen shortly before an incident."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracetune.causes.case import Case
from tracetune.causes.sums import only, totals, within
from tracetune.domain.minutes import column, labels

RELEASE_MINUTES = 30
"""A fault that a release brought shows within this time."""

SETTLED_MINUTES = 10
"""How long the service must have been seen before its newest version, else that version is no news."""


@dataclass(frozen=True, slots=True)
class Release:
    """A version of a service that came shortly before the onset.

    Attributes:
        minute: when it was first seen, in minutes since the Unix epoch.
        old_own_seconds, new_own_seconds: own time of a call during the incident by version; NaN where not both ran.
    """

    service_name: str
    version: str
    minute: int
    old_own_seconds: float
    new_own_seconds: float


@dataclass(frozen=True, slots=True)
class Versions:
    """What the versions of a service say about an incident.

    Attributes:
        release: the newest version that came shortly before the onset; None where there was none.
        hours_seen: hours before the onset in which the service named its version; 0 where it never did.
    """

    release: Release | None
    hours_seen: float


def versions(case: Case, service_name: str) -> Versions:
    """The versions of a service up to the onset of the incident."""
    table = only(case.minutes.instances, service_name=service_name)
    codes, names = labels(table, "service_version")
    minute = column(table, "minute").astype(np.int64)
    first = {
        name: int(minute[codes == code].min()) for code, name in enumerate(names) if name and (codes == code).any()
    }
    onset = case.incident.onset
    if not first:
        return Versions(None, 0.0)
    begin = min(first.values())
    recent = {
        name: at
        for name, at in first.items()
        if onset - RELEASE_MINUTES <= at <= onset + 1 and at - begin >= SETTLED_MINUTES
    }
    hours = max(0, onset - begin) / 60
    if not recent:
        return Versions(None, hours)
    newest = max(recent, key=lambda name: (recent[name], name))
    old, new = _own_seconds(case, service_name, newest)
    return Versions(Release(service_name, newest, recent[newest], old, new), hours)


def _own_seconds(case: Case, service_name: str, version: str) -> tuple[float, float]:
    """Own time of a call during the incident, (other versions, this version) in seconds; NaN where one had no calls."""
    table = only(within(case.minutes.instances, case.now), service_name=service_name)
    sums = totals(table, ("service_version",), ("calls", "self_time_nano"))
    new = sums.get((version,), np.zeros(2))
    old = sum((values for names, values in sums.items() if names[0] != version), np.zeros(2))
    return _mean(old), _mean(new)


def _mean(sums: NDArray[np.float64]) -> float:
    return float(sums[1] / sums[0] / 1e9) if sums[0] >= 20 else float("nan")
