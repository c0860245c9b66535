"""How long to wait before the next try of what is away: longer and longer, up to a bound."""

from __future__ import annotations

FIRST_SECONDS = 0.5

MOST_SECONDS = 30.0
"""Longest pause by default: what is back is noticed within half a minute."""


class Backoff:
    """One pause after another, each twice the last, until what was away is back.

    Args:
        most_seconds: the longest pause.
    """

    def __init__(self, most_seconds: float = MOST_SECONDS) -> None:
        self._most_seconds = most_seconds
        self._next = FIRST_SECONDS

    def pause(self) -> float:
        """Seconds to wait now; the next pause is longer."""
        seconds = min(self._next, self._most_seconds)
        self._next = min(2.0 * self._next, self._most_seconds)
        return seconds

    def reset(self) -> None:
        """It answered: begin with short pauses again."""
        self._next = FIRST_SECONDS
