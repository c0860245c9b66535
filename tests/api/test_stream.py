from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import msgspec

from tracetune.api.alerting import Alerter
from tracetune.api.context import Context
from tracetune.api.notices import StreamEvent
from tracetune.api.snapshots import Snapshots, fixed
from tracetune.api.stream import _lines
from tracetune.domain.analysis import Analysis
from tracetune.live.events import IncidentOpened, IncidentRecord, MinuteClosed, TrainingProgress
from tracetune.live.publisher import Publisher
from tracetune.stores.notes import NoteBook


def _context(publisher: Publisher) -> Context:
    book = NoteBook()
    return Context(Snapshots(publisher), book, Alerter(publisher, book, ()))


async def _next(lines: AsyncIterator[bytes]) -> StreamEvent:
    text = (await anext(lines)).decode()
    data = next(line for line in text.splitlines() if line.startswith("data: "))
    return msgspec.json.decode(data.removeprefix("data: "), type=StreamEvent)


def test_a_listener_hears_the_present_first_and_then_every_event(shop: Analysis) -> None:
    publisher = fixed(shop)
    context = _context(publisher)
    record = IncidentRecord(shop.incidents[0], shop.rankings[shop.incidents[0].id], 1, 1)

    async def listen() -> list[StreamEvent]:
        lines = _lines(context)
        heard = [await _next(lines)]
        later = dataclasses.replace(publisher.current(), version=2)
        publisher.publish(later, [IncidentOpened(record), MinuteClosed(5, 2), TrainingProgress(3, 10)])
        heard += [await _next(lines) for _ in range(3)]
        await lines.aclose()  # type: ignore[attr-defined]  # it is a generator
        return heard

    heard = asyncio.run(listen())

    assert [each.kind for each in heard] == ["snapshot", "incident_opened", "snapshot", "training"]
    assert [each.snapshot for each in heard] == [1, 2, 2, 2]
    assert heard[0].text == shop.headline
    assert (heard[1].incident_id, heard[1].severity) == ("INC-3f9c", "critical")
    assert (heard[3].done, heard[3].total) == (3, 10)


def test_a_listener_that_leaves_is_forgotten(shop: Analysis) -> None:
    publisher = fixed(shop)
    context = _context(publisher)

    async def leave() -> None:
        lines = _lines(context)
        await anext(lines)
        await lines.aclose()  # type: ignore[attr-defined]  # it is a generator

    asyncio.run(leave())

    assert publisher._subscribers == set()
