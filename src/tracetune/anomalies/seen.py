"""What was seen beside what was expected, on the observed minutes, and how an anomaly is made of a stretch of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.anomalies import words
from tracetune.anomalies.rules import Episode
from tracetune.anomalies.scores import departure
from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Severity
from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER
from tracetune.domain.series import Metric, SeriesBatch

Array = NDArray[np.float64]

FEW_CALLS_SHARE = 0.4
"""Above this share of the calls expected, the band holds as it is: measured, it costs recall to touch it there."""

LEAST_CALLS_TO_PAGE = 100
"""Fewer calls in all the anomalous minutes can warn, not page."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The observed minutes only, side by side: an outage of the traces is no evidence and ends nothing.

    Attributes:
        minute: (minute,), minutes since the Unix epoch of each column.
        expected: quantiles by metric on the same columns.
    """

    series: SeriesBatch
    minute: NDArray[np.int64]
    metrics: dict[Metric, Float[Array, "series minute"]]
    expected: dict[Metric, Float[Array, "series minute quantile"]]

    @classmethod
    def of(cls, learned: Learned) -> Seen:
        """The observed minutes of what was learned."""
        series = learned.series
        at = np.flatnonzero(series.observed)
        # A slice of all minutes is no copy, and usually all were observed.
        chosen = slice(None) if len(at) == series.length else at
        metrics = {metric: values[:, chosen] for metric, values in series.metrics.items()}
        expected = {metric: each.values[:, : series.length][:, chosen] for metric, each in learned.forecasts.items()}
        return cls(series, series.start_minute + at, metrics, expected)

    def departure(self, metric: Metric) -> Float[Array, "series minute"]:
        """How far each minute departed; NaN where the metric has no forecast.

        Latency of far fewer calls than expected scatters more than its band, which was learned from many: by the root of
        their ratio, as any quantile of a sample does.
        """
        if metric not in self.expected:
            return np.full_like(self.metrics[metric], np.nan)
        departed = departure(metric, self.metrics[metric], self.expected[metric])
        if metric is Metric.CALLS or Metric.CALLS not in self.expected:
            return departed
        with np.errstate(divide="ignore", invalid="ignore"):
            share = self.metrics[Metric.CALLS] / self.expected[Metric.CALLS][:, :, MIDDLE]
        return np.where(share < FEW_CALLS_SHARE, departed * np.sqrt(np.maximum(share, 0.0)), departed)


@dataclass(frozen=True, slots=True)
class Size:
    """What was seen and expected over an episode, in the metric's unit."""

    observed: float
    lower: float
    expected: float
    upper: float


def size(seen: Seen, metric: Metric, episode: Episode) -> Size:
    """Medians over the minutes of the episode that were seen and expected, in the metric's unit."""
    values = seen.metrics[metric][episode.row, episode.onset : episode.end]
    quantiles = seen.expected[metric][episode.row, episode.onset : episode.end]
    judged = np.isfinite(values) & np.isfinite(quantiles[:, MIDDLE])
    expected = np.median(quantiles[judged], axis=0)
    observed = float(np.median(values[judged]))
    return Size(observed, float(expected[LOWER]), float(expected[MIDDLE]), float(expected[UPPER]))


def anomaly(seen: Seen, episode: Episode, kind: AnomalyKind, found: Size, said: str, *, strong: bool) -> Anomaly:
    """The anomaly of an episode; ``said`` begins its sentence, ``strong`` is what users notice."""
    key = seen.series.keys[episode.row]
    onset, last = int(seen.minute[episode.onset]), int(seen.minute[episode.end - 1])
    calls = int(np.nan_to_num(seen.metrics[Metric.CALLS][episode.row, episode.onset : episode.end]).sum())
    lasting = words.span_of_time(last + 1 - onset, ongoing=episode.ongoing)
    counted = "" if kind is AnomalyKind.ERRORS else f" ({calls:,} calls)"
    return Anomaly(
        id=f"a-{_digest(key.service_name, key.span_name, kind, str(onset))}",
        key=key,
        kind=kind,
        severity=_severity(
            kind, users_wait=bool(seen.series.root_share[episode.row] > 0.5), calls=calls, strong=strong
        ),
        onset=onset,
        end=None if episode.ongoing else last + 1,
        score=episode.score,
        observed=found.observed,
        expected_lower=found.lower,
        expected=found.expected,
        expected_upper=found.upper,
        calls=calls,
        why=f"{said}, {lasting}{counted}",
    )


def _severity(kind: AnomalyKind, *, users_wait: bool, calls: int, strong: bool) -> Severity:
    """Critical only where users wait: a strong departure of something that they call themselves, in enough calls."""
    if kind in (AnomalyKind.SURGE, AnomalyKind.MIX) or not strong:
        return Severity.MINOR
    enough = kind is AnomalyKind.DROP or calls >= LEAST_CALLS_TO_PAGE  # a drop has few calls by nature
    pages = users_wait and enough and kind is not AnomalyKind.LOAD
    return Severity.CRITICAL if pages else Severity.WARNING


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=3).hexdigest()
