from __future__ import annotations

import pytest

from tracetune.api.windows import Window, instant, minute, rfc3339, window
from tracetune.errors import InvalidInput

HELD = Window(1_000, 2_000)


def test_now_is_the_end_of_the_newest_minute() -> None:
    assert window("now-3h", "now", HELD) == Window(1_820, 2_000)


def test_nothing_asked_means_all_that_is_held() -> None:
    assert window("", "", HELD) == HELD


@pytest.mark.parametrize(
    "text", ["2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", "2026-03-01T13:00:00 01:00", "2026-03-01T12:00:00"]
)
def test_rfc_3339_is_read_in_every_zone(text: str) -> None:
    assert rfc3339(instant(text, 0)) == "2026-03-01T12:00:00Z"


def test_the_end_of_a_window_takes_its_whole_minute() -> None:
    assert (minute("1970-01-01T00:01:30Z", 0), minute("1970-01-01T00:01:30Z", 0, up=True)) == (1, 2)


@pytest.mark.parametrize(
    "text", ["yesterday", "now-3x", "now+3h", "2026-13-01T00:00:00Z", "now-99999999999d", "NaN", ""]
)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        instant(text, 0)

    assert "RFC 3339" in caught.value.hint


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(InvalidInput, match="empty"):
        window("now-1h", "now-2h", HELD)


def test_what_goes_on_overlaps_every_later_window() -> None:
    assert Window(10, 20).overlaps(5, None)
    assert not Window(10, 20).overlaps(5, 10)
    assert not Window(10, 20).overlaps(20, None)
