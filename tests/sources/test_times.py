from __future__ import annotations

import pytest

from tracetune.sources.times import nanoseconds, nanoseconds_of_date


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5000),
        ("5", 5000),
        (1.5, 1500),
        (None, None),
        ("x", None),
        (float("inf"), None),
        (float("nan"), None),
        ("", None),
    ],
)
def test_microseconds_in_any_dress_become_nanoseconds(value: float | str | None, expected: int | None) -> None:
    assert nanoseconds(value, 1000) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01 00:00:01", 10**9),
        ("1970-01-01T01:00:00.5+01:00", 5 * 10**8),
        ("1969-12-31T19:00:00-0500", 0),
        ("2021-03-25T17:23:30.088478464Z", 1_616_693_010_088_478_464),
        ("2021-13-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", -62_135_647_200 * 10**9),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_are_read_to_the_nanosecond(text: str, expected: int | None) -> None:
    assert nanoseconds_of_date(text) == expected
