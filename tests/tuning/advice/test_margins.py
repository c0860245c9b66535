"""Margins widen with ignorance."""

from __future__ import annotations

import pytest

from tracetune.domain.advice import Confidence
from tracetune.tuning.advice.margins import confidence, margin, round_up, widened


def test_margin_after_a_day_is_that_of_the_vertical_pod_autoscaler() -> None:
    assert margin(24.0) == pytest.approx(0.15)


def test_margin_falls_with_history_and_is_bounded_at_both_ends() -> None:
    margins = [margin(hours) for hours in (0.0, 0.5, 2.0, 24.0, 24.0 * 30)]

    assert margins == sorted(margins, reverse=True)
    assert margins[0] == margins[1] < 0.6
    assert margins[-1] > 0.075


def test_widened_value_has_the_margin_on_top() -> None:
    assert widened(10.0, 24.0) == pytest.approx(11.5)


def test_confidence_needs_a_day_and_an_answer_that_was_seen_to_hold() -> None:
    assert confidence(24.0, is_direct=True) is Confidence.HIGH
    assert confidence(24.0, is_direct=False) is Confidence.MEDIUM
    assert confidence(1.0, is_direct=True) is Confidence.LOW


@pytest.mark.parametrize(("value", "rounded"), [(0.4123, 0.42), (1.0, 1.0), (12.1, 13.0), (0.0, 0.0), (0.10, 0.10)])
def test_limits_are_rounded_up_to_two_digits(value: float, rounded: float) -> None:
    assert round_up(value) == rounded
