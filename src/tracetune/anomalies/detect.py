"""Detect: every stretch in which an operation departed from what was learned, with kind, size and reason."""

from __future__ import annotations

import numpy as np

from tracetune.anomalies import words
from tracetune.anomalies.errors import base_ratio, error_surprise
from tracetune.anomalies.rules import ERRORS, episodes, gather
from tracetune.anomalies.scores import most_errors_by_chance
from tracetune.anomalies.seen import Seen, Size, anomaly, size
from tracetune.anomalies.signals import LATENCIES, LATENCY, Levels, Signals, Thresholds
from tracetune.anomalies.thresholds import FALSE_INCIDENTS_A_WEEK
from tracetune.anomalies.traffic import Traffic, was_served
from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import Anomaly, AnomalyKind
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.series import Metric

__all__ = ["Thresholds", "calibrate", "detect"]

LEAST_CHANGE = 0.15
"""Latency or calls that changed by less than this share of what was expected are left alone, however certain."""

EXPLAINED_SHARE = 0.5
"""Load, or another mix of calls, explains what happened where it is so in this share of the minutes."""

LEAST_CALLS_A_MINUTE = 10
"""A surge or a drop from or to fewer calls is nothing to speak of."""

STRONG_SLOWDOWN, STRONG_ERROR_RATIO, STRONG_DROP = 1.5, 0.05, 0.5
"""From here on users notice: half as slow again, one call in twenty failing, half the calls gone."""


def detect(
    learned: Learned,
    *,
    graph: ServiceGraph | None = None,
    false_incidents_a_week: float = FALSE_INCIDENTS_A_WEEK,
    thresholds: Thresholds | None = None,
) -> tuple[Anomaly, ...]:
    """All anomalies of the period, by onset, then by score downwards.

    Args:
        learned: series and what was expected of them; metrics without a forecast are not judged.
        graph: who calls whom, to tell load that comes in from calls that are repeated inside.
        false_incidents_a_week: budget of false alarms for the whole system.
        thresholds: from ``calibrate`` on other minutes, which the budget was spent on; else they are fitted on these.
    """
    seen = Seen.of(learned)
    if not seen.minute.size or not seen.series.keys:
        return ()
    signals = Signals.of(seen)
    levels = (signals.thresholds(false_incidents_a_week) if thresholds is None else thresholds).of(seen.series.keys)
    traffic = Traffic.of(seen, signals.scores[AnomalyKind.SURGE], graph)
    found = _latency(seen, signals, traffic, levels)
    found += _calls(seen, signals, traffic, AnomalyKind.SURGE, levels)
    found += _calls(seen, signals, traffic, AnomalyKind.DROP, levels)
    found += _errors(seen)
    return tuple(sorted(found, key=lambda each: (each.onset, -each.score, each.key)))


def calibrate(learned: Learned, *, false_incidents_a_week: float = FALSE_INCIDENTS_A_WEEK) -> Thresholds:
    """The thresholds that these minutes allow, for judging later ones: what comes later cannot move them."""
    return Signals.of(Seen.of(learned)).thresholds(false_incidents_a_week)


def _latency(seen: Seen, signals: Signals, traffic: Traffic, levels: Levels) -> list[Anomaly]:
    found = []
    for episode in signals.episodes(LATENCY, levels):
        minutes = slice(episode.onset, episode.end)
        metric = LATENCIES[int(np.argmax(np.nan_to_num(signals.by_latency[:, episode.row, minutes]).sum(axis=1)))]
        departed = size(seen, metric, episode)
        if not (departed.observed > departed.upper and departed.observed >= (1.0 + LEAST_CHANGE) * departed.expected):
            continue
        explained = traffic.overloaded[episode.row, minutes].mean() >= EXPLAINED_SHARE and not was_served(
            seen, signals.scores[LATENCY], episode
        )
        kind = AnomalyKind.LOAD if explained else AnomalyKind.SLOWER
        said = words.latency(metric, departed.observed, departed.lower, departed.upper)
        if explained:
            said += ", while there were more calls than expected"
        strong = departed.observed >= STRONG_SLOWDOWN * departed.expected
        found.append(anomaly(seen, episode, kind, departed, said, strong=strong))
    return found


def _calls(seen: Seen, signals: Signals, traffic: Traffic, direction: AnomalyKind, levels: Levels) -> list[Anomaly]:
    found = []
    for episode in signals.episodes(direction, levels):
        departed = size(seen, Metric.CALLS, episode)
        change = abs(departed.observed / departed.expected - 1.0) if departed.expected > 0 else np.inf
        if max(departed.observed, departed.expected) < LEAST_CALLS_A_MINUTE or change < LEAST_CHANGE:
            continue
        said = words.calls(departed.observed, departed.lower, departed.upper)
        mixed = traffic.mixed[episode.onset : episode.end].mean() >= EXPLAINED_SHARE
        if mixed:
            said += ", while as many as expected came in together"
        elif traffic.repeated[episode.row, episode.onset : episode.end].mean() >= EXPLAINED_SHARE:
            said += ", while no more came in: callers repeat their calls"
        kind = AnomalyKind.MIX if mixed else direction
        strong = kind is AnomalyKind.DROP and change >= STRONG_DROP
        found.append(anomaly(seen, episode, kind, departed, said, strong=strong))
    return found


def _errors(seen: Seen) -> list[Anomaly]:
    calls = np.nan_to_num(seen.metrics[Metric.CALLS])
    failed = np.round(np.nan_to_num(seen.metrics[Metric.ERROR_RATIO]) * calls)
    ratio = base_ratio(failed, calls)
    surprise = error_surprise(failed, calls, ratio)
    found = []
    levels = np.full(len(surprise), ERRORS.least)
    for episode in episodes(surprise, gather(surprise, ERRORS), levels, ERRORS):
        minutes = slice(episode.onset, episode.end)
        total, bad = int(calls[episode.row, minutes].sum()), int(failed[episode.row, minutes].sum())
        base = float(np.nanmedian(ratio[episode.row, minutes]))
        departed = Size(bad / total, 0.0, base, most_errors_by_chance(total, base) / total)
        said = words.errors(departed.observed, departed.upper, bad, total)
        strong = departed.observed - base >= STRONG_ERROR_RATIO
        found.append(anomaly(seen, episode, AnomalyKind.ERRORS, departed, said, strong=strong))
    return found
