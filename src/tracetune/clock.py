"""Time as a value that is handed in, so that tests choose it."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Gives the present as seconds since 1970-01-01T00:00:00Z."""

NANOS_PER_SECOND = 1_000_000_000
NANOS_PER_MINUTE = 60 * NANOS_PER_SECOND


def system_clock() -> float:
    """The machine's time in seconds since the Unix epoch."""
    return time.time()
