"""Deletes minutes that are too old, by a time that the stored minutes and the passing of hours bear out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from tracetune import log
from tracetune.clock import Clock
from tracetune.domain.words import number_of
from tracetune.stores.minutes import ClickHouseMinutes

MINUTES_BETWEEN = 60
"""Old minutes go so often: to delete rewrites parts of the store."""

MOST_STEP_MINUTES = 1440
"""Time that went on by more than this, beyond what passed, is not believed at once: it would cost more than a day's minutes."""

HOLD_SECONDS = 86_400.0
"""A step that stands so long is believed: the server was away for weeks, or everybody's clock was wrong before."""


class Retention:
    """Tells the store what to forget. For one thread.

    Days count back from the newest minute that is stored, or from the clock where that is earlier: a clock that is far ahead
    makes nothing old while spans tell the true time, nor do spans of the future. Where both went ahead together, as on one
    machine, nothing is deleted until the step has stood for HOLD_SECONDS. While no spans come, nothing grows old.

    Args:
        store: holds the minutes; what is there now says what time it is.
        keep_days: by table; 0 keeps for ever.
        clock: the machine's time.
        passing: seconds that go on evenly, whatever the clock does.
    """

    def __init__(
        self,
        store: ClickHouseMinutes,
        keep_days: Mapping[str, int],
        clock: Clock,
        passing: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._clock, self._passing = store, clock, passing
        self._keep_days = {table: days for table, days in keep_days.items() if days}
        self._looked = 0
        self._believed, self._at = self._newest(), passing()
        self._doubted_since: float | None = None
        self.problem = ""

    def look(self) -> None:
        """Delete what is too old, once an hour."""
        minute = int(self._clock() // 60)
        if not self._keep_days or abs(minute - self._looked) < MINUTES_BETWEEN:
            return
        self._looked = minute
        newest = self._newest()
        if newest is not None and self._is_believed(newest):
            self._believed, self._at = newest, self._passing()
            self._store.forget({table: newest - days * 1440 for table, days in self._keep_days.items()})

    def _newest(self) -> int | None:
        """The newest minute that may be the present one, to a day; None where nothing is stored."""
        minute = int(self._clock() // 60)
        days = [day for day in self._store.days() if day * 1440 <= minute]
        return min(minute, (days[-1] + 1) * 1440) if days else None

    def _is_believed(self, newest: int) -> bool:
        now = self._passing()
        step = 0.0 if self._believed is None else newest - self._believed - (now - self._at) / 60
        if step <= MOST_STEP_MINUTES:
            self.problem, self._doubted_since = "", None
            return True
        went = f"the time of the clock and of the spans went on by {number_of(round(step / 1440), 'day')} at once"
        if self._doubted_since is None:
            self._doubted_since = now
            log.get_logger("retention").warning(f"{went}; no old minutes are deleted until it has stood for a day")
        if now - self._doubted_since < HOLD_SECONDS:
            self.problem = (
                f"{went}: no old minutes are deleted until it has stood for a day; set the clock if it is wrong"
            )
            return False
        log.get_logger("retention").warning(f"{went} and has stood for a day; old minutes are deleted by it")
        self.problem, self._doubted_since = "", None
        return True
