"""Hands the newest snapshot to whoever asks, and events to whoever listens, without ever waiting for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace

from tracetune.domain.analysis import Analysis
from tracetune.live.events import Event, IncidentRecord
from tracetune.live.status import Status
from tracetune.tuning.queues.model import Model

_MOST_WAITING = 256
"""Events kept for a slow subscriber; beyond, its oldest are dropped: the snapshot always holds the present."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that surfaces show of the present, whole and unchanging; a later one replaces it.

    Attributes:
        analysis: of the rolling window; None before the first minute was closed.
        version: grows by one with every publication.
        closed_minute: the last closed minute since the Unix epoch; -1 before the first.
        open_incidents, ended_incidents: open ones as ``Analysis.incidents`` are ordered, ended ones newest first.
        model: of the queues, found at most every ten minutes; None where whole calls are not known (yet).
    """

    analysis: Analysis | None = None
    version: int = 0
    closed_minute: int = -1
    status: Status = field(default_factory=Status)
    open_incidents: tuple[IncidentRecord, ...] = ()
    ended_incidents: tuple[IncidentRecord, ...] = ()
    model: Model | None = None


class _Subscriber:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(_MOST_WAITING)

    def give(self, events: Sequence[Event]) -> None:
        """Have the events put into the queue by the subscriber's own loop; a loop that has ended gets none."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, tuple(events))

    async def next(self) -> Event:
        return await self._waiting.get()

    def _put(self, events: Sequence[Event]) -> None:
        for event in events:
            if self._waiting.full():
                self._waiting.get_nowait()
            self._waiting.put_nowait(event)


class Publisher:
    """The one meeting point of the minute loop and the surfaces; every method may be called from any thread."""

    def __init__(self, first: Snapshot | None = None) -> None:
        self._current = first or Snapshot()
        self._lock = threading.Lock()
        self._subscribers: set[_Subscriber] = set()

    def current(self) -> Snapshot:
        """The newest snapshot."""
        return self._current

    def publish(self, snapshot: Snapshot, events: Sequence[Event] = ()) -> None:
        """Replace the snapshot, then tell every subscriber what happened; returns at once."""
        with self._lock:
            self._current = snapshot
        self.announce(events)

    def refresh(self, status: Status) -> None:
        """Replace the status of the current snapshot; its version stays, because nothing was judged."""
        with self._lock:
            self._current = replace(self._current, status=status)

    def announce(self, events: Sequence[Event]) -> None:
        """Tell every subscriber, without a new snapshot: progress of a training."""
        with self._lock:
            subscribers = tuple(self._subscribers)
        for subscriber in subscribers:
            subscriber.give(events)

    async def subscribe(self) -> AsyncGenerator[Event, None]:
        """Events from the first iteration on; close the iterator (or cancel its task) to leave."""
        subscriber = _Subscriber()
        with self._lock:
            self._subscribers.add(subscriber)
        try:
            while True:
                yield await subscriber.next()
        finally:
            with self._lock:
                self._subscribers.discard(subscriber)
