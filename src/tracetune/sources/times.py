"""Timestamps and durations as JSON writes them, as integer nanoseconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


def nanoseconds(
    value: int | float | str | None,  # noqa: PYI041 - mypy tells int from float below
    unit_nanos: int,
) -> int | None:
    """A number, or a number in a string, of units of ``unit_nanos``; None where it is none.

    >>> nanoseconds("1700000000000001", 1000)
    1700000000000001000
    """
    if isinstance(value, int):
        return value * unit_nanos
    if value is None:
        return None
    try:
        return int(value) * unit_nanos if isinstance(value, str) else round(value * unit_nanos)
    except (ValueError, OverflowError):
        return None


def nanoseconds_of_date(text: str) -> int | None:
    """A date and time of RFC 3339, to the nanosecond; without an offset it is UTC. None where it is none.

    >>> nanoseconds_of_date("2021-03-25T17:23:30.088478464Z")
    1616693010088478464
    """
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(match[1]).replace(tzinfo=_zone(match[3] or "Z"))
    except ValueError:
        return None
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return seconds * 10**9 + int((match[2] or "")[:9].ljust(9, "0"))


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)
