"""Progress of long work on stderr: a bar with rate and time left on a terminal, a plain line each ten seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

Report = Callable[[str, float, float], None]
"""Called with (stage, done, total); total 0 means that the end is not known."""

PLAIN_EVERY_SECONDS = 10.0
COMPILING = "compiling for this machine (once, half a minute)"


@contextmanager
def progress(*, quiet: bool, clock: Callable[[], float] = time.monotonic) -> Iterator[Report]:
    """Something to report progress to for as long as the block runs; silent if quiet."""
    if quiet:
        yield _nothing
    elif sys.stderr.isatty():
        with _bars() as bars:
            yield _after_a_word(_on(bars), bars.console.print)
    else:
        yield _after_a_word(_plain(clock), lambda said: sys.stderr.write(f"{said}\n"))


def _nothing(_stage: str, _done: float, _total: float) -> None:
    return


def _after_a_word(report: Report, say: Callable[[str], object]) -> Report:
    """Say before the first reading of a machine why it stands still: compiling takes half a minute, and happens once."""
    told = False

    def reported(stage: str, done: float, total: float) -> None:
        nonlocal told
        if stage == "read" and not told:
            told = True
            from tracetune.traces.compiled import are_kernels_compiled  # loads numba, as reading does

            if not are_kernels_compiled():
                say(COMPILING)
        report(stage, done, total)

    return reported


def _plain(clock: Callable[[], float]) -> Report:
    last = clock()

    def report(stage: str, done: float, total: float) -> None:
        nonlocal last
        if clock() - last < PLAIN_EVERY_SECONDS:
            return
        last = clock()
        sys.stderr.write(f"{stage}: {done / total:.0%}\n" if total else f"{stage}: {done:,.0f}\n")

    return report


class _Amount(ProgressColumn):
    """How much is done: megabytes while reading, steps while learning."""

    def render(self, task: Task) -> Text:
        if task.total is None:
            return Text(f"{task.completed / 1e6:,.0f} MB", style="dim")
        if task.total > 1e5:
            speed = f"  {task.speed / 1e6:,.0f} MB/s" if task.speed else ""
            return Text(f"{task.completed / 1e6:,.0f} of {task.total / 1e6:,.0f} MB{speed}", style="dim")
        return Text(f"{task.completed:,.0f} of {task.total:,.0f}", style="dim")


def _bars() -> Progress:
    columns = (TextColumn("{task.description:<8}"), BarColumn(40), _Amount(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _on(bars: Progress) -> Report:
    tasks: dict[str, int] = {}

    def report(stage: str, done: float, total: float) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total or None)
        bars.update(tasks[stage], completed=done, total=total or None)  # type: ignore[arg-type]  # rich's TaskID is an int

    return report


class Steps:
    """Steps of long work on stderr: a line for each that is over; on a terminal also those that run, until they end."""

    def __init__(self, *, quiet: bool) -> None:
        """Quiet says nothing."""
        self._console = Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
        self._status = self._console.status("")
        self._running: list[str] = []

    def __enter__(self) -> Self:
        """Begin to show."""
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Show nothing any more."""
        self._status.stop()

    def began(self, name: str) -> None:
        """A step begins."""
        self._running.append(name)
        self._status.update(Text(", ".join(self._running)))

    def ended(self, name: str, seconds: float, result: str) -> None:
        """A step is over, after so long and with this result."""
        self._running.remove(name)
        self._status.update(Text(", ".join(self._running)))
        self._console.print(Text(f"{name:<16} {seconds:>5.0f} s  {result}"))
