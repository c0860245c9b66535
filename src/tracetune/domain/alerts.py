"""What is told to people outside about an incident: one message on its beginning, on another cause, and on its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from tracetune.domain import words
from tracetune.domain.anomalies import Incident, Severity
from tracetune.domain.causes import CauseKind, CauseRanking

ORDER = (Severity.MINOR, Severity.WARNING, Severity.CRITICAL)


class Occasion(StrEnum):
    """Why a message is sent."""

    OPENED = "opened"
    CHANGED = "changed"  # another service is blamed, or it got worse
    ENDED = "ended"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Alert:
    """One incident as it is told: labels that stay, and what changes.

    Attributes:
        key: the incident's id.
        service: the service blamed when it was first told, else the first that departed; it stays, so that routes by
            service do not flap. ``cause`` is whom it blames now.
        starts: seconds since the Unix epoch.
        silenced_until: seconds since the Unix epoch; 0 where nobody asked for silence.
        link: the address of the incident's page; "" where no address of the server is known.
    """

    key: str
    severity: Severity
    service: str
    cause: str
    headline: str
    details: Mapping[str, str]
    starts: float
    is_open: bool
    silenced_until: float = 0.0
    link: str = ""


def alert_of(incident: Incident, ranking: CauseRanking | None, *, link: str, silenced_until: float = 0.0) -> Alert:
    """The incident as an alert."""
    first = ranking.causes[0] if ranking and ranking.causes else None
    blames = first is not None and first.kind not in (CauseKind.LOAD, CauseKind.UNKNOWN)
    cause = first.service_name if first is not None and blames else ""
    details = {"numbers": incident.anomalies[0].why, "services": ", ".join(incident.services[:8])}
    if first is not None and first.evidence:
        details["evidence"] = first.evidence[0]
    if ranking is not None and ranking.release:
        details["release"] = ranking.release
    return Alert(
        key=incident.id,
        severity=incident.severity,
        service=cause or incident.services[0],
        cause=cause,
        headline=ranking.headline if ranking else incident.anomalies[0].why,
        details=details | {"since": words.timestamp(incident.onset)},
        starts=incident.onset * 60.0,
        is_open=incident.end is None,
        silenced_until=silenced_until,
        link=link,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What one channel was last told about one incident."""

    service: str
    cause: str
    severity: Severity
    silence_id: str = ""  # of a silence that the channel keeps for us …
    silenced_until: float = 0.0  # … until then, seconds since the Unix epoch


def takes(least: Severity, severity: Severity) -> bool:
    """Whether an incident is severe enough for a channel that hears of ``least`` and worse."""
    return ORDER.index(severity) >= ORDER.index(least)


def worse(one: Severity, other: Severity) -> Severity:
    """The more severe of two; a told severity never falls while the incident lasts, so that it does not flap."""
    return max(one, other, key=ORDER.index)


def occasion(alert: Alert, told: Told | None, now: float) -> Occasion | None:
    """Why to send a message to people about this alert now; None where there is nothing new to say.

    An incident that ended before anything was said of it is not told any more: a channel that was away hears of what
    goes on, not of what is over. Silence holds back everything but the end of what was told before.
    """
    if told is None:
        return Occasion.OPENED if alert.is_open and alert.silenced_until <= now else None
    if not alert.is_open:
        return Occasion.ENDED
    changed = alert.cause not in ("", told.cause) or worse(alert.severity, told.severity) != told.severity
    return Occasion.CHANGED if changed and alert.silenced_until <= now else None


def after(alert: Alert, told: Told | None) -> Told:
    """What a channel knows once it was told."""
    if told is None:
        return Told(alert.service, alert.cause, alert.severity)
    return replace(told, cause=alert.cause or told.cause, severity=worse(alert.severity, told.severity))
