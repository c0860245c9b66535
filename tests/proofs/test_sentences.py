from __future__ import annotations

from dataclasses import replace

from tests.proofs.test_plot import comparison

from tracetune.domain.series import SeriesKey
from tracetune.proofs import sentences
from tracetune.proofs.backtest import Backtest, Side
from tracetune.proofs.pages import Page, Score
from tracetune.proofs.power import Caught, OperationPower, Power

PAGE = Page(110, 100, 150, "shop is slow", ("shop",))
PLAIN = Backtest(
    0, 720, 1440, Side((PAGE,), 2, 50, None), Side((), 0, 0, None), (), (), found=True, happened=None, both=()
)


def _scored(ours: Score, theirs: Score) -> Backtest:
    return replace(PLAIN, tracetune=replace(PLAIN.tracetune, score=ours), static=replace(PLAIN.static, score=theirs))


def test_without_truth_it_says_how_often_and_whether_they_agree() -> None:
    assert sentences.backtest(PLAIN) == (
        "In the 12 hours judged, tracetune would have paged once (50 minutes in alarm); the static thresholds never; "
        "they agree on none."
    )


def test_with_truth_it_says_hits_delay_and_false_pages_of_both() -> None:
    found = sentences.backtest(_scored(Score((6, 8, None), 0), Score((None, None, None), 19)))

    assert found == (
        "In the 12 hours judged tracetune paged for 2 of 3 faults, 7 minutes after the start, and never for nothing; "
        "the static thresholds for 0 of 3 faults and 19 times for nothing."
    )


def test_a_calm_truth_says_that_nothing_was_wrong() -> None:
    found = sentences.backtest(_scored(Score((), 0), Score((), 1)))

    assert found == (
        "In the 12 hours judged nothing was wrong: tracetune paged never for nothing; the static thresholds once for nothing."
    )


def test_delays_are_a_median_with_their_range() -> None:
    assert [sentences.spread(each) for each in ([], [4], [3, 9, 4])] == ["–", "4 min", "4 min (3–9)"]


def _power(*sizes: tuple[int, ...]) -> Power:
    """An operation for each argument: how many of two trials were caught at 2 and 3 times as slow."""
    operations = tuple(
        OperationPower(
            SeriesKey("shop", str(at)), 10.0, tuple(Caught(2.0 + n, (5,) * hits, 2) for n, hits in enumerate(each))
        )
        for at, each in enumerate(sizes)
    )
    return Power(0, 720, 1440, 20, (800, 900), operations, ())


def test_power_says_the_size_that_most_are_caught_at_and_who_never_is() -> None:
    assert sentences.power(_power((2, 2), (2, 2), (0, 2), (0, 0))) == (
        "Slowed down to 2× for 20 minutes, 2 of 4 operations are caught, half of the times within 5 minutes; 1 not even at 3×."
    )


def test_power_that_catches_nothing_says_so() -> None:
    assert sentences.power(_power((0, 1))) == "No slowdown up to 3× is caught reliably in any of 1 operation."


def test_histories_say_how_much_better_the_best_forecasts_and_what_it_finds() -> None:
    assert sentences.histories(comparison()) == (
        "24h of history beats 30m by 20 % in forecast error and finds 30 of 40 injected slowdowns, "
        "and 1 anomaly where none was put, beside 20 and 3."
    )


def test_histories_say_when_more_does_not_help_and_what_was_left_out() -> None:
    short, long = comparison().histories
    found = replace(comparison(), histories=(short, replace(long, loss=0.2)), too_long=("7d is too long",))

    assert sentences.histories(found).startswith("More history does not help here: 30m forecasts best")
    assert sentences.histories(found).endswith("; 7d is too long.")
