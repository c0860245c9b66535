"""Tables on terminals of each width: what folds, what leaves, what goes on below, and what never breaks."""

from __future__ import annotations

from rich.console import Console

from tracetune.cli.fitted import FittedTable


def _lines(table: FittedTable, width: int) -> list[str]:
    console = Console(width=width, no_color=True)
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().splitlines()]


def _table() -> FittedTable:
    table = FittedTable("NAME", "LOSS", "COVERAGE", "WHY", right=("LOSS", "COVERAGE"), folds=("NAME", "WHY"))
    table.add_row("recommendation", "12.25 ms", "98.5 %", "it beats the trailing median")
    table.add_row("cart", "3 ms", "99 %", "[it] stands")
    return table


def test_row_is_a_line_where_there_is_room() -> None:
    assert _lines(_table(), 80) == [
        "NAME                LOSS  COVERAGE  WHY",
        "recommendation  12.25 ms    98.5 %  it beats the trailing median",
        "cart                3 ms      99 %  [it] stands",
    ]


def test_words_fold_where_there_is_little_room() -> None:
    assert _lines(_table(), 48) == [
        "NAME                LOSS  COVERAGE  WHY",
        "recommendation  12.25 ms    98.5 %  it beats the",
        "                                    trailing",
        "                                    median",
        "cart                3 ms      99 %  [it] stands",
    ]


def test_numbers_without_a_place_go_on_below_with_the_name_of_their_row() -> None:
    assert _lines(_table(), 24) == [
        "NAME                LOSS",
        "recommendation  12.25 ms",
        "cart                3 ms",
        "",
        "NAME            COVERAGE",
        "recommendation    98.5 %",
        "cart                99 %",
        "",
        "NAME          WHY",
        "recommendati  it beats",
        "on            the",
        "              trailing",
        "              median",
        "cart          [it]",
        "              stands",
    ]


def test_decoration_leaves_before_anything_breaks() -> None:
    table = FittedTable("NAME", "COURSE", "P95", right=("P95",), spare=("COURSE",))
    table.add_row("cart", "▁▁▁▁▇▇▇▇", "120 ms")

    assert "▇" in _lines(table, 22)[1]
    assert _lines(table, 21) == ["NAME     P95", "cart  120 ms"]


def test_rows_of_a_section_stay_rows_in_every_block() -> None:
    table = _table()
    table.add_section()
    table.add_row("cart", "1 ms", "97 %", "x")

    assert sum(line.startswith("cart") for line in _lines(table, 24)) == 6


def test_table_without_rows_shows_its_heads() -> None:
    assert _lines(FittedTable("NAME", "P95"), 80) == ["NAME  P95"]


def test_sentence_stands_below_its_row_where_it_would_be_a_narrow_column() -> None:
    table = FittedTable("NAME", "LOSS", "WHY", right=("LOSS",), folds=("NAME", "WHY"), below="WHY")
    table.add_row("cart", "12.25 ms", "it beats the trailing median by 3 %")
    table.add_row("frontend", "3 ms", "")

    assert _lines(table, 80)[1] == "cart      12.25 ms  it beats the trailing median by 3 %"
    assert _lines(table, 40) == [
        "NAME          LOSS",
        "cart      12.25 ms",
        "  it beats the trailing median by 3 %",
        "frontend      3 ms",
    ]
