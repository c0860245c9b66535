from __future__ import annotations

from dataclasses import replace

from tracetune.proofs import sentences
from tracetune.proofs.backtest import Backtest, Side
from tracetune.proofs.pages import Page, Score

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
