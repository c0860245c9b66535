from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tracetune.sinks.columns import ALPHABET, decode, linear, logarithmic, short


def test_whole_numbers_up_to_four_thousand_come_back_exactly() -> None:
    values = np.array([0.0, 1, 17, 4094])

    assert decode(linear(values)).tolist() == values.tolist()


@given(st.lists(st.floats(1e-6, 5.0), min_size=1, max_size=50))
def test_durations_come_back_within_a_third_of_a_per_cent(seconds: list[float]) -> None:
    values = np.array(seconds)

    assert np.allclose(decode(logarithmic(values)), values, rtol=0.0033)


@given(st.lists(st.floats(0, 1e7) | st.just(float("nan")), max_size=50))
def test_counts_come_back_within_a_four_thousandth_of_the_largest(counts: list[float]) -> None:
    values = np.array(counts, np.float64)

    found = decode(linear(values))

    assert np.array_equal(np.isnan(found), np.isnan(values))
    assert np.allclose(found, values, atol=np.nanmax(values, initial=0.0) / 4094 + 1e-9, rtol=0, equal_nan=True)


def test_not_observed_and_zero_stay_apart() -> None:
    values = np.array([np.nan, 0.0, 0.25])

    for column in (linear(values), logarithmic(values)):
        found = decode(column)
        assert np.isnan(found[0])
        assert found[1] == 0.0
        assert np.isclose(found[2], 0.25, rtol=0.002)


def test_a_column_of_nothing_but_gaps_is_all_gaps() -> None:
    values = np.full(3, np.nan)

    assert np.isnan(decode(linear(values))).all()
    assert np.isnan(decode(logarithmic(values))).all()


def test_numbers_keep_four_significant_digits() -> None:
    assert short(0.123456) == 0.1235
    assert np.isnan(short(float("nan")))


def test_digits_mean_nothing_to_html() -> None:
    assert len(set(ALPHABET)) == 64
    assert not set(ALPHABET) & set("<>&\"'\\")
