"""Numbers as people read them in advice: durations, rates, counts of replicas."""

from __future__ import annotations

import math


def duration(seconds: float) -> str:
    """Seconds with three significant digits in the unit that suits them.

    Examples:
        >>> duration(0.4123), duration(2.0), duration(0.00004)
        ('412 ms', '2 s', '40 µs')
    """
    if abs(seconds) >= 1.0:
        return f"{seconds:.3g} s"
    return f"{seconds * 1e3:.3g} ms" if abs(seconds) >= 0.001 else f"{seconds * 1e6:.3g} µs"


def rate(calls_per_second: float) -> str:
    """Calls a second with two significant digits below ten.

    Examples:
        >>> rate(41.2), rate(0.123)
        ('41/s', '0.12/s')
    """
    return f"{calls_per_second:.2g}/s" if calls_per_second < 10 else f"{calls_per_second:.0f}/s"


def replicas(count: float) -> str:
    """A number of replicas.

    Examples:
        >>> replicas(1), replicas(4)
        ('1 replica', '4 replicas')
    """
    return "1 replica" if count == 1 else f"{count:.0f} replicas"


def round_up(value: float) -> float:
    """The value rounded up to two significant digits, as people write limits; 0 stays 0.

    Examples:
        >>> round_up(0.4123), round_up(1.0), round_up(12.1)
        (0.42, 1.0, 13.0)
    """
    if value <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return round(math.ceil(value / step - 1e-9) * step, 12)
