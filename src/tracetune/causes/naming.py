"""An operation as people call it."""

from __future__ import annotations

from tracetune.domain.series import SeriesKey


def operation(key: SeriesKey) -> str:
    """The name of an operation alone where that says enough, else with its service.

    >>> operation(SeriesKey("frontend", "GET /checkout")), operation(SeriesKey("frontend", "GET"))
    ('GET /checkout', 'frontend GET')
    """
    telling = "/" in key.span_name.strip("/") or "." in key.span_name or " " in key.span_name.strip()
    return key.span_name if telling else str(key)
