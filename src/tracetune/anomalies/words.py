"""One sentence for each anomaly, with what was seen, what was expected, for how long, and in how many calls."""

from __future__ import annotations

from tracetune.domain.series import Metric

_SHORT = {Metric.LATENCY_P50: "median", Metric.LATENCY_P95: "p95"}


def duration(seconds: float) -> str:
    """Three digits at most, in the unit that people would say: ``0.42 ms``, ``263 ms``, ``1.24 s``."""
    if seconds >= 1.0:
        return f"{seconds:.3g} s" if seconds < 1000.0 else f"{seconds:,.0f} s"
    milliseconds = seconds * 1e3
    return (
        f"{milliseconds:.0f} ms" if milliseconds >= 9.95 else f"{milliseconds:.2g} ms"
    )  # from 9.95 on, .2g writes 1e+01


def span_of_time(minutes: int, *, ongoing: bool) -> str:
    """``for 23 minutes``, and whether it still goes on."""
    length = "1 minute" if minutes == 1 else f"{minutes:,} minutes"
    return f"for {length} and still going on" if ongoing else f"for {length}"


def latency(metric: Metric, observed: float, lower: float, upper: float) -> str:
    """``p95 263 ms, expected 60–80 ms``."""
    return f"{_SHORT[metric]} {duration(observed)}, expected {_between(duration(lower), duration(upper))}"


def calls(observed: float, lower: float, upper: float) -> str:
    """``412 calls a minute, expected 150–210``."""
    return f"{_count(observed)} calls a minute, expected {_between(_count(lower), _count(upper))}"


def errors(observed: float, upper: float, failed: int, total: int) -> str:
    """``12 % errors, expected at most 0.8 % (51 of 430 calls failed)``."""
    return f"{_percent(observed)} errors, expected at most {_percent(upper)} ({failed:,} of {total:,} calls failed)"


def _between(lower: str, upper: str) -> str:
    value, _, unit = lower.partition(" ")
    return f"{value}–{upper}" if upper.endswith(unit) else f"{lower}–{upper}"


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 10.0 or value == 0.0 else f"{value:.1f}"


def _percent(ratio: float) -> str:
    return f"{100.0 * ratio:.0f} %" if ratio >= 0.0995 else f"{100.0 * ratio:.2g} %"
