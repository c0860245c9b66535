"""Detect: every stretch in which an operation departed from what was learned, with kind, size and reason."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.anomalies import words
from tracetune.anomalies.errors import base_ratio, error_surprise
from tracetune.anomalies.rules import (
    ERRORS,
    PATIENT,
    QUICK,
    Episode,
    Evidence,
    episodes,
    gather,
    united,
)
from tracetune.anomalies.scores import departure, most_errors_by_chance, with_enough_calls
from tracetune.anomalies.thresholds import FALSE_INCIDENTS_A_WEEK, threshold
from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Severity
from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER
from tracetune.domain.series import Metric, SeriesBatch

Array = NDArray[np.float64]

LATENCIES = (Metric.LATENCY_P50, Metric.LATENCY_P95)

LEAST_CHANGE = 0.15
"""Latency or calls that changed by less than this share of what was expected are left alone, however certain."""

LOAD_SIGMAS = 2.33
"""Calls above the upper bound of their own 98 % band explain latency …"""

LOAD_SHARE = 0.5
"""… where they are so in this share of the slow minutes."""

LEAST_CALLS_A_MINUTE = 10
"""A surge or a drop from or to fewer calls is nothing to speak of."""

LEAST_CALLS_TO_PAGE = 100
"""Fewer calls in all the anomalous minutes can warn, not page."""

_LATENCY = "latency"
_RULES = {_LATENCY: (QUICK, PATIENT)}
"""Calls have QUICK alone: what goes on for twenty minutes with a small change of calls is the time of day."""

STRONG_SLOWDOWN, STRONG_ERROR_RATIO, STRONG_DROP = 1.5, 0.05, 0.5
"""From here on users notice: half as slow again, one call in twenty failing, half the calls gone."""


@dataclass(frozen=True, slots=True)
class _Seen:
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
    def of(cls, learned: Learned) -> _Seen:
        series = learned.series
        at = np.flatnonzero(series.observed)
        metrics = {metric: values[:, at] for metric, values in series.metrics.items()}
        expected = {metric: each.values[:, : series.length][:, at] for metric, each in learned.forecasts.items()}
        return cls(series, series.start_minute + at, metrics, expected)

    def departure(self, metric: Metric) -> Float[Array, "series minute"]:
        if metric not in self.expected:
            return np.full_like(self.metrics[metric], np.nan)
        return departure(metric, self.metrics[metric], self.expected[metric])


Thresholds = Mapping[tuple[str, Evidence], float]
"""How much evidence is an alarm, by signal and rule."""


def detect(
    learned: Learned,
    *,
    false_incidents_a_week: float = FALSE_INCIDENTS_A_WEEK,
    thresholds: Thresholds | None = None,
) -> tuple[Anomaly, ...]:
    """All anomalies of the period, by onset, then by score downwards.

    Args:
        learned: series and what was expected of them; metrics without a forecast are not judged.
        false_incidents_a_week: budget of false alarms for the whole system.
        thresholds: from ``calibrate`` on other minutes, which the budget was spent on; else they are fitted on these.
    """
    seen = _Seen.of(learned)
    if not seen.minute.size or not seen.series.keys:
        return ()
    signals = _Signals.of(seen)
    levels = signals.thresholds(false_incidents_a_week) if thresholds is None else thresholds
    found = _latency(seen, signals, levels)
    found += _calls(seen, signals, AnomalyKind.SURGE, levels)
    found += _calls(seen, signals, AnomalyKind.DROP, levels)
    found += _errors(seen)
    return tuple(sorted(found, key=lambda anomaly: (anomaly.onset, -anomaly.score, anomaly.key)))


def calibrate(learned: Learned, *, false_incidents_a_week: float = FALSE_INCIDENTS_A_WEEK) -> Thresholds:
    """The thresholds that these minutes allow, for judging later ones: what comes later cannot move them."""
    return _Signals.of(_Seen.of(learned)).thresholds(false_incidents_a_week)


@dataclass(frozen=True, slots=True)
class _Signals:
    """The scores on the observed minutes, and the evidence that each rule gathers from them.

    Attributes:
        by_latency: of each of LATENCIES.
        scores: by signal: _LATENCY for both latencies together, else the kind of the anomaly of the calls.
        gathered: by signal and rule.
    """

    by_latency: Float[Array, "metric series minute"]
    scores: dict[str, Float[Array, "series minute"]]
    gathered: dict[tuple[str, Evidence], Float[Array, "series minute"]]

    @classmethod
    def of(cls, seen: _Seen) -> _Signals:
        calls = seen.metrics[Metric.CALLS]
        by_latency = np.stack([with_enough_calls(seen.departure(metric), calls) for metric in LATENCIES])
        of_calls = seen.departure(Metric.CALLS)
        scores: dict[str, Array] = {
            _LATENCY: np.fmax(by_latency[0], by_latency[1]),
            AnomalyKind.SURGE: of_calls,
            AnomalyKind.DROP: -of_calls,
        }
        gathered = {
            (name, rule): gather(values, rule) for name, values in scores.items() for rule in _RULES.get(name, (QUICK,))
        }
        return cls(by_latency, scores, gathered)

    def thresholds(self, budget: float) -> Thresholds:
        return {
            (name, rule): threshold(evidence, rule, false_incidents_a_week=budget)
            for (name, rule), evidence in self.gathered.items()
        }

    def episodes(self, signal: str, levels: Thresholds) -> list[Episode]:
        found: list[Episode] = []
        for (name, rule), evidence in self.gathered.items():
            if name == signal:
                found += episodes(self.scores[name], evidence, levels[name, rule], rule)
        return united(found)


def _latency(seen: _Seen, signals: _Signals, levels: Thresholds) -> list[Anomaly]:
    overload = np.fmax(np.nan_to_num(signals.scores[AnomalyKind.SURGE]), _service_departure(seen)) >= LOAD_SIGMAS
    found = []
    for episode in signals.episodes(_LATENCY, levels):
        minutes = slice(episode.onset, episode.end)
        metric = LATENCIES[int(np.argmax(np.nan_to_num(signals.by_latency[:, episode.row, minutes]).sum(axis=1)))]
        size = _size(seen, metric, episode, signals.scores[_LATENCY])
        if not (size.observed > size.upper and size.observed >= (1.0 + LEAST_CHANGE) * size.expected):
            continue
        explained = overload[episode.row, minutes].mean() >= LOAD_SHARE
        kind = AnomalyKind.LOAD if explained else AnomalyKind.SLOWER
        said = words.latency(metric, size.observed, size.lower, size.upper)
        if explained:
            said += ", while there were more calls than expected"
        strong = size.observed >= STRONG_SLOWDOWN * size.expected
        found.append(_anomaly(seen, episode, kind, size, said, strong=strong))
    return found


def _calls(seen: _Seen, signals: _Signals, kind: AnomalyKind, levels: Thresholds) -> list[Anomaly]:
    found = []
    for episode in signals.episodes(kind, levels):
        size = _size(seen, Metric.CALLS, episode, signals.scores[kind])
        change = abs(size.observed / size.expected - 1.0) if size.expected > 0 else np.inf
        if max(size.observed, size.expected) < LEAST_CALLS_A_MINUTE or change < LEAST_CHANGE:
            continue
        said = words.calls(size.observed, size.lower, size.upper)
        strong = kind is AnomalyKind.DROP and change >= STRONG_DROP
        found.append(_anomaly(seen, episode, kind, size, said, strong=strong))
    return found


def _errors(seen: _Seen) -> list[Anomaly]:
    calls = np.nan_to_num(seen.metrics[Metric.CALLS])
    failed = np.round(np.nan_to_num(seen.metrics[Metric.ERROR_RATIO]) * calls)
    ratio = base_ratio(failed, calls)
    surprise = error_surprise(failed, calls, ratio)
    found = []
    for episode in episodes(surprise, gather(surprise, ERRORS), ERRORS.least, ERRORS):
        minutes = slice(episode.onset, episode.end)
        total, bad = int(calls[episode.row, minutes].sum()), int(failed[episode.row, minutes].sum())
        base = float(np.nanmedian(ratio[episode.row, minutes]))
        size = _Size(bad / total, 0.0, base, most_errors_by_chance(total, base) / total)
        said = words.errors(size.observed, size.upper, bad, total)
        strong = size.observed - base >= STRONG_ERROR_RATIO
        found.append(_anomaly(seen, episode, AnomalyKind.ERRORS, size, said, strong=strong))
    return found


@dataclass(frozen=True, slots=True)
class _Size:
    observed: float
    lower: float
    expected: float
    upper: float


def _size(seen: _Seen, metric: Metric, episode: Episode, scores: Float[Array, "series minute"]) -> _Size:
    """Medians over the scored minutes of the episode, in the metric's unit."""
    minutes = slice(episode.onset, episode.end)
    scored = np.isfinite(scores[episode.row, minutes])
    expected = np.median(seen.expected[metric][episode.row, minutes][scored], axis=0)
    observed = float(np.nanmedian(seen.metrics[metric][episode.row, minutes][scored]))
    return _Size(observed, float(expected[LOWER]), float(expected[MIDDLE]), float(expected[UPPER]))


