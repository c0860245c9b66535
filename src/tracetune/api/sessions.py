"""Sessions of browsers: a signed cookie stands for a token that was shown once, because an EventSource can send none."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

COOKIE = "tracetune_session"

LASTS_SECONDS = 12 * 3_600
"""A shift; afterwards the token is asked for again."""


def issue(token: str, now: float) -> tuple[str, int]:
    """The cookie's value for somebody who showed the token, and until when it holds, in seconds since the Unix epoch.

    Nothing is kept here: a restart ends no session, and another token in the settings ends all of the old one.
    """
    until = int(now) + LASTS_SECONDS
    return f"{until}.{_signature(token, until)}", until


def holds_until(value: str, token: str, now: float) -> int | None:
    """Until when a cookie's value stands for the token; None where it does not, or no more.

    >>> value, until = issue("secret", 1_000.0)
    >>> holds_until(value, "secret", 1_000.0) == until, holds_until(value, "other", 1_000.0), holds_until(value, "secret", until)
    (True, None, None)
    """
    text, _, given = value.partition(".")
    until = int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0
    is_ours = hmac.compare_digest(given.encode(), _signature(token, until).encode())
    return until if is_ours and now < until else None


def value_in(headers: Mapping[str, str]) -> str:
    """The cookie's value in a request's headers (lower case); "" without one."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _signature(token: str, until: int) -> str:
    return hmac.new(token.encode(), f"tracetune session until {until}".encode(), "sha256").hexdigest()
