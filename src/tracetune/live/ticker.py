"""Tells when minutes are over, whatever the machine's clock does."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tracetune import log
from tracetune.clock import Clock

_JUMP_SECONDS = 30.0


class Ticker:
    """Closes each minute once its grace is over.

    A clock that goes back closes the same minutes again, which adds to them and loses nothing; one that goes forward closes
    only the newest, with which all before are given out. Both are told in ``problem`` until a minute passed without.

    Args:
        clock: the machine's time.
        grace_seconds: how long after its end a minute stays open.
        close: has a minute closed.
    """

    def __init__(self, clock: Clock, grace_seconds: float, close: Callable[[int], None]) -> None:
        self._clock, self._grace_seconds, self._close = clock, grace_seconds, close
        self._closed = self._over()
        self._seen = clock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)
        self.problem = ""

    def start(self) -> None:
        """Begin to look at the clock."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def look(self) -> float:
        """Close what is over by the clock; gives the seconds until the next minute will be."""
        now = self._clock()
        moved = now - self._seen
        self._seen = now
        if moved < -_JUMP_SECONDS:
            self.problem = (
                f"the clock went back by {-moved:.0f} seconds; its minutes are added to those that were closed"
            )
            log.get_logger("ticker").warning(self.problem)
            self._closed = self._over()
            return 1.0
        over = self._over()
        if over > self._closed:
            skipped = over - self._closed - 1
            self.problem = f"the clock went forward over {skipped} minutes" if skipped > 1 else ""
            self._closed = over
            self._close(over)
        return min(60.0, (over + 2) * 60 + self._grace_seconds - now)

    def _over(self) -> int:
        return int((self._clock() - self._grace_seconds) // 60) - 1

    def _run(self) -> None:
        while not self._stopping.wait(max(0.05, min(self.look(), 1.0))):
            pass
