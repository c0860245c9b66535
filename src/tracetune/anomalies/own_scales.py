"""How far the evidence of each series rises in calm beside the others', trusted as far as it repeats itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEAST, MOST = 0.7, 2.0
"""Factors of the common level between which a series' own may lie: one quiet week does not make a pager of small noise."""

LEAST_MINUTES = 240
"""Known minutes of a half from which its height is read; with fewer in either half the series says nothing of itself."""

LEAST_SERIES = 20
"""Fewer cannot show how much the two halves agree; then all have the common level."""

TAIL_START = 0.98
"""The quantile of a series' calm evidence that is its height."""

_LEAST_HEIGHT = 0.25
_MOST_AGREEMENT = 0.98


@dataclass(frozen=True, slots=True)
class OwnScales:
    """Factors of the common level, by series.

    Attributes:
        whole: from all minutes, to judge later ones by.
        first, second: from the second half of the minutes and from the first, each for judging the other: a scale fits the
            minutes it was read from better than any later one, and a tail that is fitted on those would be too short.
    """

    whole: Float[Array, " series"]
    first: Float[Array, " series"]
    second: Float[Array, " series"]

    @classmethod
    def equal(cls, count: int) -> OwnScales:
        """The common level for everyone."""
        ones = np.ones(count)
        return cls(ones, ones, ones)

    @classmethod
    def of(cls, calm: Float[Array, "series minute"], calls: Float[Array, " series"]) -> OwnScales:
        """Empirical Bayes: each series' height, shrunk toward that of operations with as many calls.

        How much a height counts is how well those of the two halves agree over all series, for as many minutes as are known
        of this one. Heights that differ by chance alone do not agree, and everyone has what its calls let expect.

        Args:
            calm: evidence; -inf where there was none, or where it belongs to an incident.
            calls: a minute, by series.

        Source: Kelley, Statistical Method (1923), the regression of a true score on a measured one; Spearman (1910) and
        Brown (1910) for the reliability of a measure from that of its halves; Efron, Morris, Data Analysis Using Stein's
        Estimator (1975), for shrinking toward a regression.
        """
        half = calm.shape[1] // 2
        parts = [_heights(each) for each in (calm, calm[:, half:], calm[:, :half])]
        heights, known = (np.stack(each) for each in zip(*parts, strict=True))
        both = np.isfinite(heights).all(axis=0)
        if both.sum() < LEAST_SERIES:
            return cls.equal(len(calm))
        by_calls = np.stack([np.ones(len(calls)), np.log(np.maximum(calls, 0.1))], axis=1)  # (series, 2)
        usual = (by_calls @ np.linalg.lstsq(by_calls[both], heights[:, both].T)[0]).T  # (part, series)
        apart = np.where(both, heights - usual, 0.0)
        agreement = _agreement(apart[1, both], apart[2, both])
        doubt = float(known[0, both].mean()) * (1.0 - agreement) / max(agreement, 1e-6)  # minutes that count as half
        shrunk = usual - usual[:, both].mean(axis=1, keepdims=True) + apart * known / (known + doubt)
        return cls(*np.clip(np.exp(shrunk), LEAST, MOST))

    def divide(self, evidence: Float[Array, "series minute"]) -> Float[Array, "series minute"]:
        """The evidence on the scale that all share, each half by what the other says."""
        half = evidence.shape[1] // 2
        return np.concatenate(
            [evidence[:, :half] / self.first[:, None], evidence[:, half:] / self.second[:, None]], axis=1
        )


def _heights(evidence: Float[Array, "series minute"]) -> tuple[Float[Array, " series"], Float[Array, " series"]]:
    """Logarithm of each row's quantile at TAIL_START, NaN where too few minutes are known; and how many are."""
    known = np.isfinite(evidence).sum(axis=1)
    length = evidence.shape[1]
    beyond = np.ceil((1.0 - TAIL_START) * known).astype(np.int64)
    most = int(beyond.max(initial=0)) + 1
    if most > length:
        return np.full(len(evidence), np.nan), known.astype(np.float64)
    top = np.sort(
        np.partition(evidence, length - most, axis=1)[:, length - most :], axis=1
    )  # what is unknown sorts first
    at = np.take_along_axis(top, (most - 1 - beyond)[:, None], axis=1)[:, 0]
    return np.where(known >= LEAST_MINUTES, np.log(np.maximum(at, _LEAST_HEIGHT)), np.nan), known.astype(np.float64)


def _agreement(first: Float[Array, " series"], second: Float[Array, " series"]) -> float:
    """The reliability of a height of both halves together, 0 to 1."""
    spread = 0.5 * float(np.square(first).mean() + np.square(second).mean())
    of_half = float(np.clip((first * second).mean() / max(spread, 1e-9), 0.0, _MOST_AGREEMENT))
    return 2.0 * of_half / (1.0 + of_half)
