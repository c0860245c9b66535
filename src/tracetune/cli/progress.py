"""Progress of long work on stderr: a bar with rate and time left on a terminal, a plain line each ten seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

Report = Callable[[str, float, float], None]
"""Called with (stage, done, total); total 0 means that the end is not known."""

PLAIN_EVERY_SECONDS = 10.0


@contextmanager
def progress(*, quiet: bool, clock: Callable[[], float] = time.monotonic) -> Iterator[Report]:
    """Something to report progress to for as long as the block runs; silent if quiet."""
    if quiet:
        yield _nothing
    elif sys.stderr.isatty():
        with _bars() as bars:
            yield _on(bars)
    else:
        yield _plain(clock)


def _nothing(_stage: str, _done: float, _total: float) -> None:
    return


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
