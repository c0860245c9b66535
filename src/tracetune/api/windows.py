"""The stretch of time that a request asks about: RFC 3339, or relative to the newest minute as ``now-3h``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from tracetune.errors import InvalidInput

_RELATIVE = re.compile(r"now(?:-(\d{1,7})(s|m|h|d|w))?")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_HINT = "use RFC 3339 as 2026-03-01T12:00:00Z, now, or now-30m, now-3h, now-7d"


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes since the Unix epoch, half-open."""

    first: int
    last: int

    def overlaps(self, onset: int, end: int | None) -> bool:
        """Whether something that lasted from ``onset`` to ``end`` (None: it goes on) has a minute in the window."""
        return onset < self.last and (end is None or end > self.first)


def window(start: str, end: str, held: Window) -> Window:
    """What ``from`` and ``to`` mean, where "now" is the end of the newest minute held; empty strings mean all of it.

    Raises:
        InvalidInput: a text that is no time, or a window that ends before it begins.
    """
    first = minute(start, held.last) if start else held.first
    last = minute(end, held.last, up=True) if end else held.last
    if last <= first:
        raise InvalidInput(f"the window from {start or 'the start'} to {end or 'now'} is empty", hint=_HINT)
    return Window(first, last)


def minute(text: str, now: int, *, up: bool = False) -> int:
    """The minute that a text names; seconds are rounded down, or up to the end of their minute.

    Raises:
        InvalidInput: the text is no time.

    >>> minute("now-3h", 1_000), minute("1970-01-01T01:00:30Z", 0), minute("1970-01-01T01:00:30Z", 0, up=True)
    (820, 60, 61)
    """
    seconds = instant(text, now * 60)
    return int(-(-seconds // 60) if up else seconds // 60)


def instant(text: str, now: float) -> float:
    """The instant that a text names, in seconds since the Unix epoch, where "now" is the second argument.

    Raises:
        InvalidInput: the text is no time.
    """
    relative = _RELATIVE.fullmatch(text.strip())
    if relative:
        amount, unit = relative.groups()
        return now - int(amount or 0) * _SECONDS[unit or "s"]
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))  # an unescaped + of a query arrives as a space
    except ValueError:
        raise InvalidInput(f"{text!r} is no time", hint=_HINT) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def rfc3339(seconds: float) -> str:
    """Seconds since the Unix epoch as text, in UTC.

    >>> rfc3339(0)
    '1970-01-01T00:00:00Z'
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
