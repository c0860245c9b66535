"""The load that a sample saw, and new arrivals like its own at another load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tracetune.tuning.queues.observed import Floats, Ints

_SECONDS_A_MINUTE = 60.0
LEAST_A_MINUTE = 20
"""A minute with fewer traces says nothing about the load."""


@dataclass(frozen=True, slots=True)
class Load:
    """Traces begun a second.

    Attributes:
        minutes: (minute,), traces a second in each of the sample's minutes.
        reference: the load that ``1.0`` times means: the mean of the minutes that cannot be told from the busiest one.
        quick, slow: variance of a factor on the load that changes every second, and every ten: 0 for a Poisson process.
    """

    minutes: Floats
    reference: float
    quick: float
    slow: float


def load_of(begun: Floats, minute: Ints) -> Load:
    """From when each trace began, in seconds, and in which minute."""
    rates: list[float] = []
    dispersion_1: list[float] = []
    dispersion_10: list[float] = []
    for number in np.unique(minute):
        times = np.sort(begun[minute == number])
        if len(times) < LEAST_A_MINUTE:
            continue
        span = min(_SECONDS_A_MINUTE, (times[-1] - times[0]) * (len(times) + 1) / (len(times) - 1))
        rates.append(len(times) / span)
        for width, found in ((1.0, dispersion_1), (10.0, dispersion_10)):
            counts = np.bincount(((times - times[0]) / width).astype(np.int64))[:-1]
            if len(counts) > 3 and counts.mean() > 0:
                found.append(_dispersion(counts))
    if not rates:
        span = float(begun.max() - begun.min()) if len(begun) > 1 else 0.0
        rate = len(begun) / span if span else 0.0
        return Load(np.array([rate]), rate, 0.0, 0.0)
    minutes = np.array(rates)
    most = minutes.max()
    alike = minutes >= most - 3 * np.sqrt(most * _SECONDS_A_MINUTE) / _SECONDS_A_MINUTE
    reference = float(minutes[alike].mean())
    mean = float(minutes.mean())
    slow = max(0.0, float(np.median(dispersion_10 or [1.0])) - 1 - _noise(len(dispersion_10), 6)) / (10 * mean)
    quick = max(0.0, float(np.median(dispersion_1 or [1.0])) - 1 - _noise(len(dispersion_1), 59)) / mean
    return Load(minutes, reference, max(0.0, quick - slow), slow)


def _dispersion(counts: Ints) -> float:
    """Variance over mean, about the straight line through the counts: a load that rises is no burst."""
    place = np.arange(len(counts)) - (len(counts) - 1) / 2
    centred = counts - counts.mean()
    residual = centred - place * (place * centred).sum() / (place**2).sum()
    return float((residual**2).sum() / (len(counts) - 2) / counts.mean())


def _noise(minutes: int, bins: int) -> float:
    """What the dispersion of a Poisson process exceeds 1 by through chance: one standard error."""
    return float(np.sqrt(2 / max(minutes * (bins - 1), 1)))


def arrivals(rng: np.random.Generator, rate: float, requests: int, load: Load, more: float = 1.0) -> Floats:
    """When so many traces begin at ``rate`` a second, seconds from 0, ascending; bursts as in the sample, ``more`` times."""
    seconds = int(np.ceil(requests / rate)) + 1
    factor = (
        _factors(rng, seconds, load.quick * more)
        * np.repeat(_factors(rng, seconds // 10 + 1, load.slow * more), 10)[:seconds]
    )
    counts = rng.poisson(rate * factor)
    times = np.sort(np.repeat(np.arange(seconds), counts) + rng.random(int(counts.sum())))
    return times[:requests]


def _factors(rng: np.random.Generator, count: int, variance: float) -> Floats:
    if variance <= 0:
        return np.ones(count)
    drawn: Floats = rng.gamma(1 / variance, variance, count)
    return drawn
