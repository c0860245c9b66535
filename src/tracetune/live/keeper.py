"""Stores what the fold gave, in order: minutes, and the states to go on from; then passes the minutes on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tracetune import log
from tracetune.errors import Unavailable
from tracetune.live.admission import Save
from tracetune.live.fold import Emission
from tracetune.ports import MinuteStore
from tracetune.stores import checkpoint
from tracetune.stores.checkpoint import Checkpoint

_MOST_WAITING = 4
"""Emissions that wait for the store before the fold has to: a store that is away holds new requests up, not the memory."""

_RETRY_SECONDS = (0.2, 1.0, 5.0)


class Keeper:
    """One thread before the store.

    A store that cannot be written to is tried again until it can; meanwhile nothing is lost, because the journal keeps what
    is not stored, and senders are told to wait once the bounds are reached.

    Args:
        store: takes the minutes.
        path: of the state.
        journal_id: stands before the number of each emission in its id.
        forget: told the journal's position that is no longer needed.
        passed_on: given each emission after it was stored.
    """

    def __init__(
        self,
        store: MinuteStore,
        path: Path,
        journal_id: str,
        *,
        forget: Callable[[int], None],
        passed_on: Callable[[Emission], None],
    ) -> None:
        self._store, self._path, self._journal_id = store, path, journal_id
        self._forget, self._passed_on = forget, passed_on
        self._queue: queue.Queue[Emission | Save | None] = queue.Queue(_MOST_WAITING)
        self._stopping = threading.Event()
        self._gave_up = False
        self._thread = threading.Thread(target=self._run, name="keeper")
        self.problem = ""

    def start(self) -> None:
        """Begin to store."""
        self._thread.start()

    def give(self, each: Emission | Save) -> None:
        """Queue; waits while too much does."""
        self._queue.put(each)

    def drain(self) -> None:
        """Wait until everything that was given is stored."""
        self._queue.join()

    def stop(self) -> None:
        """Store what was given and end; what a store that is away does not take stays in the journal."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (each := self._queue.get()) is not None:
            try:
                self._keep(each)
            finally:
                self._queue.task_done()
        self._queue.task_done()

    def _keep(self, each: Emission | Save) -> None:
        attempt = 0
        while not self._gave_up:
            try:
                if isinstance(each, Save):
                    self._save(each)
                else:
                    self._store.write(each.summary.minutes, write_id=f"{self._journal_id}-{each.number}")
                    self._passed_on(each)
                self.problem = ""
            except Unavailable as error:
                if isinstance(each, Save):  # the journal is read from an earlier state then
                    log.get_logger("keeper").warning("a state was not saved", why=error.message)
                    return
                self.problem = f"{error.message}; {error.hint}"
                if self._stopping.wait(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)]):
                    self._give_up(each)
                    return
                attempt += 1
            else:
                return

    def _save(self, each: Save) -> None:
        document = {**each.checkpoint.document, "position": each.position, "journal_id": self._journal_id}
        checkpoint.save(self._path, replace(each.checkpoint, document=document))
        self._forget(each.position)

    def _give_up(self, each: Emission) -> None:
        """Leave the rest to the journal: no later state may be saved, or it would be forgotten."""
        log.get_logger("keeper").warning("minutes were not stored; the journal will be read again", number=each.number)
        self._gave_up = True


def state_of(path: Path) -> tuple[Checkpoint | None, int, str]:
    """The state that was saved last, the journal's position it stands for, and the journal's id ("" without a state)."""
    found = checkpoint.load(path)
    if found is None:
        return None, 0, ""
    return found, int(found.document["position"]), str(found.document["journal_id"])
