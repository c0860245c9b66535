"""Incidents: anomalies that began together in services that call each other are one thing to look at."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident, Severity
from tracetune.domain.graph import ServiceGraph

ONSET_MINUTES = 15
"""Anomalies of connected services that begin within so many minutes belong together: evidence takes up to 10."""

PAUSE_MINUTES = 30
"""The same service departing again within so many minutes is still the same incident."""

GIVEN_UP_SLOWDOWN = 1.5
"""A service that became slower by less is not one that callers give up on."""

_RANK = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.MINOR: 2}
_FAULTS = (AnomalyKind.SLOWER, AnomalyKind.ERRORS)


def group(anomalies: Sequence[Anomaly], graph: ServiceGraph) -> tuple[Incident, ...]:
    """The incidents, the most severe first, then by onset.

    Two anomalies belong together if their services are the same or one depends on the other, and they began within
    ONSET_MINUTES of each other; in the same service also if one begins while the other lasts or PAUSE_MINUTES after.
    """
    ordered = sorted(anomalies, key=lambda each: (each.onset, -each.score, each.key, each.kind))
    reachable = {name: graph.reachable(name) for name in {each.key.service_name for each in ordered}}
    parent = list(range(len(ordered)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for later, anomaly in enumerate(ordered):
        for earlier in range(later):
            if _together(ordered[earlier], anomaly, reachable):
                parent[root(later)] = root(earlier)
    members: dict[int, list[Anomaly]] = {}
    for at, anomaly in enumerate(ordered):
        members.setdefault(root(at), []).append(anomaly)
    incidents = [_incident(tuple(each), reachable) for each in members.values()]
    return tuple(sorted(incidents, key=lambda each: (_RANK[each.severity], each.onset, each.id)))


def _together(earlier: Anomaly, later: Anomaly, reachable: dict[str, frozenset[str]]) -> bool:
    near = later.onset - earlier.onset <= ONSET_MINUTES
    one, other = earlier.key.service_name, later.key.service_name
    if one == other:
        return near or earlier.end is None or later.onset - earlier.end <= PAUSE_MINUTES
    return near and (other in reachable[one] or one in reachable[other])


def _incident(anomalies: tuple[Anomaly, ...], reachable: dict[str, frozenset[str]]) -> Incident:
    ends = [each.end for each in anomalies]
    names = "\0".join(each.id for each in anomalies)
    known = [end for end in ends if end is not None]
    return Incident(
        id=f"INC-{hashlib.blake2b(names.encode(), digest_size=2).hexdigest()}",
        anomalies=anomalies,
        kind=_kind(anomalies, reachable),
        severity=min((each.severity for each in anomalies), key=_RANK.__getitem__),
        onset=min(each.onset for each in anomalies),
        end=max(known) if len(known) == len(ends) else None,
    )


def _deepest(faults: Sequence[Anomaly], reachable: dict[str, frozenset[str]]) -> list[Anomaly]:
    """Those below which nothing else is at fault: callers of what is slow or fails give up on it, try again, and wait."""
    names = {each.key.service_name for each in faults}
    deep = [
        each for each in faults if not (reachable[each.key.service_name] - {each.key.service_name}) & names
    ]  # nobody is the deepest where services call each other in a ring
    return deep or list(faults)


def _given_up_on(slow: Anomaly, anomalies: Sequence[Anomaly]) -> bool:
    """Whether a much slower service also fails and is asked more often: callers wait no longer and try again.

    What fails by itself and is tried again answers no later than usual.
    """
    beside = {each.kind for each in anomalies if each.key.service_name == slow.key.service_name}
    return slow.observed >= GIVEN_UP_SLOWDOWN * slow.expected and beside >= {AnomalyKind.ERRORS, AnomalyKind.SURGE}


def _kind(anomalies: tuple[Anomaly, ...], reachable: dict[str, frozenset[str]]) -> AnomalyKind:
    """What it is about: the deepest fault that load does not explain, else load, else what happened to the calls.

    A slow caller of a service under load waits for it; that is the load's doing. Load that another mix of calls brought
    is about the mix.
    """
    loaded = {each.key.service_name for each in anomalies if each.kind is AnomalyKind.LOAD}
    faults = [
        each
        for each in anomalies
        if each.kind in _FAULTS
        and not (
            each.kind is AnomalyKind.SLOWER and loaded & (reachable[each.key.service_name] | {each.key.service_name})
        )
    ]
    if faults:
        deep = _deepest(faults, reachable)
        late = [each for each in deep if each.kind is AnomalyKind.SLOWER and _given_up_on(each, anomalies)]
        return max(late or deep, key=lambda each: each.score).kind
    if any(each.kind is AnomalyKind.MIX for each in anomalies):
        return AnomalyKind.MIX
    if loaded:
        return AnomalyKind.LOAD
    return max(anomalies, key=lambda each: each.score).kind
