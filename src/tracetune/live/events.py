"""What happens while tracetune runs, as typed values that a subscriber receives."""

from __future__ import annotations

from dataclasses import dataclass

from tracetune.domain.anomalies import Incident
from tracetune.domain.causes import CauseRanking


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """An incident as it is kept: found once under an id that it never loses, with the causes as they were last judged.

    Attributes:
        found: the closed minute (since the Unix epoch) at whose end it was first said.
        changed: the closed minute at whose end anything of it last changed.
    """

    incident: Incident
    ranking: CauseRanking | None
    found: int
    changed: int

    @property
    def is_open(self) -> bool:
        """Whether it goes on in the last minute seen."""
        return self.incident.end is None


@dataclass(frozen=True, slots=True)
class MinuteClosed:
    """A minute was closed, judged and published as snapshot ``version``."""

    minute: int
    version: int


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    """An incident was found."""

    record: IncidentRecord


@dataclass(frozen=True, slots=True)
class IncidentChanged:
    """A known incident has another first cause, severity, or more operations in it."""

    record: IncidentRecord


@dataclass(frozen=True, slots=True)
class IncidentEnded:
    """A known incident is over."""

    record: IncidentRecord


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Training went on: ``done`` of ``total`` steps; ``failed`` says why it ended early, else ""."""

    done: int
    total: int
    failed: str = ""


Event = MinuteClosed | IncidentOpened | IncidentChanged | IncidentEnded | TrainingProgress
