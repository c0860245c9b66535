"""The work of a service: a pool of slots that can shrink, drawn waits, and honest CPU burning."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tracetune_lab.topology import Work


class SlotPool:
    """First come, first served slots whose number can be changed while requests wait."""

    def __init__(self, slots: int) -> None:
        """Start with all `slots` free."""
        self.slots = slots
        self.busy = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def resize(self, slots: int) -> None:
        """Change the number of slots; those in use above it drain as their holders leave."""
        self.slots = slots
        self._admit()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one slot, waiting for it in order of arrival."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            self._give_up(turn)
            raise
        try:
            yield
        finally:
            self.busy -= 1
            self._admit()

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if turn in self._waiting:
            self._waiting.remove(turn)
        elif not turn.cancelled():
            self.busy -= 1
            self._admit()

    def _admit(self) -> None:
        while self._waiting and self.busy < self.slots:
            turn = self._waiting.popleft()
            if not turn.cancelled():
                self.busy += 1
                turn.set_result(None)


def draw_seconds(work: Work, rng: random.Random) -> float:
    """One lognormal draw with the work's median and sigma."""
    return work.median_seconds * rng.lognormvariate(0.0, work.sigma)


def burn(rounds: int) -> None:
    """Spend CPU on a fixed amount of hashing, so that a busy machine makes it slower; frees the GIL."""
    hashlib.pbkdf2_hmac("sha256", b"lab", b"salt", max(1, rounds))


def measure_cpu_rounds_per_second() -> float:
    """How many hashing rounds this machine does in a second of CPU time (not of wall time)."""
    rounds = 60_000
    started = time.thread_time()
    burn(rounds)
    return rounds / (time.thread_time() - started)
