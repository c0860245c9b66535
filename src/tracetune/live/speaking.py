"""Says in one sentence which models judge the minutes, since when, and why no better ones do."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tracetune.domain import words
from tracetune.forecasting.learn import LEAST_MINUTES, LEAST_MINUTES_TO_COMPETE, Normal
from tracetune.stores.models import PRODUCTION

_SHOWN = 3


def spoken(normal: Normal | None, *, since: int, seen: int, wanted: int, version: int = 0) -> str:
    """The sentence.

    Args:
        normal: the models in force; None where there are none yet.
        since: the minute since the Unix epoch from which on they judge.
        seen: minutes of history there are now.
        wanted: minutes of history that make the daily models whole.
        version: of the registry, where a promoted model judges; else 0.
    """
    if normal is None or not normal.models:
        return f"nothing is judged yet: {seen} of the first {LEAST_MINUTES} minutes are here"
    who = f"version {version} of the registry, which is {PRODUCTION}: {_shares(normal)}" if version else _shares(normal)
    return f"{who}; since {words.clock(since)}; {_why(normal, seen, wanted, version)}"


def _shares(normal: Normal) -> str:
    """Each model with its share of the series that were compared, the largest first."""
    counted: Counter[str] = Counter()
    for chosen in normal.models.values():
        counts = np.bincount(chosen.speakers, minlength=len(chosen.predictors))
        for predictor, count in zip(chosen.predictors, counts.tolist(), strict=True):
            counted[predictor.name] += count
    total = max(counted.total(), 1)
    shares = [f"{name} judges {words.share(count / total)}" for name, count in counted.most_common(_SHOWN) if count]
    return ", ".join(shares) + " of the series"


def _why(normal: Normal, seen: int, wanted: int, version: int) -> str:
    if version:
        return "nothing else is learned until it is rolled back"
    if seen < LEAST_MINUTES_TO_COMPETE:
        return (
            f"other models compete from {LEAST_MINUTES_TO_COMPETE // 60} hours of history on, {seen / 60:.1f} are here"
        )
    if seen < wanted:
        return f"daily rhythms are known after {wanted / 60:.0f} hours, {seen / 60:.1f} are here"
    first = next(iter(normal.models.values()))
    return (
        f"each won on minutes that were held back, against {words.number_of(len(first.predictors) - 1, 'other model')}"
    )
