"""Records many scenarios, each in a process of its own, a few at a time; ends them all when it is told to."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tracetune_lab import scenarios
from tracetune_lab.errors import LabError
from tracetune_lab.recordings import MANIFEST

# Burning a core disturbs whatever is recorded beside it, so these run last and alone.
_ALONE = ("cpu_contention",)
STOP_SECONDS = 20.0


async def record_all(folder: Path, at_once: int, *, missing_only: bool) -> list[str]:
    """Record the catalogue to `folder`/SPLIT/NAME, longest first, and give the names that failed."""
    wanted = [
        scenario
        for scenario in scenarios.catalogue()
        if not (missing_only and (folder / scenario.split / scenario.name / MANIFEST).is_file())
    ]
    wanted.sort(key=lambda scenario: -scenario.run_seconds)
    alone = [scenario for scenario in wanted if any(fault.kind in _ALONE for fault in scenario.faults)]
    turn = asyncio.Semaphore(at_once)

    async def one(scenario: scenarios.Scenario) -> str | None:
        async with turn:
            return await _record(scenario, folder / scenario.split)

    outcomes = await asyncio.gather(*(one(scenario) for scenario in wanted if scenario not in alone))
    outcomes += [await one(scenario) for scenario in alone]
    return [name for name in outcomes if name]


async def _record(scenario: scenarios.Scenario, folder: Path) -> str | None:
    command = [sys.executable, "-m", "tracetune_lab.cli", "record", scenario.name, "-o", str(folder)]
    process = await asyncio.create_subprocess_exec(*command, start_new_session=True)
    try:
        status = await process.wait()
    except asyncio.CancelledError:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
        raise
    return scenario.name if status else None


def cancel_on_sigterm(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
    """Let SIGTERM and Ctrl-C end a task in order."""
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)


def first_lab_error(group: BaseExceptionGroup[BaseException]) -> LabError | None:
    """The first of the lab's own errors inside a group, which is what the user can act on."""

    def walk(error: BaseException) -> Iterator[LabError]:
        if isinstance(error, LabError):
            yield error
        elif isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from walk(inner)

    return next(walk(group), None)