def _service_departure(seen: _Seen) -> Float[Array, "series minute"]:
    """How far all calls of the series' service together departed: one operation's surge slows its neighbours too."""
    if Metric.CALLS not in seen.expected:
        return np.zeros_like(seen.metrics[Metric.CALLS])
    names = sorted({key.service_name for key in seen.series.keys})
    service = np.array([names.index(key.service_name) for key in seen.series.keys])
    excess, variance = (np.zeros((len(names), seen.minute.size)) for _ in range(2))
    expected = np.nan_to_num(seen.expected[Metric.CALLS])
    np.add.at(excess, service, np.nan_to_num(seen.metrics[Metric.CALLS] - expected[:, :, MIDDLE]))
    np.add.at(variance, service, np.square((expected[:, :, UPPER] - expected[:, :, MIDDLE]) / LOAD_SIGMAS))
    together: Array = excess / np.sqrt(np.maximum(variance, 1.0))
    by_series: Array = together[service]
    return by_series


def _anomaly(seen: _Seen, episode: Episode, kind: AnomalyKind, size: _Size, said: str, *, strong: bool) -> Anomaly:
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
        observed=size.observed,
        expected_lower=size.lower,
        expected=size.expected,
        expected_upper=size.upper,
        calls=calls,
        why=f"{said}, {lasting}{counted}",
    )


def _severity(kind: AnomalyKind, *, users_wait: bool, calls: int, strong: bool) -> Severity:
    """Critical only where users wait: a strong departure of something that they call themselves, in enough calls."""
    if kind is AnomalyKind.SURGE or not strong:
        return Severity.MINOR
    enough = kind is AnomalyKind.DROP or calls >= LEAST_CALLS_TO_PAGE  # a drop has few calls by nature
    pages = users_wait and enough and kind is not AnomalyKind.LOAD
    return Severity.CRITICAL if pages else Severity.WARNING


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=3).hexdigest()
