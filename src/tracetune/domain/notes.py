"""What was said to tracetune and by it: be quiet for a while, that was no anomaly, this happened, this was told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tracetune.domain.anomalies import Anomaly, Incident

SIMILAR = 1.1
"""A departure up to this much larger than one that was said to be no anomaly is none either."""


class SilenceKind(StrEnum):
    """Why alerts are held back."""

    SNOOZE = "snooze"  # somebody knows of it
    MAINTENANCE = "maintenance"  # it is planned


@dataclass(frozen=True, slots=True)
class Silence:
    """No alerts about an incident, a service, or anything, for a time; judging and recording go on.

    Attributes:
        incident_id: only this incident; "" for any.
        service_name: only incidents that a service is in; "" for any.
        start, until: seconds since the Unix epoch, half-open; ``until`` is infinite only for one incident, which ends it.
        author: who said so; "" where nobody logged in.
    """

    id: str
    kind: SilenceKind
    incident_id: str
    service_name: str
    start: float
    until: float
    reason: str
    author: str

    def covers(self, incident: Incident, now: float) -> bool:
        """Whether alerts about the incident are held back at this moment."""
        if not self.start <= now < self.until:
            return False
        if self.incident_id:
            return self.incident_id == incident.id
        return not self.service_name or self.service_name in incident.services


@dataclass(frozen=True, slots=True)
class Feedback:
    """An anomaly was said to be none; so are later ones of the same operation and kind that depart no further."""

    id: str
    anomaly_id: str
    service_name: str
    span_name: str
    kind: str
    score: float
    time: float  # seconds since the Unix epoch
    comment: str
    author: str

    def covers(self, anomaly: Anomaly) -> bool:
        """Whether this says that the anomaly is none."""
        if self.anomaly_id == anomaly.id:
            return True
        same = (self.service_name, self.span_name, self.kind) == (*anomaly.key, anomaly.kind.value)
        return same and anomaly.score <= self.score * SIMILAR


@dataclass(frozen=True, slots=True)
class Marker:
    """Something that people or pipelines did: a release, a migration, a load test."""

    id: str
    time: float  # seconds since the Unix epoch
    kind: str
    text: str
    service_name: str
    link: str


@dataclass(frozen=True, slots=True)
class Sending:
    """A channel was told of an incident, for the incident's timeline.

    Attributes:
        occasion: why, as ``domain.alerts.Occasion``.
    """

    id: str
    incident_id: str
    channel: str
    occasion: str
    time: float  # seconds since the Unix epoch


@dataclass(frozen=True, slots=True)
class Notes:
    """Everything that was said and still holds."""

    silences: tuple[Silence, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    markers: tuple[Marker, ...] = ()
    sendings: tuple[Sending, ...] = ()

    def silence(self, incident: Incident, now: float) -> Silence | None:
        """What holds back alerts about the incident, the one that lasts longest; None where nothing does."""
        covering = [each for each in self.silences if each.covers(incident, now)]
        return max(covering, key=lambda each: each.until, default=None)

    def is_dismissed(self, anomaly: Anomaly) -> bool:
        """Whether the anomaly was said to be none."""
        return any(each.covers(anomaly) for each in self.feedback)

    def dismisses(self, incident: Incident) -> bool:
        """Whether every anomaly of the incident was said to be none."""
        return bool(self.feedback) and all(self.is_dismissed(anomaly) for anomaly in incident.anomalies)
