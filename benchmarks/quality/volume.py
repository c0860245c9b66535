"""VUS-PR: the volume under the precision-recall curve over how far around an anomaly a score still counts.

Not an online measure, and not tuned on: a trailing mean lifts it (0.20 to 0.47 on one public set), so each figure is of scores
as they are. Beside it stand the events, which say what a user would have seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MOST_BUFFER = 20
"""Readings around an anomaly, at most, in which a score may count; every length from 0 to this is one slice."""


def vus_pr(scores: Array, labelled: Mask, most_buffer: int = MOST_BUFFER) -> float:
    """The mean area under the range-based precision-recall curve for all buffer lengths up to ``most_buffer``.

    Args:
        scores: (reading,), higher is more anomalous; NaN is no score, the lowest of all.
        labelled: (reading,), the anomalies, each a stretch.
        most_buffer: in readings.

    Source: Paparrizos, Boniol, Palpanas, Tsay, Elmore, Franklin, Volume Under the Surface: A New Accuracy Evaluation Measure
    for Time-Series Anomaly Detection (2022), equations 3 to 9; at every distinct score, where their code takes 250.
    """
    if not labelled.any():
        return float("nan")
    known = np.where(np.isnan(scores), -np.inf, scores)
    return float(np.mean([range_auc_pr(known, labelled, length) for length in range(most_buffer + 1)]))


def range_auc_pr(scores: Array, labelled: Mask, buffer: int) -> float:
    """The area for one buffer length: recall is the weight found, times the share of anomalies that were met at all."""
    weight = extended(labelled, buffer)
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.append(ranked[1:] != ranked[:-1], np.bool_(1))  # of readings with the same score
    found = np.cumsum(weight[order])[last]
    count = (np.flatnonzero(last) + 1).astype(np.float64)
    met = np.searchsorted(np.sort(-_best_of_each(scores, weight > 0)), -ranked[last], side="right")
    positives = 0.5 * (labelled.sum() + weight.sum())
    existence = met / max(int(met[-1]), 1)
    recall = np.minimum(found / positives, 1.0) * existence
    precision = found / count
    return float((np.diff(np.append(0.0, recall)) * precision).sum())


def extended(labelled: Mask, buffer: int) -> Array:
    """1 inside each anomaly, falling with the root of the distance to 0.7 at half a buffer on both sides, else 0."""
    weight = labelled.astype(np.float64)
    if not buffer:
        return weight
    edges = np.flatnonzero(np.diff(np.concatenate([[False], labelled, [False]]).astype(np.int8)))
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        for away in range(1, buffer // 2 + 1):
            for at in (first - away, end - 1 + away):
                if 0 <= at < len(weight):
                    weight[at] = min(weight[at] + np.sqrt(1.0 - away / buffer), 1.0)
    return weight


def _best_of_each(scores: Array, within: Mask) -> Array:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], within, [False]]).astype(np.int8)))
    return np.array([scores[first:end].max() for first, end in zip(edges[::2], edges[1::2], strict=True)])
