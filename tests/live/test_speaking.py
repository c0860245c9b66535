"""Which models judge is said with their shares, their beginning, and what stands in the way of better ones."""

from __future__ import annotations

from tracetune.forecasting.candidates import candidates
from tracetune.forecasting.learn import Normal, study
from tracetune.live.speaking import spoken
from tracetune.testing.series import random_series

SINCE = 29_540_160


def _learned(minutes: int) -> Normal:
    return study(random_series(1, minutes=minutes), estimators=candidates(network=False), seed=0)[0]


def test_before_the_first_model_it_is_said_how_much_is_missing() -> None:
    said = spoken(None, since=0, seen=12, wanted=1440)

    assert said == "nothing is judged yet: 12 of the first 30 minutes are here"


def test_first_model_is_named_with_what_it_waits_for() -> None:
    said = spoken(_learned(60), since=SINCE, seen=60, wanted=1440)

    assert "judges 100 % of the series" in said
    assert "; since " in said
    assert said.endswith("other models compete from 6 hours of history on, 1.0 are here")


def test_later_the_next_reason_is_said() -> None:
    normal = _learned(60)

    before_a_day = spoken(normal, since=SINCE, seen=720, wanted=1440)
    whole = spoken(normal, since=SINCE, seen=1440, wanted=1440)
    promoted = spoken(normal, since=SINCE, seen=60, wanted=1440, version=7)

    assert before_a_day.endswith("daily rhythms are known after 24 hours, 12.0 are here")
    assert "each won on minutes that were held back" in whole
    assert promoted.startswith("version 7 of the registry, which is production: ")
    assert promoted.endswith("nothing else is learned until it is rolled back")
