from __future__ import annotations

from dataclasses import replace

from rich.console import Console
from tests.proofs.test_plot import comparison
from tests.proofs.test_sentences import PLAIN

from tracetune.cli import proof_tables
from tracetune.domain.series import SeriesKey
from tracetune.proofs.pages import Score
from tracetune.proofs.power import Caught, OperationPower, Power
from tracetune.proofs.static import parse
from tracetune.proofs.truth import Happening


def _text(answer: object) -> str:
    console = Console(width=200, no_color=True)
    with console.capture() as capture:
        console.print(answer)
    return capture.get()


def test_without_truth_there_are_no_columns_for_it_and_it_is_said_why() -> None:
    text = _text(proof_tables.backtest(PLAIN))

    assert "HITS" not in text
    assert "without --truth nobody knows which pages were right" in text
    assert "shorter than a day" in text


def test_with_truth_hits_and_misses_stand_beside_the_rules_that_were_used() -> None:
    scored = replace(PLAIN.static, score=Score((None,), 0))
    fault = Happening("errors", "cart", 800, 820)
    found = replace(
        PLAIN,
        tracetune=replace(PLAIN.tracetune, score=Score((6,), 0)),
        static=scored,
        happened=(fault,),
        rules=(parse("cart p95>1s"),),
        found=False,
    )

    text = _text(proof_tables.backtest(found))

    assert "missed by the static thresholds: errors in cart, 1970-01-01 13:20" in text
    assert "static thresholds, given: cart p95>1 s" in text
    assert "6 min" in text


def test_power_shows_how_often_each_size_was_caught() -> None:
    each = OperationPower(SeriesKey("cart", "GET /cart"), 12.0, (Caught(1.25, (), 8), Caught(2.0, (5, 6, 9), 3)))

    text = _text(proof_tables.power(Power(0, 720, 1440, 20, (800,), (each,), ())))

    row = next(line for line in text.splitlines() if line.startswith("cart"))
    assert row.split() == ["cart", "GET", "/cart", "12", "2×", "6", "min", "(5–9)", "0/8", "3/3"]


def test_the_best_history_is_told_with_who_speaks_in_it() -> None:
    text = _text(proof_tables.histories(comparison()))

    row = next(line for line in text.splitlines() if line.startswith("24h  "))
    assert row.split()[:10] == ["24h", "8.0", "%", "98", "%", "0.70", "30/40", "1", "0.85", "3.8"]
    assert row.rstrip().endswith("the LSTM for 9")
