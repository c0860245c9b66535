"""Why an incident happened: causes in order, with what speaks for and against each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tracetune.domain import words
from tracetune.domain.series import SeriesKey


class CauseKind(StrEnum):
    """Where the added time (or the errors) came from."""

    OWN_TIME = "own_time"  # the service's own time on the critical path grew
    GAP = "gap"  # the time between client and server grew: network, queue or connection pool
    ERRORS = "errors"  # the service's own errors grew
    LOAD = "load"  # more calls than forecast; code is not to blame
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Contribution:
    """One service's part in the mean critical path of an entry operation, in seconds a trace."""

    service_name: str
    usual_seconds: float
    now_seconds: float
    share_of_rise: (
        float  # of the entry's rise in mean duration; negative where it became quicker, above 1 where others did
    )

    @property
    def of_the_rise(self) -> str:
        """Its share in words."""
        return words.of_the_rise(self.share_of_rise, self.now_seconds - self.usual_seconds)

    @property
    def is_beyond_the_rise(self) -> bool:
        """Whether its share wants a word of explanation, because others became quicker meanwhile."""
        return self.share_of_rise > words.WHOLE


@dataclass(frozen=True, slots=True)
class Cause:
    """One candidate, with its evidence.

    Attributes:
        confidence: 0 to 1; the confidences of a ranking sum to at most 1.
        evidence: sentences with numbers that speak for it.
        against: sentences with numbers that speak against it, or what was looked at and found normal.
    """

    service_name: str
    span_name: str  # "" where it is the service as a whole
    kind: CauseKind
    confidence: float
    evidence: tuple[str, ...]
    against: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CauseRanking:
    """The causes of one incident, the likeliest first.

    Attributes:
        headline: one sentence, as "GET /checkout is slow because of payments".
        entry: the entry operation that the decomposition is about; None where no whole trace passed through.
        usual_seconds, now_seconds: its mean duration before and during the incident; NaN without an entry.
        contributions: by share of the rise downwards; their rises sum to the entry's rise.
        release: "payments 4.18.0 at 13:42" where a version first seen shortly before the onset is the likely trigger.
    """

    incident_id: str
    headline: str
    causes: tuple[Cause, ...]
    entry: SeriesKey | None
    usual_seconds: float
    now_seconds: float
    contributions: tuple[Contribution, ...]
    release: str = ""
