"""One sentence for each anomaly, with what was seen, what was expected, for how long, and in how many calls."""

from __future__ import annotations

from tracetune.domain.series import Metric
from tracetune.domain.words import count, duration, duration_range, number_of, share

_SHORT = {Metric.LATENCY_P50: "median", Metric.LATENCY_P95: "p95"}


def span_of_time(minutes: int, *, ongoing: bool) -> str:
    """``for 23 minutes``, and whether it still goes on."""
    length = number_of(minutes, "minute")
    return f"for {length} and still going on" if ongoing else f"for {length}"


def latency(metric: Metric, observed: float, lower: float, upper: float) -> str:
    """``p95 263 ms, expected 60–80 ms``."""
    return f"{_SHORT[metric]} {duration(observed)}, expected {duration_range(lower, upper)}"


def calls(observed: float, lower: float, upper: float) -> str:
    """``412 calls a minute, expected 150–210``."""
    return f"{count(observed)} calls a minute, expected {count(lower)}–{count(upper)}"


def errors(observed: float, upper: float, failed: int, total: int) -> str:
    """``12 % errors, expected at most 0.8 % (51 of 430 calls failed)``."""
    return f"{share(observed)} errors, expected at most {share(upper)} ({failed:,} of {total:,} calls failed)"
