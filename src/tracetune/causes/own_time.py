"""Who is slower where no whole trace tells: own time of each operation a call, compared with itself."""

from __future__ import annotations

from collections.abc import Iterator

from tracetune.causes import evidence
from tracetune.causes.case import Case
from tracetune.causes.evidence import Finding, Suspect, weighed
from tracetune.causes.sums import totals_within
from tracetune.domain import words
from tracetune.domain.causes import CauseKind
from tracetune.domain.series import SeriesKey

LEAST_CALLS = 20
LEAST_RELATIVE_RISE = 0.1
"""Without whole traces nothing cross-checks a change, so a tenth is the least that is taken as one."""


def own_time_suspects(case: Case) -> Iterator[Suspect]:
    """The operations of the incident, and of what they call, whose own time a call rose; only those off every path.

    An operation on the critical path of whole traces is judged there, where a change in what users ask for cannot pass
    for slowness; this is for consumers, background work, and traces whose roots were lost.
    """
    on_paths = set(totals_within(case.minutes.paths, case.now, ("service_name", "span_name"), ("traces",)))
    services = set(case.incident.services)
    for name in case.incident.services:
        services |= case.graph.reachable(name) if name in case.graph.services else set()
    by, values = ("service_name", "span_name"), ("calls", "self_time_nano")
    usual, now = (totals_within(case.minutes.operations, each, by, values) for each in (case.usual, case.now))
    rises = {}
    for names in usual.keys() & now.keys():
        (usual_calls, usual_nanos), (now_calls, now_nanos) = usual[names], now[names]
        if names in on_paths or names[0] not in services or min(usual_calls, now_calls) < LEAST_CALLS:
            continue
        before, after = usual_nanos / usual_calls / 1e9, now_nanos / now_calls / 1e9
        if after > (1 + LEAST_RELATIVE_RISE) * before:
            rises[SeriesKey(names[0], names[1])] = (float(before), float(after), float(now_calls))
    total = sum((after - before) * calls for before, after, calls in rises.values())
    for key, (before, after, calls) in sorted(rises.items()):
        yield _suspect(case, key, before, after, (after - before) * calls / total)


def _suspect(case: Case, key: SeriesKey, before: float, after: float, share: float) -> Suspect:
    service = key.service_name
    said = (
        f"own time of {key.span_name} is {words.duration(after)} a call, usually {words.duration(before)}: "
        f"{words.share(share)} of all added own time"
    )
    change, release = evidence.release_before(case, service)
    return weighed(
        Suspect(service, key.span_name, CauseKind.OWN_TIME, share, (), (), release=release),
        (
            Finding(1.0, evidence=said),
            evidence.order_of_onset(case, service),
            change,
            evidence.one_of_several(case, service)[0],
            Finding(0.8, against="no whole trace passes through it, so nothing shows who waits for it"),
        ),
    )
