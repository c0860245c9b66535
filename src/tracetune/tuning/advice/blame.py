"""What incidents say about tuning: what to roll back, and where more replicas would not help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.anomalies import Incident
from tracetune.domain.causes import Cause, CauseKind, CauseRanking
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch, column, labels

GONE_MINUTES = 10
"""A version of which nothing was seen for this long, while its service was, does not run any more."""

NOT_FOR_INCIDENT = "this is for the load to come and does not end the incident: "

SURE = 0.5
"""Only a cause with at least half of the explanation changes what is advised."""


def rollbacks(minutes: MinuteBatch, rankings: Mapping[str, CauseRanking]) -> Iterator[Advice]:
    """For each release that is the likely trigger of an incident: roll it back, or stay off it; the unit is its version."""
    told = set()
    for ranking in rankings.values():
        cause = _sure(ranking)
        if cause is None or not ranking.release or ranking.release in told:
            continue
        told.add(ranking.release)
        release, _, at = ranking.release.rpartition(" at ")
        version = release.removeprefix(f"{cause.service_name} ")
        gone = _gone_since(minutes, cause.service_name, version)
        said = (
            f"Roll back {release}, first seen at {at}: {ranking.headline}"
            if gone is None
            else f"Stay off {release}, gone since {words.clock(gone)}; while it ran: {ranking.headline}"
        )
        yield Advice(
            cause.service_name,
            "",
            Knob.ROLLBACK,
            Action.SET if gone is None else Action.KEEP,
            version,
            None,
            None,
            None,
            None,
            Confidence.HIGH if cause.confidence >= 0.8 else Confidence.MEDIUM,
            (said, *cause.evidence),
        )


def surges(incidents: Sequence[Incident], rankings: Mapping[str, CauseRanking]) -> Mapping[str, Incident]:
    """For each service where the wait built up while traffic surged: the incident, the latest if there were several."""
    found = {}
    for incident in sorted(incidents, key=lambda each: each.onset):
        ranking = rankings.get(incident.id)
        cause = _sure(ranking) if ranking else None
        if ranking and cause and cause.kind is CauseKind.LOAD and ranking.contributions:
            found[ranking.contributions[0].service_name] = incident
    return found


def without_vain_replicas(
    advice: Advice, graph: ServiceGraph, incidents: Sequence[Incident], rankings: Mapping[str, CauseRanking]
) -> Advice:
    """The same advice, with the reason why more replicas would not end an incident that its service was in.

    Needed replicas are learnt from healthy minutes, so a fault never asks for more of them; this says so to those who
    see a slow service and would add some.
    """
    if advice.knob is not Knob.REPLICAS:
        return advice
    for incident in incidents:
        ranking = rankings.get(incident.id)
        cause = _sure(ranking) if ranking else None
        if cause and _is_hurt(advice.target_service, cause, incident, graph):
            said = _vain(advice.target_service, cause)
            if said and advice.action is Action.SET:  # a change for the load to come, which ends no incident
                where = f"{NOT_FOR_INCIDENT}{said.rpartition(': ')[2]}"
                return replace(advice, reasons=(*advice.reasons, where))
            return replace(advice, reasons=(advice.reasons[0], *([said] if said else []), *advice.reasons[1:]))
    return advice


def _is_hurt(service: str, cause: Cause, incident: Incident, graph: ServiceGraph) -> bool:
    """Whether a service is the cause, or departed while it depends on the cause."""
    if service == cause.service_name:
        return True
    return service in incident.services and service in graph.services and cause.service_name in graph.reachable(service)


def _vain(service: str, cause: Cause) -> str:
    if cause.kind is CauseKind.LOAD or cause.kind is CauseKind.UNKNOWN:
        return ""
    if cause.kind is CauseKind.ERRORS:
        return f"more replicas will not help in the incident: the errors come from {_name(service, cause)}"
    if cause.kind is CauseKind.GAP:
        return f"more replicas will not help in the incident: the wait is on the way to {cause.service_name}"
    if cause.service_name != service:
        return f"more replicas will not help in the incident: the wait is in {cause.service_name}"
    return "more replicas are not the remedy for the incident: its own work became slower, and load did not bring it"


def _name(service: str, cause: Cause) -> str:
    return "its own work" if cause.service_name == service else cause.service_name


def _sure(ranking: CauseRanking) -> Cause | None:
    return ranking.causes[0] if ranking.causes and ranking.causes[0].confidence >= SURE else None


def _gone_since(minutes: MinuteBatch, service: str, version: str) -> int | None:
    """The minute from which on a version was not seen any more while its service was; None where it still runs."""
    codes, services = labels(minutes.instances, "service_name")
    versions, names = labels(minutes.instances, "service_version")
    minute = column(minutes.instances, "minute").astype(np.int64)
    own = codes == services.index(service) if service in services else np.zeros(len(codes), np.bool_)
    new = own & (versions == names.index(version)) if version in names else np.zeros(len(codes), np.bool_)
    if not new.any() or minute[own].max() - minute[new].max() < GONE_MINUTES:
        return None
    return int(minute[new].max()) + 1
