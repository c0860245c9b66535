"""Minutes that departed from the forecast, and the incidents they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tracetune.domain.series import SeriesKey


class AnomalyKind(StrEnum):
    """In which way an operation departed from its forecast."""

    SLOWER = "slower"  # latency above the band, and load does not explain it
    LOAD = "load"  # latency above the band together with more calls than expected
    ERRORS = "errors"  # more errors than chance allows
    SURGE = "surge"  # more calls than expected
    DROP = "drop"  # fewer calls than expected
    MIX = "mix"  # other calls than expected, as many in all


class Severity(StrEnum):
    """How loud to be about it; only ``critical`` may page."""

    CRITICAL = "critical"
    WARNING = "warning"
    MINOR = "minor"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One operation outside its expected range for some minutes.

    Attributes:
        id: short and stable for the same operation, kind and onset, as ``a-7f21c0``.
        onset, end: minutes since the Unix epoch, half-open; ``end`` is None while it goes on in the last minute seen.
        score: the peak on the one scale of all models; above 1 is anomalous.
        observed, expected_lower, expected, expected_upper: in the unit of the kind (seconds, ratio 0-1, calls a minute), over
            the anomalous minutes: the median of what was seen and of what was expected.
        calls: calls in the anomalous minutes.
        why: one sentence with the numbers, for people.
    """

    id: str
    key: SeriesKey
    kind: AnomalyKind
    severity: Severity
    onset: int
    end: int | None
    score: float
    observed: float
    expected_lower: float
    expected: float
    expected_upper: float
    calls: int
    why: str


@dataclass(frozen=True, slots=True)
class Incident:
    """Anomalies that belong together by time and by calls between their services.

    Attributes:
        id: short and stable, as ``INC-3f9c``.
        anomalies: by onset, then by score downwards.
        onset, end: minutes since the Unix epoch, half-open; ``end`` is None while any anomaly goes on.
        kind: what the incident is about as a whole.
    """

    id: str
    anomalies: tuple[Anomaly, ...]
    kind: AnomalyKind
    severity: Severity
    onset: int
    end: int | None

    @property
    def services(self) -> tuple[str, ...]:
        """Names of the services in it, in order of onset."""
        return tuple(dict.fromkeys(anomaly.key.service_name for anomaly in self.anomalies))
