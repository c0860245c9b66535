"""The one sentence that stands first: what happened, that nothing did, or that it cannot be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tracetune.domain import words
from tracetune.domain.analysis import Ingested, Learned
from tracetune.domain.anomalies import Incident, Severity
from tracetune.domain.causes import CauseRanking

MANY = 3
"""More incidents than these are counted, not listed."""


def headline(
    ingested: Ingested, learned: Learned, incidents: Sequence[Incident], rankings: Mapping[str, CauseRanking]
) -> str:
    """One sentence; incidents come with the most severe first."""
    if not ingested.spans:
        return "No usable spans were found."
    services = words.number_of(ingested.services, "service")
    if not learned.forecasts:
        return (
            f"{services.capitalize()} in {words.number_of(ingested.traces, 'trace')}: too short to say what is normal."
        )
    loud = [incident for incident in incidents if incident.severity is not Severity.MINOR]
    if not loud:
        return f"All {services} are as expected{_minor(incidents)}."
    sentence = _dated(rankings[loud[0].id].headline, loud[0])
    rest = len(loud) - 1
    if rest == 0:
        return f"{sentence}."
    if rest == 1 and len(incidents) <= MANY:
        return f"{sentence}; {_decapitalised(_dated(rankings[loud[1].id].headline, loud[1]))}."
    return f"{sentence}; {words.number_of(rest, 'more incident')}."


def _dated(sentence: str, incident: Incident) -> str:
    since = words.clock(incident.onset)
    when = f"since {since}" if incident.end is None else f"{since}–{words.clock(incident.end)}"
    return f"{sentence.rstrip('.')} ({when})"


def _decapitalised(sentence: str) -> str:
    """In the middle of a sentence; names and methods (GET) keep their capitals."""
    head, _, rest = sentence.partition(" ")
    return sentence if head.isupper() else f"{head[:1].lower()}{head[1:]} {rest}"


def _minor(incidents: Sequence[Incident]) -> str:
    return f"; {words.number_of(len(incidents), 'minor departure')}" if incidents else ""
