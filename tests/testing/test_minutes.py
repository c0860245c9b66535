"""Made-up minutes are good ones, and compare by their rows."""

from __future__ import annotations

from tracetune.domain.minutes import MinuteBatch, group_rows, histograms
from tracetune.testing.minutes import random_minutes, sorted_rows


def test_equal_seeds_give_equal_minutes_and_others_do_not() -> None:
    assert sorted_rows(random_minutes(1)) == sorted_rows(random_minutes(1))
    assert sorted_rows(random_minutes(1)) != sorted_rows(random_minutes(2))


def test_no_two_rows_have_equal_keys() -> None:
    minutes = random_minutes(1, minutes=2, rows=300)

    first, _ = group_rows(minutes.operations, ["minute", "service_name", "span_name", "span_kind", "is_entry"])

    assert len(first) == len(minutes.operations) < 300


def test_minutes_lie_where_they_were_asked_for() -> None:
    assert random_minutes(1, first_minute=100, minutes=7, rows=500).minutes() == range(100, 107)


def test_histograms_are_full_and_empty() -> None:
    totals = histograms(random_minutes(1).operations, "duration").totals()

    assert (totals == 0).any()
    assert (totals > 0).any()


def test_order_of_the_rows_does_not_matter_but_their_values_do() -> None:
    one, two = random_minutes(1), random_minutes(2)

    assert sorted_rows(MinuteBatch.merge([one, two])) == sorted_rows(MinuteBatch.merge([two, one]))
    assert sorted_rows(MinuteBatch.merge([one, one])) != sorted_rows(one)
