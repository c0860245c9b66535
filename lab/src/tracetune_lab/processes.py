"""Starts the lab's processes and ends each by its pid, whatever happens to the lab itself."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path

from tracetune_lab import priority
from tracetune_lab.errors import ProcessDiedError

GRACE_SECONDS = 6.0
SHOWN_LINES = 6
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class Processes:
    """The running processes of one lab, by name."""

    def __init__(self, logs: Path, *, realtime: bool = False) -> None:
        """Write each process's output to `logs`/NAME.log; `realtime` starts each with real-time priority."""
        self._logs = logs
        self._realtime = realtime
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._leaving: set[str] = set()
        self.died: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def start(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> int:
        """Start a process and give its pid; a death nobody asked for resolves `died`."""
        with (self._logs / f"{name}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {})},
                # A session of its own keeps the terminal's Ctrl-C from it: the lab ends it in order.
                start_new_session=True,
                preexec_fn=self._prepare,
            )
        self._running[name] = process
        self._watchers[name] = asyncio.create_task(self._watch(name, process))
        return process.pid

    def pids(self) -> dict[str, int]:
        """The pid of each running process."""
        return {name: process.pid for name, process in self._running.items()}

    def check(self) -> None:
        """Raise if a process has died.

        Raises:
            ProcessDiedError: with its name, status and last lines of output.
        """
        if self.died.done():
            raise ProcessDiedError(self.died.result())

    async def wait(self, name: str, timeout_seconds: float) -> None:
        """Wait for a process that ends by itself.

        Raises:
            ProcessDiedError: it failed.
            TimeoutError: it did not end in time.
        """
        self._leaving.add(name)
        status = await asyncio.wait_for(self._running[name].wait(), timeout_seconds)
        await self._watchers.pop(name)
        del self._running[name]
        if status != 0:
            raise ProcessDiedError(f"{name} ended with status {status}:\n{self._tail(name)}")

    async def stop(self, names: list[str] | None = None) -> None:
        """End the named processes, or all: SIGTERM, then SIGKILL to those still there."""
        chosen = [name for name in (list(self._running) if names is None else names) if name in self._running]
        self._leaving.update(chosen)
        for name in chosen:
            _signal(self._running[name], signal.SIGTERM)
        waits = [asyncio.create_task(self._running[name].wait()) for name in chosen]
        if waits:
            await asyncio.wait(waits, timeout=GRACE_SECONDS)
        for name in chosen:
            _signal(self._running[name], signal.SIGKILL)
            await self._running[name].wait()
            await self._watchers.pop(name)
            del self._running[name]

    def _prepare(self) -> None:
        # Linux sends this signal to the child when the lab is killed outright, so that no orphan stays.
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if self._realtime:
            priority.enter(priority.MEASURED)

    async def _watch(self, name: str, process: asyncio.subprocess.Process) -> None:
        status = await process.wait()
        if name not in self._leaving and not self.died.done():
            self.died.set_result(f"{name} (pid {process.pid}) ended with status {status}:\n{self._tail(name)}")

    def _tail(self, name: str) -> str:
        lines = (self._logs / f"{name}.log").read_text(errors="replace").splitlines()
        # The reason stands first when Envoy aborts, and last when Python does.
        shown = lines if len(lines) <= SHOWN_LINES else [*lines[:2], "...", *lines[-SHOWN_LINES:]]
        return "\n".join(f"  {line}" for line in shown) or "  it wrote nothing"


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(number)
