"""Numbers as people read them in a sentence: durations, ratios, rates, shares and clock times."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from tracetune.domain.series import SeriesKey


def duration(seconds: float) -> str:
    """Seconds with three significant digits in the unit that suits them, as ``412 ms``; ``?`` for NaN.

    Examples:
        >>> duration(0.4123), duration(1.5), duration(0.00004)
        ('412 ms', '1.5 s', '40 µs')
    """
    if math.isnan(seconds):
        return "?"
    size = abs(seconds)
    if size >= 1.0:
        return f"{seconds:.3g} s"
    if size >= 0.001:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds * 1e6:.3g} µs"


def times(ratio: float) -> str:
    """A ratio as ``2.1×``; ``from nothing`` where the usual value was zero.

    Examples:
        >>> times(2.13), times(float("inf"))
        ('2.1×', 'from nothing')
    """
    if math.isinf(ratio):
        return "from nothing"
    return f"{ratio:.0f}×" if ratio >= 10 else f"{ratio:.1f}×"


def percent(share: float) -> str:
    """A share of one as a percentage, as ``96 %``; small shares keep a digit.

    Examples:
        >>> percent(0.961), percent(0.004)
        ('96 %', '0.4 %')
    """
    value = 100 * share
    return f"{value:.1f} %" if 0 < abs(value) < 10 else f"{value:.0f} %"


def per_second(calls_per_minute: float) -> str:
    """Calls a minute as a rate a second, as ``41/s``.

    Examples:
        >>> per_second(2460.0), per_second(6.0)
        ('41/s', '0.1/s')
    """
    return f"{calls_per_minute / 60:.2g}/s" if calls_per_minute < 600 else f"{calls_per_minute / 60:.0f}/s"


def clock(minute: int) -> str:
    """A minute since the Unix epoch as the time of day in UTC, as ``13:42``.

    Examples:
        >>> clock(29_000_000)
        '13:20'
    """
    return datetime.fromtimestamp(minute * 60, UTC).strftime("%H:%M")


def operation(key: SeriesKey) -> str:
    """An operation as people call it: its name alone where that says enough, else with its service.

    Examples:
        >>> operation(SeriesKey("frontend", "GET /checkout")), operation(SeriesKey("frontend", "GET"))
        ('GET /checkout', 'frontend GET')
    """
    telling = "/" in key.span_name.strip("/") or "." in key.span_name or (" " in key.span_name.strip())
    return key.span_name if telling else str(key)
