"""The minutes to learn from: without those that departed lately, which may be an incident that goes on."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool
from numpy.typing import NDArray

from tracetune.anomalies.rules import URGENT, gather
from tracetune.anomalies.seen import Seen
from tracetune.domain.analysis import Learned
from tracetune.domain.series import Metric, SeriesBatch

LATELY_MINUTES = 60
"""What departed earlier than that is learned from: it ended, or it has become what is normal."""

_LATENCIES = (Metric.LATENCY_P50, Metric.LATENCY_P95, Metric.SELF_TIME_P50, Metric.SELF_TIME_P95)


def without_departed(learned: Learned) -> SeriesBatch:
    """The same series, where latencies that lately departed far count as not observed.

    A model that is fitted while an incident begins takes it for noise: its bands, calibrated on the newest minutes, become
    so wide that the incident is never found. One minute alone is a spike and stays: two of three must have departed.
    """
    series = learned.series
    departed = _departed(learned)
    if not departed.any():
        return series
    metrics = dict(series.metrics)
    for metric in _LATENCIES:
        metrics[metric] = np.where(departed, np.nan, metrics[metric])
    return SeriesBatch(series.keys, series.start_minute, metrics, series.observed, series.root_share)


def _departed(learned: Learned) -> Bool[NDArray[np.bool_], "series minute"]:
    seen = Seen.of(learned)
    scores = np.fmax(seen.departure(Metric.LATENCY_P50), seen.departure(Metric.LATENCY_P95))
    scores[:, seen.minute < learned.series.start_minute + learned.series.length - LATELY_MINUTES] = np.nan
    suffices = gather(scores, URGENT) >= URGENT.least
    together = suffices.copy()
    for later in range(1, URGENT.minutes):  # the minutes of a stretch before it suffices
        together[:, :-later] |= suffices[:, later:]
    found = np.zeros((len(learned.series.keys), learned.series.length), np.bool_)
    found[:, seen.minute - learned.series.start_minute] = together & (np.nan_to_num(scores) >= URGENT.least)
    return found
