"""Exact chances of counts: how rarely a binomial variable reaches a number."""

from __future__ import annotations

import math


def binomial_tail(trials: int, at_least: int, chance: float) -> float:
    """The probability of ``at_least`` or more successes in ``trials``, each with ``chance``, 0 to 1.

    Summed from the logarithms of the terms, so that a tail far below the smallest double is still a number.

    >>> round(binomial_tail(10, 9, 0.5), 6)
    0.010742
    """
    if at_least <= 0 or chance >= 1:
        return 1.0
    if at_least > trials or chance <= 0:
        return 0.0
    of_success, of_failure = math.log(chance), math.log1p(-chance)
    whole = math.lgamma(trials + 1)
    total = 0.0
    for count in range(at_least, trials + 1):
        ways = whole - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
        term = math.exp(ways + count * of_success + (trials - count) * of_failure)
        total += term
        if count > trials * chance and term < total * 1e-12:
            break  # the terms fall ever faster from here on
    return min(total, 1.0)


def upper_ratio(successes: float, trials: float) -> float:
    """A ratio that the true one exceeds in one of twenty cases at most: (n + 3) / trials, 0 to 1.

    Source: the rule of three (Hanley and Lippman-Hand 1983) with the successes that were seen on top.
    """
    return min(1.0, (successes + 3.0) / max(trials, 3.0))
