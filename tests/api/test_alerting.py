from __future__ import annotations

import asyncio
import dataclasses
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.real import PATIENCE_SECONDS, Receiver, alertmanager, free_port, receiver

from tracetune.api.alerting import LONGEST_PAUSE_SECONDS, Alerter, Channel
from tracetune.domain.analysis import Analysis
from tracetune.domain.anomalies import Severity
from tracetune.domain.notes import Feedback, Silence, SilenceKind
from tracetune.live.events import IncidentRecord, MinuteClosed
from tracetune.live.publisher import Publisher, Snapshot
from tracetune.sinks.alertmanager import Alertmanager
from tracetune.sinks.webhook import Webhook
from tracetune.stores.notes import NoteBook

Record = Callable[..., IncidentRecord]


@pytest.fixture
def record(shop: Analysis) -> Record:
    """An incident on record that began five minutes ago."""
    onset = int(time.time() // 60) - 5

    def make(*, ended: bool = False, cause: str = "payments", severity: Severity = Severity.CRITICAL) -> IncidentRecord:
        incident = dataclasses.replace(
            shop.incidents[0], onset=onset, end=onset + 4 if ended else None, severity=severity
        )
        ranking = shop.rankings[incident.id]
        first = dataclasses.replace(ranking.causes[0], service_name=cause)
        return IncidentRecord(incident, dataclasses.replace(ranking, causes=(first,)), onset, onset)

    return make


def _snapshot(version: int, *records: IncidentRecord) -> Snapshot:
    going = tuple(each for each in records if each.is_open)
    return Snapshot(None, version, 1, open_incidents=going, ended_incidents=tuple(r for r in records if not r.is_open))


@dataclasses.dataclass
class Scene:
    """A publisher, a notebook and one webhook channel that really receives."""

    hook: Receiver
    publisher: Publisher = dataclasses.field(default_factory=Publisher)
    book: NoteBook = dataclasses.field(default_factory=NoteBook)
    now: float = dataclasses.field(default_factory=time.time)
    least: Severity = Severity.WARNING

    async def settle(self, *records: IncidentRecord, times: int = 1) -> list[str]:
        """What was said after the publisher's incidents became these."""
        self.publisher.publish(_snapshot(self.publisher.current().version + 1, *records))
        async with httpx.AsyncClient() as client:
            alerter = Alerter(
                self.publisher, self.book, [Channel(Webhook(self.hook.url, client), self.least)], clock=lambda: self.now
            )
            for _ in range(times):
                await alerter.settle()
        return [each["occasion"] for each in self.hook.all()]


def test_one_message_on_open_one_on_another_cause_one_on_the_end(record: Record) -> None:
    async def story(scene: Scene) -> list[list[str]]:
        return [
            await scene.settle(record(), times=3),
            await scene.settle(record(cause="bank-gateway"), times=3),
            await scene.settle(record(ended=True), times=3),
        ]

    with receiver() as hook:
        scene = Scene(hook)
        said = asyncio.run(story(scene))

    assert said == [["opened"], ["changed"], ["ended"]]
    assert sorted(each.occasion for each in scene.book.notes().sendings) == ["changed", "ended", "opened"]


def test_a_restart_says_nothing_twice(record: Record, tmp_path: Path) -> None:
    async def story(hook: Receiver) -> list[list[str]]:
        said = []
        for ended in (False, False, True, True):
            scene = Scene(hook, book=NoteBook(tmp_path / "notes.sqlite"))
            said.append(await scene.settle(record(ended=ended)))
            scene.book.close()
        return said

    with receiver() as hook:
        said = asyncio.run(story(hook))

    assert said == [["opened"], [], ["ended"], []]


def test_a_channel_hears_only_what_is_severe_enough_for_it(record: Record) -> None:
    async def story(scene: Scene) -> list[list[str]]:
        quiet = await scene.settle(record(severity=Severity.WARNING))
        loud = await scene.settle(record(severity=Severity.CRITICAL))
        return [quiet, loud]

    with receiver() as hook:
        said = asyncio.run(story(Scene(hook, least=Severity.CRITICAL)))

    assert said == [[], ["opened"]]


def test_a_snooze_holds_messages_back_until_it_ends(record: Record) -> None:
    async def story(scene: Scene) -> list[list[str]]:
        until = scene.now + 1_800
        scene.book.add(Silence("", SilenceKind.SNOOZE, "INC-3f9c", "", scene.now, until, "", ""))
        snoozed = await scene.settle(record())
        scene.now = until
        return [snoozed, await scene.settle(record())]

    with receiver() as hook:
        said = asyncio.run(story(Scene(hook)))

    assert said == [[], ["opened"]]


def test_maintenance_of_a_service_is_quiet(record: Record) -> None:
    async def story(scene: Scene) -> list[str]:
        scene.book.add(Silence("", SilenceKind.MAINTENANCE, "", "payments", scene.now, math.inf, "", ""))
        return await scene.settle(record())

    with receiver() as hook:
        said = asyncio.run(story(Scene(hook)))

    assert said == []


def test_feedback_ends_an_alert_at_once_and_undoing_it_opens_it_again(record: Record) -> None:
    async def story(scene: Scene) -> list[list[str]]:
        found = record()
        opened = await scene.settle(found)
        kept = [
            scene.book.add(Feedback("", a.id, *a.key, a.kind.value, a.score, scene.now, "", ""))
            for a in found.incident.anomalies
        ]
        ended = await scene.settle(found)
        for each in kept:
            scene.book.remove(each.id)
        return [opened, ended, await scene.settle(found)]

    with receiver() as hook:
        said = asyncio.run(story(Scene(hook)))

    assert said == [["opened"], ["ended"], ["opened"]]


def test_a_webhook_that_fails_is_tried_again_with_longer_pauses_and_hears_each_thing_once(record: Record) -> None:
    async def story(scene: Scene) -> tuple[list[str], Channel]:
        scene.publisher.publish(_snapshot(1, record()))
        async with httpx.AsyncClient() as client:
            channel = Channel(Webhook(scene.hook.url, client), Severity.WARNING)
            alerter = Alerter(scene.publisher, scene.book, [channel], clock=lambda: scene.now)
            scene.hook.status = 503
            for _ in range(10):
                await alerter.settle()
                scene.now += 10
            assert channel.pause_seconds > 10
            assert channel.pause_seconds <= LONGEST_PAUSE_SECONDS
            refused = len(scene.hook.all())
            assert refused == channel.failed
            scene.hook.status = 200
            scene.now += LONGEST_PAUSE_SECONDS
            for _ in range(3):
                await alerter.settle()
        return [each["occasion"] for each in scene.hook.all()], channel

    with receiver() as hook:
        said, channel = asyncio.run(story(Scene(hook)))

    assert said == ["opened"]
    assert channel.failed < 10, "not every round tried"
    assert channel.problem == ""


def test_a_test_of_alertmanager_reaches_its_receiver(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> Any:
        async with httpx.AsyncClient() as client:
            channel = Channel(Alertmanager(f"http://127.0.0.1:{port}", client), Severity.WARNING)
            return await Alerter(Publisher(), NoteBook(), [channel]).test()

    with receiver() as hook, alertmanager(tmp_path, hook.url, port):
        found = asyncio.run(story())
        heard = hook.next()

    assert found == {"alertmanager": ""}
    assert heard["alerts"][0]["annotations"]["summary"] == "A test of tracetune's alerts"


def test_an_incident_that_vanished_from_the_record_is_ended(record: Record) -> None:
    async def story(scene: Scene) -> list[list[str]]:
        return [await scene.settle(record()), await scene.settle()]

    with receiver() as hook:
        said = asyncio.run(story(Scene(hook)))

    assert said == [["opened"], ["ended"]]


def test_every_channel_can_be_tested(record: Record) -> None:
    async def story(hook: Receiver) -> Any:
        async with httpx.AsyncClient() as client:
            channels = [
                Channel(Webhook(hook.url, client), Severity.WARNING),
                Channel(Alertmanager(f"http://127.0.0.1:{free_port()}", client), Severity.WARNING),
            ]
            return await Alerter(Publisher(), NoteBook(), channels).test()

    with receiver() as hook:
        found = asyncio.run(story(hook))
        said = hook.all()

    assert record is not None
    assert found["webhook"] == ""
    assert "away" in found["alertmanager"]
    assert [each["occasion"] for each in said] == ["test"]


def test_alertmanager_down_then_up_gets_what_fires_then_its_end_and_nothing_twice(
    record: Record, tmp_path: Path
) -> None:
    port, book = free_port(), NoteBook()

    async def story(hook: Receiver, publisher: Publisher) -> tuple[list[dict[str, Any]], Channel]:
        async with httpx.AsyncClient() as client:
            channel = Channel(Alertmanager(f"http://127.0.0.1:{port}", client), Severity.WARNING)
            alerter = Alerter(publisher, book, [channel])
            running = asyncio.create_task(alerter.run())
            await asyncio.sleep(0)
            publisher.publish(_snapshot(1, record()), [MinuteClosed(1, 1)])
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not channel.failed:  # noqa: ASYNC110 - a count of the product is no event
                    await asyncio.sleep(0.01)
            up = alertmanager(tmp_path, hook.url, port)
            await asyncio.to_thread(up.__enter__)
            try:
                heard = [await asyncio.to_thread(hook.next)]
                publisher.publish(_snapshot(2, record(ended=True)), [MinuteClosed(2, 2)])
                heard.append(await asyncio.to_thread(hook.next))
                publisher.publish(_snapshot(3, record(ended=True)), [MinuteClosed(3, 3)])
                alerter.wake()
            finally:
                await asyncio.to_thread(up.__exit__, None, None, None)
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
        return heard, channel

    with receiver() as hook:
        heard, channel = asyncio.run(story(hook, Publisher()))
        rest = hook.all()

    assert [each["status"] for each in heard] == ["firing", "resolved"]
    assert heard[0]["alerts"][0]["annotations"]["cause"] == "payments"
    assert heard[0]["alerts"][0]["labels"]["service"] == "payments"
    assert rest == []
    assert channel.failed >= 1
    assert [(each.channel, each.occasion) for each in book.notes().sendings] == [
        ("alertmanager", "opened"),
        ("alertmanager", "ended"),
    ]


def test_alertmanager_told_as_the_docs_say_does_not_call_a_warning_resolved_that_became_critical(
    record: Record, tmp_path: Path
) -> None:
    port = free_port()

    async def story(hook: Receiver) -> list[dict[str, Any]]:
        publisher = Publisher()
        async with httpx.AsyncClient() as client:
            alerter = Alerter(
                publisher, NoteBook(), [Channel(Alertmanager(f"http://127.0.0.1:{port}", client), Severity.WARNING)]
            )
            heard = []
            for number, each in enumerate((record(severity=Severity.WARNING), record(), record(ended=True)), start=1):
                publisher.publish(_snapshot(number, each))
                await alerter.settle()
                heard.append(await asyncio.to_thread(hook.next))
        return heard

    with receiver() as hook, alertmanager(tmp_path, hook.url, port):
        heard = asyncio.run(story(hook))
        rest = hook.all()

    told = [(alert["status"], alert["labels"]["severity"]) for each in heard for alert in each["alerts"]]
    assert told == [("firing", "warning"), ("firing", "critical"), ("resolved", "critical")]
    assert rest == []


def test_being_woken_and_stopped_at_once_it_stops() -> None:
    async def story() -> bool:
        alerter = Alerter(Publisher(), NoteBook(), [])
        running = asyncio.create_task(alerter.run())
        await asyncio.sleep(0.05)  # it waits to be woken by then
        alerter.wake()
        await asyncio.sleep(0)  # the event is set, and its waiter has not run yet
        running.cancel()
        ended, _ = await asyncio.wait([running], timeout=PATIENCE_SECONDS)
        return bool(ended)

    assert asyncio.run(story())
