"""Pulls spans from a trace store, window after window, and goes on where it was after a restart."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tracetune import log
from tracetune.clock import Clock
from tracetune.errors import InvalidInput, TracetuneError, Unavailable
from tracetune.sources.backoff import MOST_SECONDS as MOST_SECONDS_AWAY
from tracetune.sources.backoff import Backoff
from tracetune.sources.payloads import Format
from tracetune.sources.reception import Accept, Payload, Tally

SETTLING_SECONDS = 30.0
"""Spans reach a trace store some seconds after they ended; a window ends so long before now."""

OVERLAP_SECONDS = 30.0
"""Windows begin so long before the last one's end, for spans that came late; known spans are not counted again."""

FIRST_SECONDS = 300.0
"""How far back the first window of all begins."""

MOST_SECONDS = 3600.0
"""A longer absence is caught up in windows of this length."""

_DISK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Window:
    """Traces that began in it, in seconds since the Unix epoch, half-open."""

    start: float
    end: float

    def halves(self) -> tuple[Window, Window]:
        """Both halves, to be asked for one after the other where the whole holds too much for one answer."""
        middle = (self.start + self.end) / 2
        return Window(self.start, middle), Window(middle, self.end)


class TraceStore(Protocol):
    """A store that can be asked for the traces of a window.

    ``fetch`` gives requests' bytes of ``format``, each of a bounded size, every trace once; it raises ``Unavailable`` where
    the store does not answer, and ``InvalidInput`` where it answers what it should not.
    """

    name: str
    address: str
    format: Format

    def fetch(self, window: Window) -> Iterator[bytes]:
        """Everything that began in the window."""
        ...


class PullReceiver:
    """Asks a store every few seconds, in a thread of its own, from ``start`` to ``stop``.

    A window counts as done when all of its spans are on disk; then its end is kept in ``cursor``, so that a restart asks for
    what came meanwhile. A store that is away is tried again at longer and longer intervals, up to ``most_seconds``.
    """

    def __init__(
        self,
        accept: Accept,
        store: TraceStore,
        cursor: Path,
        *,
        seconds: float,
        clock: Clock,
        most_seconds: float = MOST_SECONDS_AWAY,
    ) -> None:
        self._accept, self._store, self._cursor, self._clock, self._seconds = accept, store, cursor, clock, seconds
        self._most_seconds = most_seconds
        self.tally = Tally(store.name, store.address)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pull {store.name}")

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """End after the request that is under way."""
        self._stopping.set()
        self._thread.join()

    def pull(self) -> bool:
        """Ask for the next window and have its spans on disk; whether more is waiting behind it.

        Raises:
            Unavailable, InvalidInput: as ``TraceStore.fetch``; the same window is asked for next time.
        """
        last, newest = self._last_end(), self._clock() - SETTLING_SECONDS
        window = Window(last - OVERLAP_SECONDS, min(newest, last + MOST_SECONDS))
        if window.end <= last:
            return False
        for data in self._store.fetch(window):
            self._take(data)
        self._keep(window.end)
        return window.end < newest

    def _run(self) -> None:
        backoff = Backoff(self._most_seconds)
        while not self._stopping.is_set():
            try:
                waiting = 0.0 if self.pull() else self._seconds
                self.tally.problem = ""
                backoff.reset()
            except TracetuneError as error:
                self.tally.turned_away()
                self.tally.problem = f"{error.message}; {error.hint}" if error.hint else error.message
                log.get_logger(self._store.name).warning("the store cannot be read", why=error.message)
                waiting = backoff.pause()
            self._stopping.wait(waiting)

    def _take(self, data: bytes) -> None:
        payload = Payload(self._store.name, self._store.format, data)
        backoff = Backoff(self._most_seconds)
        while True:
            try:
                self.tally.took(len(data), self._accept(payload).result(_DISK_SECONDS).spans)
            except InvalidInput:
                self.tally.turned_away()  # one answer that cannot be read holds nothing else up
            except (Unavailable, TimeoutError) as error:
                if self._stopping.wait(backoff.pause()):
                    raise Unavailable("stopped before the window was on disk") from error
                continue
            return

    def _last_end(self) -> float:
        try:
            return float(self._cursor.read_text("ascii"))
        except FileNotFoundError:
            return self._clock() - SETTLING_SECONDS - FIRST_SECONDS
        except (ValueError, OSError) as error:
            raise InvalidInput(
                f"{self._cursor} does not say where to go on: {error}", hint="remove it to begin five minutes ago"
            ) from error

    def _keep(self, end: float) -> None:
        """Replace the cursor as a whole: half a number would be another time."""
        beside = self._cursor.with_suffix(".part")
        try:
            beside.write_text(repr(end), "ascii")
            os.replace(beside, self._cursor)  # noqa: PTH105 - the one that is known to be atomic
        except OSError as error:
            raise Unavailable(
                f"cannot write {self._cursor}: {error.strerror}", hint="look at its disk's space and rights"
            ) from error
