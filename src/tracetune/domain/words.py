"""Numbers as people read them: durations, shares, counts, rates and times, the same on every surface."""

from __future__ import annotations

import math
from datetime import UTC, datetime

WHOLE = 1.005
"""The share from which on a percentage says more than 100."""


def duration(seconds: float) -> str:
    """A duration with two to three significant digits: microseconds, milliseconds until one second, then seconds.

    >>> duration(0.000048), duration(0.0634), duration(0.263), duration(1.5), duration(95)
    ('48 µs', '63 ms', '263 ms', '1.5 s', '95 s')
    """
    if not math.isfinite(seconds):
        return "–"
    if abs(seconds) < 0.000_999_5:
        return f"{_digits(seconds * 1e6)} µs"
    if abs(seconds) < 0.999_5:
        return f"{_digits(seconds * 1e3)} ms"
    return f"{_digits(seconds)} s"


def duration_range(lower: float, upper: float) -> str:
    """A range of durations in one unit, that of the upper bound.

    >>> duration_range(0.06, 0.08), duration_range(0.8, 1.2)
    ('60–80 ms', '0.8–1.2 s')
    """
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return "–"
    factor, unit = next(((f, u) for limit, f, u in _UNITS if upper < limit), (1.0, "s"))
    low, high = _digits(lower * factor), _digits(upper * factor)
    return f"{low}–{high} {unit}" if low != high else f"{high} {unit}"


def share(ratio: float) -> str:
    """A ratio as a percentage.

    >>> share(0.96), share(0.004), share(0.0)
    ('96 %', '0.4 %', '0 %')
    """
    if not math.isfinite(ratio):
        return "–"
    percent = 100 * ratio
    return f"{percent:.0f} %" if percent == 0 or abs(percent) >= 9.95 else f"{percent:.1f} %"


def of_the_rise(part: float, seconds: float) -> str:
    """What part of a rise something is that itself rose by so many seconds; above one, by how much others fell meanwhile.

    >>> of_the_rise(0.96, 0.2), of_the_rise(1.15, 0.26)
    ('96 % of the rise', 'more than the whole rise (others became quicker by 34 ms)')
    """
    if not part > WHOLE:
        return f"{share(part)} of the rise"
    return f"more than the whole rise (others became quicker by {duration(seconds * (1.0 - 1.0 / part))})"


def times(factor: float) -> str:
    """A factor.

    >>> times(3.94), times(12.3)
    ('3.9×', '12×')
    """
    return f"{_digits(factor)}×" if math.isfinite(factor) else "–"


def count(number: float) -> str:
    """A whole number with its thousands set apart.

    >>> count(412), count(1240000)
    ('412', '1,240,000')
    """
    return f"{number:,.0f}" if math.isfinite(number) else "–"


def rate(calls_per_second: float) -> str:
    """Calls as a rate, by the minute where they are rare.

    >>> rate(41.2), rate(0.05)
    ('41/s', '3/min')
    """
    if not math.isfinite(calls_per_second):
        return "–"
    return f"{_digits(calls_per_second)}/s" if calls_per_second >= 0.95 else f"{_digits(calls_per_second * 60)}/min"


def rates(now: float, expected: float) -> tuple[str, str]:
    """Two rates beside each other in one unit, that which suits the lesser.

    >>> rates(1.6, 0.67), rates(41.2, 40.0), rates(0.1, math.nan)
    (('96/min', '40/min'), ('41/s', '40/s'), ('6/min', '–'))
    """
    pair = (now, expected)
    if all(rate(each).endswith("/s") for each in pair if math.isfinite(each)):
        return rate(now), rate(expected)
    first, second = (f"{_digits(each * 60)}/min" if math.isfinite(each) else "–" for each in pair)
    return first, second


def cores(number: float) -> str:
    """CPU cores with two significant digits.

    >>> cores(0.4834), cores(2.0), cores(12.4)
    ('0.48', '2', '12')
    """
    return _digits(number) if math.isfinite(number) else "–"


def number_of(n: int, singular: str, plural: str = "") -> str:
    """A count with its noun.

    >>> number_of(1, "incident"), number_of(3, "incident"), number_of(2, "entry", "entries")
    ('1 incident', '3 incidents', '2 entries')
    """
    return f"{count(n)} {singular if n == 1 else plural or singular + 's'}"


def length(minutes: float) -> str:
    """A stretch of time in the unit that suits it.

    >>> length(50), length(705), length(10_080)
    ('50 minutes', '11.8 hours', '7 days')
    """
    if minutes < 120:
        return number_of(round(minutes), "minute")
    amount, unit = (minutes / 60, "hours") if minutes < 2880 else (minutes / 1440, "days")
    return f"{amount:.1f}".removesuffix(".0") + f" {unit}"


def clock(minute: int) -> str:
    """The time of day of a minute since the Unix epoch, in UTC.

    >>> clock(29_000_830)
    '11:10'
    """
    return f"{datetime.fromtimestamp(minute * 60, UTC):%H:%M}"


def timestamp(minute: int) -> str:
    """A minute since the Unix epoch as RFC 3339, in UTC.

    >>> timestamp(29_000_830)
    '2025-02-20T11:10:00Z'
    """
    return f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%dT%H:%M:%SZ}"


_UNITS = ((0.000_999_5, 1e6, "µs"), (0.999_5, 1e3, "ms"))


def _digits(value: float) -> str:
    """Two digits below ten, whole numbers above."""
    if abs(value) >= 9.95 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.2g}" if abs(value) < 0.995 else f"{value:.1f}".removesuffix(".0")
