from __future__ import annotations

import doctest
import math

import pytest

from tracetune.domain import words


def test_examples_of_the_docstrings_hold() -> None:
    result = doctest.testmod(words)

    assert (result.failed, result.attempted) == (0, 13)


@pytest.mark.parametrize("say", [words.duration, words.share, words.times, words.count, words.rate])
def test_unknown_numbers_are_a_dash(say: object) -> None:
    assert callable(say)
    assert say(math.nan) == "–"


def test_unknown_range_is_a_dash() -> None:
    assert words.duration_range(math.nan, 1.0) == "–"


def test_range_of_equal_bounds_is_one_number() -> None:
    assert words.duration_range(0.0601, 0.0602) == "60 ms"
