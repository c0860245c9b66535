"""What speaks for and against a suspect, as sentences with numbers, and by how much each makes it likelier."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracetune.causes.case import Case
from tracetune.causes.compare import Decomposition
from tracetune.causes.instances import BadInstance, instances
from tracetune.causes.load import Load, load, quickest_seconds
from tracetune.causes.naming import operation
from tracetune.causes.releases import Release, versions
from tracetune.domain import words
from tracetune.domain.causes import CauseKind
from tracetune.domain.series import SeriesKey


@dataclass(frozen=True, slots=True)
class Suspect:
    """A possible cause before it is weighed against the others.

    Attributes:
        weight: its share of the rise (or of the errors), times what the evidence makes of it; only ratios matter.
        between: where the cause lies between two services, as "the connection between cart and payments".
        factor: by how much traffic rose, where load is the cause, as ``2.1×``.
        release: the version that likely brought it.
    """

    service_name: str
    span_name: str
    kind: CauseKind
    weight: float
    evidence: tuple[str, ...]
    against: tuple[str, ...]
    between: str = ""
    factor: str = ""
    release: Release | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One look at one thing: a factor on the weight of a suspect, and the sentence, for it or against it."""

    factor: float
    evidence: str = ""
    against: str = ""


def weighed(suspect: Suspect, findings: Sequence[Finding]) -> Suspect:
    """The suspect with its weight times the factors of the findings, and with their sentences in order."""
    weight = suspect.weight
    for finding in findings:
        weight *= finding.factor
    return replace(
        suspect,
        weight=weight,
        evidence=tuple(finding.evidence for finding in findings if finding.evidence),
        against=tuple(finding.against for finding in findings if finding.against),
    )


def order_of_onset(case: Case, service_name: str) -> Finding:
    """Whether the service departed first: what is below departs before those who wait for it."""
    first: dict[str, int] = {}
    for anomaly in case.incident.anomalies:
        first.setdefault(anomaly.key.service_name, anomaly.onset)
    if service_name not in first:
        return Finding(0.9, against=f"{service_name} itself never left its expected range")
    own = first.pop(service_name)
    if not first:
        return Finding(1.0)
    earlier = [name for name, onset in first.items() if own - onset >= 2]
    if earlier:
        lag = own - min(first.values())
        return Finding(0.75, against=f"{earlier[0]} departed {lag} min before it")
    lags = sorted({onset - own for onset in first.values()})
    spread = f"{lags[0]}–{lags[-1]} min later" if lags[-1] > lags[0] else f"{lags[0]} min later"
    if lags[-1] <= 0:
        return Finding(1.0)
    return Finding(1.25, evidence=f"it was the first to depart, at {words.clock(own)}; the others followed {spread}")


def release_before(case: Case, service_name: str) -> tuple[Finding, Release | None]:
    """Whether a new version came shortly before, and how it does beside the old one where both ran."""
    seen = versions(case, service_name)
    found = seen.release
    if found is None:
        said = (
            f"no new version of {service_name} in the {_hours(seen.hours_seen)} before"
            if seen.hours_seen > 0
            else f"a release cannot be ruled out: the spans of {service_name} name no version"
        )
        return Finding(1.0, against=said), None
    delay = case.incident.onset - found.minute
    when = f"{delay} min after" if delay > 0 else "in the same minute as"
    said = f"started {when} release {found.version} of {service_name}"
    if math.isnan(found.old_own_seconds) or math.isnan(found.new_own_seconds):
        return Finding(1.6, evidence=said), found
    beside = f"{words.duration(found.new_own_seconds)} a call against {words.duration(found.old_own_seconds)}"
    if found.new_own_seconds > 1.3 * found.old_own_seconds:
        return Finding(2.0, evidence=f"{said}; beside the old version at the same time: {beside}"), found
    return Finding(0.8, against=f"{said}, but the old version is as slow: {beside}"), None


def one_of_several(case: Case, service_name: str, *, about_errors: bool = False) -> tuple[Finding, BadInstance | None]:
    """Whether one instance is to blame for the service's change."""
    found = instances(case, service_name)
    bad = found.bad
    if bad is None or bad.is_slower == about_errors:
        equal = f"its {found.judged} instances are all alike" if found.judged >= 2 else ""
        return Finding(1.0, against=equal), None
    others = f"the {bad.others} others" if bad.others > 1 else "the other"
    if bad.is_slower:
        said = f"{words.duration(bad.own_seconds)} own time a call, {others} {words.duration(bad.others_own_seconds)}"
    else:
        said = f"{words.share(bad.error_ratio)} of its calls fail, of {others} {words.share(bad.others_error_ratio)}"
    return Finding(1.3, evidence=f"one instance stands out: {bad.instance} has {said}"), bad


def waiting_or_working(case: Case, service_name: str) -> Finding:
    """Whether even the fastest calls became slow: then they work longer, else they wait for a turn.

    The factor is that of a cause in the service's own work; it is below 1 for waiting.
    """
    usual, now = quickest_seconds(case, service_name)
    if math.isnan(usual) or math.isnan(now) or usual <= 0:
        return Finding(1.0)
    beside = f"{words.duration(now)}, usually {words.duration(usual)}"
    if now >= 1.3 * usual:
        return Finding(1.2, evidence=f"even the fastest twentieth of its calls takes longer: {beside}")
    return Finding(0.9, against=f"the fastest twentieth of its calls is as quick as usual: {beside}")


def request_rate(case: Case, key: SeriesKey) -> tuple[Finding, Load | None]:
    """Whether users asked for more than expected; if not, load is no explanation."""
    found = load(case, (key,))
    if found is None or math.isnan(found.ratio):
        return Finding(1.0), None
    beside = f"{' against '.join(words.rates(found.now / 60, found.expected / 60))} {found.source}"
    if found.is_surge:
        return Finding(1.0, evidence=f"request rate {found.factor}: {beside}"), found
    if found.ratio < 1 / 1.3:
        return Finding(1.0, against=f"request rate fell: {beside}"), found
    return Finding(1.0, against=f"request rate unchanged: {beside}"), found


def other_entries(decomposition: Decomposition, others: tuple[Decomposition, ...], service_name: str) -> Finding:
    """Whether the service's calls take longer for its other callers too."""
    slower: list[str] = []
    usual: list[str] = []
    for other in others:
        if other.entry == decomposition.entry:
            continue
        before = sum(part.usual_seconds for part in other.parts if part.key.service_name == service_name)
        if before <= 0:
            continue
        (slower if other.service_rise(service_name) > 0.3 * before else usual).append(operation(other.entry))
    if slower:
        return Finding(1.1, evidence=f"{_list(slower)} {_need(slower)} longer in it as well")
    if usual:
        return Finding(0.9, against=f"{_list(usual)} {_need(usual)} its usual time in it")
    return Finding(1.0)


def _need(names: list[str]) -> str:
    return "needs" if len(names) == 1 else "need"


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:3][:-1])} and {names[:3][-1]}"


def _hours(hours: float) -> str:
    return f"{hours:.0f} h" if hours >= 1.5 else f"{60 * hours:.0f} min"
