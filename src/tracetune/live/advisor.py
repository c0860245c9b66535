"""Works advice out beside the minute loop: at once for a small system, and for a large one without holding a minute up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from tracetune import log
from tracetune.clock import Clock
from tracetune.domain.advice import Advice, Capacity
from tracetune.live.queues import be_nice

Tuned = tuple[tuple[Capacity, ...], tuple[Advice, ...]]

PATIENCE_SECONDS = 1.0
"""A minute waits so long for advice on itself; what takes longer comes with a later one."""

SHARE = 0.1
"""Advice takes no more of the time than this: it is about hours, and an incident that opens or changes does not wait for it."""


class Advisor:
    """The last advice. ``refresh`` is for one thread; the work is done in another one, of low priority.

    Args:
        patience_seconds: how long ``refresh`` waits.
        clock: that SHARE is measured by.
    """

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS, clock: Clock = time.monotonic) -> None:
        self._patience_seconds, self._clock = patience_seconds, clock
        self._thread = ThreadPoolExecutor(1, "advice", be_nice)
        self._working: Future[Tuned] | None = None
        self._begun = self._took = 0.0
        self._news: Sequence[object] | None = None
        self._last: Tuned = ((), ())

    def refresh(self, tune: Callable[[], Tuned], news: Sequence[object]) -> Tuned:
        """The last advice that is there, after a new one was begun where that is due.

        Args:
            tune: works out the advice on the present.
            news: what makes it due before its time: the incidents and whom they blame.
        """
        self._collect()
        rested = not 0 <= self._clock() - self._begun < self._took / SHARE  # a clock may go back
        if self._working is None and (rested or news != self._news):
            self._begun, self._news = self._clock(), news
            self._working = self._thread.submit(self._timed, tune)
        if self._working is not None:
            wait([self._working], self._patience_seconds)
            self._collect()
        return self._last

    def stop(self) -> None:
        """End after the work under way."""
        self._thread.shutdown()

    def _timed(self, tune: Callable[[], Tuned]) -> Tuned:
        begun = self._clock()
        try:
            return tune()
        finally:  # not where it is collected: that is a minute later for all that outlasts the patience
            self._took = self._clock() - begun

    def _collect(self) -> None:
        if self._working is None or not self._working.done():
            return
        done, self._working = self._working, None
        failure = done.exception()
        if failure is None:
            self._last = done.result()
        else:  # the advice of before is still true of the minutes of before
            log.get_logger("advisor").error("advice could not be worked out", error=repr(failure))
