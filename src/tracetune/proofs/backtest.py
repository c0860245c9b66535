"""Backtest: the second half of a history, judged as it would have been, beside the static thresholds of the same days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tracetune.domain import words
from tracetune.domain.analysis import Ingested
from tracetune.domain.anomalies import AnomalyKind
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.series import SeriesBatch
from tracetune.errors import NotEnoughData
from tracetune.forecasting.learn import LEAST_MINUTES
from tracetune.pipeline import Report
from tracetune.proofs import pages, static
from tracetune.proofs.pages import Page, Score
from tracetune.proofs.replay import Sighting, Teacher, replay
from tracetune.proofs.static import Rule, Watched
from tracetune.proofs.truth import Happening

LEAST_HISTORY_MINUTES = 2 * LEAST_MINUTES

_WORDS = {
    AnomalyKind.SLOWER: "slower",
    AnomalyKind.LOAD: "slow under load",
    AnomalyKind.ERRORS: "failing",
    AnomalyKind.SURGE: "more calls",
    AnomalyKind.DROP: "fewer calls",
    AnomalyKind.MIX: "other calls",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared.

    Attributes:
        pages: when somebody would have been woken, by time.
        incidents: everything it would have shown, pages too.
        alarm_minutes: minutes of the judged ones in which a page went on.
        score: against the truth; None where the truth was not given.
    """

    pages: tuple[Page, ...]
    incidents: int
    alarm_minutes: int
    score: Score | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """What two kinds of alerting would have said of the same days.

    Attributes:
        first, cut, last: minutes since the Unix epoch: learned from ``[first, cut)`` and all that came by then, judged in
            ``[cut, last)``.
        rules: the static thresholds; ``found`` says whether they were looked for in ``[first, cut)`` or given.
        happened: the truth within the judged minutes.
        both: pairs of pages (tracetune's, static's) about the same minutes, by position.
    """

    first: int
    cut: int
    last: int
    tracetune: Side
    static: Side
    sightings: tuple[Sighting, ...]
    rules: tuple[Rule, ...]
    found: bool
    happened: tuple[Happening, ...] | None
    both: tuple[tuple[int, int], ...]

    @property
    def judged(self) -> int:
        """How many minutes were judged."""
        return self.last - self.cut


def backtest(
    ingested: Ingested,
    teacher: Teacher,
    *,
    rules: Sequence[Rule],
    happened: Sequence[Happening] | None,
    report: Report,
) -> Backtest:
    """Learn on the first half, then live through the second, learning again each day from what came before.

    Args:
        ingested: the history.
        teacher: how to learn.
        rules: static thresholds to compare with; empty to look for the tightest ones that were silent in the first half.
        happened: what really happened, if it is known.
        report: told each day.

    Raises:
        NotEnoughData: below LEAST_HISTORY_MINUTES.
        InvalidInput: a rule names a service or an operation that is not there.
    """
    series = SeriesBatch.from_minutes(ingested.minutes)
    if series.length < LEAST_HISTORY_MINUTES or not series.keys:
        raise NotEnoughData(
            f"{words.number_of(series.length, 'minute')} of history are too short to learn from one half and judge the other",
            hint=f"give at least {LEAST_HISTORY_MINUTES} minutes; two days or more tell something",
        )
    start, half = series.start_minute, series.length // 2
    judged = range(start + half, start + series.length)
    watched = Watched(ingested.minutes, range(start, judged.stop))
    chosen = tuple(rules) or _found(series, watched, half, happened or ())
    alarms = [alarm for rule in chosen for alarm in static.alarms(rule, watched, judged)]
    sightings = replay(series, ServiceGraph.from_minutes(ingested.minutes), half, teacher, report)
    ours = pages.together([_page(each, each.paged) for each in sightings if each.paged is not None])
    theirs = pages.together(alarms)
    truth = None if happened is None else tuple(each for each in happened if _within(each, judged))
    return Backtest(
        first=start,
        cut=judged.start,
        last=judged.stop,
        tracetune=_side(ours, len(sightings), judged, truth),
        static=_side(theirs, len(alarms), judged, truth),
        sightings=tuple(sightings),
        rules=chosen,
        found=not rules,
        happened=truth,
        both=tuple((a, b) for a, one in enumerate(ours) for b, other in enumerate(theirs) if one.meets(other)),
    )


def _found(series: SeriesBatch, watched: Watched, half: int, happened: Sequence[Happening]) -> tuple[Rule, ...]:
    """The rules that somebody who knows the first half, and its faults, would have set on what users call."""
    minute = np.arange(watched.period.start, watched.period.stop)
    calm = minute < watched.period.start + half
    for each in happened:
        calm &= (minute < each.start) | (minute >= each.end + pages.AFTERMATH_MINUTES)
    entries = [key for key, share in zip(series.keys, series.root_share, strict=True) if share > 0.5]
    return static.found_rules(entries or series.keys, watched, calm)


def _page(sighting: Sighting, at: int) -> Page:
    incident = sighting.incident
    loudest = min(incident.anomalies, key=lambda each: (each.severity is not incident.severity, -each.score))
    about = f"{loudest.key} {_WORDS[loudest.kind]}: {loudest.why}"
    end = incident.end if incident.end is not None else max(at, incident.onset + 1)
    return Page(at, incident.onset, end, about, incident.services)


def _within(happening: Happening, judged: range) -> bool:
    return judged.start <= happening.start < judged.stop


def _side(found: tuple[Page, ...], incidents: int, judged: range, truth: Sequence[Happening] | None) -> Side:
    return Side(found, incidents, pages.lasting(found, judged), None if truth is None else pages.score(found, truth))
