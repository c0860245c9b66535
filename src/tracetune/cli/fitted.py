"""Tables that fit their terminal: numbers stay whole, words fold, and what finds no place goes on in rows below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_GAP = 2
_SENTENCE = 24  # the least width in which one is read well
_NARROWEST_WORDS = 10
"""Columns of words get at least this much: below it names fall to pieces of a few letters."""


class FittedTable:
    """A table without lines, a row a line where there is room.

    On a narrow terminal columns of words fold first; where that does not do, spare columns are left out; where that does
    not do either, the other columns stand in further blocks of rows, each led by the columns that name the row. Nothing
    but words is ever broken and nothing is cut, because a number without its end is another number.

    Args:
        columns: the heads.
        right: columns of numbers that are compared down the column.
        folds: columns of words.
        spare: columns that decorate, which a narrow terminal goes without.
        lead: how many of the first columns name the row.
        below: a column of sentences, which stands on lines of its own below its row where it would be a narrow one.
    """

    def __init__(
        self,
        *columns: str,
        right: Iterable[str] = (),
        folds: Iterable[str] = (),
        spare: Iterable[str] = (),
        lead: int = 1,
        below: str = "",
    ) -> None:
        """Begin with heads and without rows."""
        self._columns = columns
        self._right, self._folds, self._spare = frozenset(right), frozenset(folds), frozenset(spare)
        self._lead, self._below = lead, below
        self._rows: list[tuple[Text, ...]] = []
        self._section_ends: set[int] = set()

    def add_row(self, *cells: str | Text) -> None:
        """Add a row, a cell for each column."""
        self._rows.append(tuple(cell if isinstance(cell, Text) else Text(cell) for cell in cells))

    def add_section(self) -> None:
        """Say that the rows from here on are about something else."""
        self._section_ends.add(len(self._rows) - 1)

    @property
    def whole_cells(self) -> list[str]:
        """Texts that no width breaks."""
        whole = [at for at, name in enumerate(self._columns) if name not in self._folds and name not in self._spare]
        return [row[at].plain for row in self._rows for at in whole]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """The blocks of rows that fit this width, one below the other."""
        width = options.max_width
        kept = list(range(len(self._columns)))
        if self._below and self._needed(kept) + _SENTENCE - _NARROWEST_WORDS > width:
            at = self._columns.index(self._below)
            beside = self._blocks([each for each in kept if each != at], width)
            if len(beside) == 1:
                yield from self._with_sentences(beside[0], at, width)
                return
        for number, block in enumerate(self._blocks(kept, width)):
            if number:
                yield ""
            yield self._table(self._widths(block, width))

    def _with_sentences(self, block: Sequence[int], at: int, width: int) -> RenderResult:
        """Each row as a table of its own, all of the same widths, and its sentence below it."""
        widths = self._widths(block, width)
        yield self._table(widths, rows=())
        for row in self._rows:
            table = self._table(widths, rows=(row,))
            table.show_header = False
            yield table
            yield Padding(row[at], (0, 0, 0, _GAP), expand=False)

    def _blocks(self, kept: list[int], width: int) -> list[list[int]]:
        """Columns by block."""
        for at in reversed(kept.copy()):
            if self._needed(kept) > width and self._columns[at] in self._spare:
                kept.remove(at)
        lead = kept[: self._lead]
        blocks = [list(lead)]
        for at in kept[self._lead :]:
            if self._needed([*blocks[-1], at]) > width and blocks[-1] != lead:
                blocks.append(list(lead))
            blocks[-1].append(at)
        return blocks

    def _needed(self, columns: Sequence[int]) -> int:
        """Width below which something other than words would break."""
        return sum(self._least(at) for at in columns) + _GAP * (len(columns) - 1)

    def _least(self, at: int) -> int:
        return min(self._natural(at), _NARROWEST_WORDS) if self._columns[at] in self._folds else self._natural(at)

    def _natural(self, at: int) -> int:
        return max([cell_len(self._columns[at]), *(row[at].cell_len for row in self._rows)])

    def _longest_word(self, at: int) -> int:
        return max((cell_len(word) for row in self._rows for word in row[at].plain.split()), default=0)

    def _widths(self, block: Sequence[int], width: int) -> dict[int, int]:
        """The width of each column: the widest words give way first, and break within a word only when nothing else does."""
        widths = {at: self._natural(at) for at in block}
        for floor in (self._longest_word, lambda _: 0):
            while sum(widths.values()) + _GAP * (len(block) - 1) > width:
                foldable = [
                    at
                    for at in block
                    if self._columns[at] in self._folds and widths[at] > max(self._least(at), floor(at))
                ]
                if not foldable:
                    break
                widths[max(foldable, key=lambda at: (widths[at], at))] -= 1
        return widths

    def _table(self, widths: Mapping[int, int], rows: Sequence[tuple[Text, ...]] | None = None) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim", show_edge=False)
        for at, width in widths.items():
            is_number = self._columns[at] in self._right
            table.add_column(
                Text(self._columns[at]), justify="right" if is_number else "left", width=width, overflow="fold"
            )
        for number, row in enumerate(self._rows if rows is None else rows):
            table.add_row(*(row[at] for at in widths), end_section=number in self._section_ends)
        return table
