"""Tests of the meeting point between the minute loop and the surfaces."""

from __future__ import annotations

import asyncio
import threading

from tracetune.live.events import Event, MinuteClosed
from tracetune.live.publisher import Publisher, Snapshot


def test_the_newest_snapshot_is_the_current_one() -> None:
    publisher = Publisher()

    publisher.publish(Snapshot(version=3, closed_minute=28))

    assert (publisher.current().version, publisher.current().closed_minute) == (3, 28)


def test_a_subscriber_receives_what_another_thread_publishes() -> None:
    publisher = Publisher()

    async def listen() -> Event:
        events = publisher.subscribe()
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)  # let the subscription begin
        threading.Thread(target=publisher.publish, args=(Snapshot(version=1), [MinuteClosed(7, 1)])).start()
        return await first

    assert asyncio.run(listen()) == MinuteClosed(7, 1)


def test_a_subscriber_that_does_not_listen_keeps_the_newest_events_and_holds_nobody_up() -> None:
    publisher = Publisher()

    async def listen() -> tuple[Event, Event]:
        events = publisher.subscribe()
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        for minute in range(1000):
            publisher.publish(Snapshot(version=minute), [MinuteClosed(minute, minute)])
        await first
        return first.result(), await anext(events)

    first, second = asyncio.run(listen())

    assert isinstance(first, MinuteClosed)
    assert isinstance(second, MinuteClosed)
    assert second.minute >= 1000 - 256


def test_a_subscriber_that_left_is_forgotten() -> None:
    publisher = Publisher()

    async def come_and_go() -> int:
        events = publisher.subscribe()
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await events.aclose()
        return len(publisher._subscribers)

    assert asyncio.run(come_and_go()) == 0
