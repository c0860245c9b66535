"""A history lived through again: learned up to a minute, judged after it, seen no earlier than it could have been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracetune.anomalies.detect import Thresholds, calibrate, detect
from tracetune.anomalies.incidents import group
from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import Incident, Severity
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.series import SeriesBatch
from tracetune.forecasting.learn import study
from tracetune.pipeline import Candidates, Report

RELEARN_MINUTES = 1440
"""The models learn again each day, on everything before."""

OVERLAP_MINUTES = 30
"""What begins shortly before the next lesson is still judged by the last one: evidence takes minutes."""

LOOK_BACK_MINUTES = 2880
"""Two days before an incident are enough to see it as it was seen then: error rates forget half in six hours."""

MOST_LOOKS = 240
"""Minutes after its onset within which an incident is noticed, if ever."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """An incident, and when it would have been seen.

    Attributes:
        noticed: the minute, since the Unix epoch, after which it would have been on the screen.
        paged: the minute after which the pager would have rung; None where it never became critical.
    """

    incident: Incident
    noticed: int
    paged: int | None


@dataclass(frozen=True, slots=True)
class Teacher:
    """How to learn: the candidates, the seed, and how rarely to be wrong."""

    candidates: Candidates
    seed: int
    false_incidents_per_week: float


def replay(series: SeriesBatch, graph: ServiceGraph, first: int, teacher: Teacher, report: Report) -> list[Sighting]:
    """The incidents that begin at position ``first`` of the series or later, each by a lesson that ended before it."""
    found: list[Sighting] = []
    lessons = list(range(first, series.length, RELEARN_MINUTES))
    for number, cut in enumerate(lessons):
        report("replay", number, len(lessons))
        end = min(cut + RELEARN_MINUTES, series.length)
        found += _day(series, graph, range(cut, end), teacher)
    report("replay", len(lessons), len(lessons))
    return found


def _day(series: SeriesBatch, graph: ServiceGraph, judged: range, teacher: Teacher) -> Iterator[Sighting]:
    normal, past = study(
        series.between(0, judged.start), estimators=teacher.candidates, seed=teacher.seed, horizon_minutes=0
    )
    thresholds = calibrate(past, false_incidents_a_week=teacher.false_incidents_per_week)
    seen = series.between(0, min(judged.stop + OVERLAP_MINUTES, series.length))
    learned = normal.expect(seen, horizon_minutes=0)
    for incident in group(detect(learned, graph=graph, thresholds=thresholds), graph):
        if incident.onset - series.start_minute in judged:
            sighting = look_live(learned, graph, incident, thresholds)
            if sighting is not None:
                yield sighting


def look_live(learned: Learned, graph: ServiceGraph, incident: Incident, thresholds: Thresholds) -> Sighting | None:
    """When an incident that is known with hindsight would have been seen, minute by minute; None where never.

    Each look gets the minutes up to its own and nothing later, so the severity is that of what was known then.
    """
    services = set(incident.services)
    mine = learned.only([row for row, key in enumerate(learned.series.keys) if key.service_name in services])
    onset = incident.onset - mine.series.start_minute
    noticed: int | None = None
    for minute in range(onset + 1, min(onset + MOST_LOOKS, mine.series.length) + 1):
        then = mine.between(max(onset - LOOK_BACK_MINUTES, 0), minute)
        now = [
            each for each in group(detect(then, graph=graph, thresholds=thresholds), graph) if _goes_on(each, incident)
        ]
        at = mine.series.start_minute + minute
        if now and noticed is None:
            noticed = at
        if any(each.severity is Severity.CRITICAL for each in now):
            return Sighting(incident, noticed or at, at)
        if noticed is not None and incident.severity is not Severity.CRITICAL:
            return Sighting(incident, noticed, None)
        if incident.end is not None and at > incident.end + OVERLAP_MINUTES:
            break
    return Sighting(incident, noticed, None) if noticed is not None else None


def _goes_on(found: Incident, incident: Incident) -> bool:
    return found.onset <= (incident.end or found.onset) and (found.end is None or found.end > incident.onset)
