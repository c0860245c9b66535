"""Pauses grow up to a bound, and are short again afterwards."""

from __future__ import annotations

from tracetune.sources.backoff import Backoff


def test_pauses_double_up_to_the_bound_and_begin_anew_after_an_answer() -> None:
    backoff = Backoff(3.0)

    pauses = [backoff.pause() for _ in range(5)]
    backoff.reset()

    assert pauses == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert backoff.pause() == 0.5


def test_bound_below_the_first_pause_holds() -> None:
    assert Backoff(0.1).pause() == 0.1
