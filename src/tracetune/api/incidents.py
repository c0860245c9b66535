"""Incidents and anomalies as the API gives them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from tracetune.api.schemas import AnomalyItem, IncidentDetail, IncidentItem, Moment, Numbers
from tracetune.api.snapshots import Shown
from tracetune.api.windows import Window, rfc3339
from tracetune.domain import words
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident
from tracetune.domain.causes import CauseKind
from tracetune.domain.notes import Notes
from tracetune.domain.series import Metric
from tracetune.errors import NotFound
from tracetune.sinks import charts
from tracetune.sinks.columns import short
from tracetune.sinks.compose import advice_view
from tracetune.sinks.narrative import incident_view

UNITS = {
    AnomalyKind.SLOWER: ("s", Metric.LATENCY_P95),
    AnomalyKind.LOAD: ("s", Metric.LATENCY_P95),
    AnomalyKind.ERRORS: ("ratio", Metric.ERROR_RATIO),
    AnomalyKind.SURGE: ("calls/min", Metric.CALLS),
    AnomalyKind.DROP: ("calls/min", Metric.CALLS),
    AnomalyKind.MIX: ("calls/min", Metric.CALLS),
}
_COURSE_BEFORE, _COURSE_AFTER = 30, 30
_RELEASES_BEFORE = 60  # minutes; an older version had its time to show what it does


def incident_item(shown: Shown, incident: Incident, notes: Notes, now: float) -> IncidentItem:
    """One incident with what was said about it."""
    ranking = shown.analysis.rankings.get(incident.id)
    first = ranking.causes[0] if ranking and ranking.causes else None
    blames = first is not None and first.kind not in (CauseKind.LOAD, CauseKind.UNKNOWN)
    cause = first.service_name if first is not None and blames else ""
    silence = notes.silence(incident, now)
    return IncidentItem(
        id=incident.id,
        headline=ranking.headline if ranking else incident.anomalies[0].why,
        kind=incident.kind,
        severity=incident.severity,
        onset=words.timestamp(incident.onset),
        end=_time(incident.end),
        minutes=(incident.end or shown.held.last) - incident.onset,
        services=list(incident.services),
        cause=cause,
        cause_kind=first.kind if first else "",
        confidence=first.confidence if first else 0.0,
        entry=str(ranking.entry) if ranking and ranking.entry else "",
        release=ranking.release if ranking else "",
        snoozed_until=None if silence is None else _until(silence.until),
        dismissed=notes.dismisses(incident),
        anomalies=[anomaly_item(shown, each, incident, notes, cause) for each in incident.anomalies],
    )


def anomaly_item(shown: Shown, anomaly: Anomaly, incident: Incident, notes: Notes, cause: str) -> AnomalyItem:
    """One anomaly; ``cause`` is the service that its incident blames."""
    return AnomalyItem(
        id=anomaly.id,
        incident_id=incident.id,
        service_name=anomaly.key.service_name,
        span_name=anomaly.key.span_name,
        kind=anomaly.kind,
        unit=UNITS[anomaly.kind][0],
        severity=anomaly.severity,
        onset=words.timestamp(anomaly.onset),
        end=_time(anomaly.end),
        minutes=(anomaly.end or shown.held.last) - anomaly.onset,
        score=round(anomaly.score, 2),
        observed=known(anomaly.observed),
        expected_lower=known(anomaly.expected_lower),
        expected=known(anomaly.expected),
        expected_upper=known(anomaly.expected_upper),
        calls=anomaly.calls,
        is_cause=anomaly.key.service_name == cause,
        dismissed=notes.is_dismissed(anomaly),
        why=anomaly.why,
        course=_course(shown, anomaly),
    )


def incident_detail(shown: Shown, incident_id: str, notes: Notes, now: float) -> IncidentDetail:
    """One incident in full.

    Raises:
        NotFound: no incident on record has this id.
    """
    incident = shown.incidents.get(incident_id)
    if incident is None:
        known_ids = ", ".join(list(shown.incidents)[:8]) or "none"
        raise NotFound(f"there is no incident {incident_id!r}", hint=f"on record: {known_ids}")
    item = incident_item(shown, incident, notes, now)
    view = shown.remembered(("incident", incident_id), lambda: incident_view(shown.analysis, incident))
    services = set(incident.services) | {cause.service_name for cause in view.causes[:1]}
    advice = [each for each in shown.analysis.advice if {each.target_service, each.peer} & services]
    return IncidentDetail(
        incident=item,
        usual_seconds=known(view.usual_seconds),
        now_seconds=known(view.now_seconds),
        contributions=view.contributions,
        causes=view.causes,
        advice=[advice_view(each) for each in advice],
        slow=view.slow,
        usual=view.usual,
        timeline=sorted(_timeline(shown, incident, item, notes), key=lambda moment: moment.time),
    )


def listed(incidents: Iterable[Incident], window: Window, *, status: str, service: str) -> list[Incident]:
    """Incidents that have a minute in the window, by status (open, ended or all) and by a service in them."""
    return [
        each
        for each in incidents
        if window.overlaps(each.onset, each.end)
        and (status == "all" or (status == "open") == (each.end is None))
        and (not service or service in each.services)
    ]


def known(value: float) -> float | None:
    """The number with four significant digits; None for one that is not finite."""
    return short(value) if math.isfinite(value) else None


def numbers(values: np.ndarray) -> Numbers:
    """Values as JSON takes them: four significant digits, None for NaN."""
    return [short(value) if value == value else None for value in values.tolist()]  # noqa: PLR0124 - NaN is unequal to itself


def _timeline(shown: Shown, incident: Incident, item: IncidentItem, notes: Notes) -> Iterator[Moment]:
    first, last = incident.onset - _RELEASES_BEFORE, shown.held.last if incident.end is None else incident.end
    for release in shown.remembered(("versions",), lambda: charts.releases(shown.analysis)):
        if first <= release.minute < last and release.service_name in incident.services:
            text = f"{release.service_name} {release.service_version} first seen"
            yield Moment(words.timestamp(release.minute), "release", text)
    for anomaly in incident.anomalies:
        text = f"{anomaly.key.service_name} {anomaly.key.span_name}: {anomaly.why}"
        yield Moment(words.timestamp(anomaly.onset), "onset", text)
    if incident.end is not None:
        yield Moment(words.timestamp(incident.end), "end", f"over after {words.number_of(item.minutes, 'minute')}")
    yield from _said(incident, notes)


def _said(incident: Incident, notes: Notes) -> Iterator[Moment]:
    """What people were told and said about the incident, and what they did shortly before it or during it."""
    for sending in (each for each in notes.sendings if each.incident_id == incident.id):
        said = {"changed": ": another cause, or worse", "ended": ": it is over"}.get(sending.occasion, "")
        yield Moment(rfc3339(sending.time), "alert", f"alert sent to {sending.channel}{said}")
    for silence in (each for each in notes.silences if each.incident_id == incident.id):
        by = f" by {silence.author}" if silence.author else ""
        yield Moment(rfc3339(silence.start), "snooze", f"alerts held back{by}: {silence.reason or 'no reason given'}")
    ids = {anomaly.id for anomaly in incident.anomalies}
    for feedback in (each for each in notes.feedback if each.anomaly_id in ids):
        text = f"{feedback.service_name} {feedback.span_name} was said to be no anomaly"
        yield Moment(rfc3339(feedback.time), "feedback", f"{text}: {feedback.comment}" if feedback.comment else text)
    first, last = (incident.onset - 60) * 60, (incident.end or incident.onset + 1_440) * 60
    for marker in notes.markers:
        if first <= marker.time < last and marker.service_name in ("", *incident.services):
            yield Moment(rfc3339(marker.time), marker.kind, marker.text)


def _course(shown: Shown, anomaly: Anomaly) -> Numbers:
    row = shown.rows.get(anomaly.key)
    if row is None:
        return []
    onset = anomaly.onset - shown.held.first
    values = shown.analysis.learned.series[UNITS[anomaly.kind][1]][row]
    return numbers(values[max(0, onset - _COURSE_BEFORE) : max(0, onset + _COURSE_AFTER)])


def _time(minute: int | None) -> str | None:
    return None if minute is None else words.timestamp(minute)


def _until(seconds: float) -> str:
    return rfc3339(seconds) if math.isfinite(seconds) else "resolved"


def anomaly_by_id(shown: Shown, anomaly_id: str, notes: Notes, now: float) -> AnomalyItem:
    """One anomaly.

    Raises:
        NotFound: no anomaly on record has this id.
    """
    if anomaly_id not in shown.anomalies:
        raise NotFound(f"there is no anomaly {anomaly_id!r}", hint="'GET /api/v1/anomalies' lists those on record")
    items = incident_item(shown, shown.anomalies[anomaly_id][1], notes, now).anomalies
    return next(each for each in items if each.id == anomaly_id)


def dismissible(shown: Shown, target_id: str) -> list[Anomaly]:
    """The anomalies that an id means: one, or all of an incident.

    Raises:
        NotFound: nothing on record has this id.
    """
    if target_id in shown.anomalies:
        return [shown.anomalies[target_id][0]]
    if target_id in shown.incidents:
        return list(shown.incidents[target_id].anomalies)
    raise NotFound(
        f"there is no anomaly or incident {target_id!r}", hint="'GET /api/v1/anomalies' lists those on record"
    )
