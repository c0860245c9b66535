"""Incidents as they are told: what happened, why we think so, what speaks against it, and traces to look at."""

from __future__ import annotations

import math

import numpy as np

from tracetune.domain.analysis import Analysis
from tracetune.domain.anomalies import Incident
from tracetune.domain.causes import CauseRanking
from tracetune.domain.minutes import column, labels
from tracetune.domain.series import SeriesKey
from tracetune.sinks.columns import short
from tracetune.sinks.document import AnomalyView, CauseView, ContributionView, IncidentView, Waterfall
from tracetune.sinks.waterfalls import waterfall

MOST_INCIDENTS = 50
MOST_TRACES = 3


def incidents(analysis: Analysis) -> list[IncidentView]:
    """The incidents in the order of the analysis, at most MOST_INCIDENTS."""
    return [incident_view(analysis, incident) for incident in analysis.incidents[:MOST_INCIDENTS]]


def incident_view(analysis: Analysis, incident: Incident) -> IncidentView:
    """One incident with its explanation and the traces to look at."""
    ranking = analysis.rankings.get(incident.id)
    entry = ranking.entry if ranking else None
    candidates = dict.fromkeys([*([entry] if entry else []), *(anomaly.key for anomaly in incident.anomalies)])
    slow, usual = _exemplars(analysis, incident, list(candidates))
    return IncidentView(
        id=incident.id,
        headline=ranking.headline if ranking else incident.anomalies[0].why,
        kind=incident.kind,
        severity=incident.severity,
        onset=incident.onset,
        end=incident.end,
        services=list(incident.services),
        anomalies=_anomalies(incident),
        entry=str(entry) if entry else "",
        usual_seconds=ranking.usual_seconds if ranking else math.nan,
        now_seconds=ranking.now_seconds if ranking else math.nan,
        contributions=_contributions(ranking),
        causes=_causes(ranking),
        release=ranking.release if ranking else "",
        slow=slow,
        usual=usual,
    )


def _anomalies(incident: Incident) -> list[AnomalyView]:
    return [
        AnomalyView(
            service_name=anomaly.key.service_name,
            span_name=anomaly.key.span_name,
            kind=anomaly.kind,
            severity=anomaly.severity,
            onset=anomaly.onset,
            end=anomaly.end,
            score=round(anomaly.score, 2),
            observed=short(anomaly.observed),
            expected_lower=short(anomaly.expected_lower),
            expected=short(anomaly.expected),
            expected_upper=short(anomaly.expected_upper),
            calls=anomaly.calls,
            why=anomaly.why,
        )
        for anomaly in incident.anomalies
    ]


def _contributions(ranking: CauseRanking | None) -> list[ContributionView]:
    return [
        ContributionView(
            part.service_name,
            short(part.usual_seconds),
            short(part.now_seconds),
            round(part.share_of_rise, 4),
            part.of_the_rise,
        )
        for part in (ranking.contributions if ranking else ())
    ]


def _causes(ranking: CauseRanking | None) -> list[CauseView]:
    return [
        CauseView(
            cause.service_name, cause.span_name, cause.kind, cause.confidence, list(cause.evidence), list(cause.against)
        )
        for cause in (ranking.causes if ranking else ())
    ]


def _exemplars(
    analysis: Analysis, incident: Incident, candidates: list[SeriesKey]
) -> tuple[list[Waterfall], list[Waterfall]]:
    """The slowest traces during the incident and usual ones from outside it, of the first operation that has both."""
    table = analysis.ingested.minutes.exemplars
    if not len(table):
        return [], []
    service, services = labels(table, "service_name")
    name, names = labels(table, "span_name")
    minutes, duration = column(table, "minute"), column(table, "duration_nano")
    slowest = table["is_slowest"].to_numpy(zero_copy_only=False)
    last = incident.end if incident.end is not None else np.iinfo(np.int32).max
    during = (minutes >= incident.onset) & (minutes < last)
    fallback: tuple[list[Waterfall], list[Waterfall]] = ([], [])
    for key in candidates:
        if key.service_name not in services or key.span_name not in names:
            continue
        mine = (service == services.index(key.service_name)) & (name == names.index(key.span_name))
        slow_rows = np.flatnonzero(mine & slowest & during)
        usual_rows = np.flatnonzero(mine & ~slowest & ~during)
        slow = _waterfalls(analysis, slow_rows[np.argsort(-duration[slow_rows], kind="stable")], MOST_TRACES)
        before_first = np.argsort(np.abs(minutes[usual_rows] - incident.onset), kind="stable")
        usual = _waterfalls(analysis, usual_rows[before_first], 1)
        if slow and usual:
            return slow, usual
        if slow and not fallback[0]:
            fallback = slow, usual
    return fallback


def _waterfalls(analysis: Analysis, rows: np.ndarray, most: int) -> list[Waterfall]:
    traces = analysis.ingested.minutes.exemplars["trace_id"].combine_chunks()
    found: list[Waterfall] = []
    for trace_id in dict.fromkeys(traces[int(row)].as_py() for row in rows[: 20 * most]):
        drawn = waterfall(analysis.ingested.exemplars, trace_id)
        if drawn:
            found.append(drawn)
        if len(found) == most:
            break
    return found
