from __future__ import annotations

from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.period import MOST_MINUTES, left_out, main_period
from tracetune.testing.build import DAY_START_UNIX_NANO, build
from tracetune.traces.summarise import summarise

FIRST_MINUTE = DAY_START_UNIX_NANO // 60_000_000_000


def _minutes(*spans: tuple[str, int]) -> MinuteBatch:
    """Spans at these offsets in seconds, each repeated so many times."""
    text = "\n\n".join(f"shop GET {at} +10ms" for at, times in spans for _ in range(times))
    return summarise(build(text)).minutes


def test_nothing_has_an_empty_period() -> None:
    assert main_period(MinuteBatch.empty()) == range(0)


def test_short_silence_is_within_the_period() -> None:
    minutes = _minutes(("0s", 1), ("36000s", 1))

    assert main_period(minutes) == range(FIRST_MINUTE, FIRST_MINUTE + 601)


def test_span_from_a_stray_clock_does_not_stretch_the_period() -> None:
    minutes = _minutes(("0s", 3), ("60s", 3), ("90000000s", 1))

    period = main_period(minutes)

    assert period == range(FIRST_MINUTE, FIRST_MINUTE + 2)
    assert left_out(minutes, period) == 1


def test_long_period_keeps_its_last_two_weeks() -> None:
    daily = _minutes(*((f"{day * 86400}s", 1) for day in range(20)))

    period = main_period(daily)

    assert len(period) == MOST_MINUTES
    assert period.stop == FIRST_MINUTE + 19 * 1440 + 1
