from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.api.real import Receiver, alertmanager, free_port, receiver

from tracetune.domain.alerts import Alert, after
from tracetune.domain.anomalies import Severity
from tracetune.errors import Unavailable
from tracetune.sinks.alertmanager import LASTS_SECONDS, Alertmanager, payload

STARTED = 1_760_000_000.0
ALERT = Alert(
    "INC-1",
    Severity.CRITICAL,
    "payments",
    "payments",
    "checkout is slow because of payments",
    {"numbers": "p95 1 s", "release": ""},
    STARTED,
    is_open=True,
    link="https://box/incidents/INC-1",
)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Receiver]]:
    """Alertmanager itself, and the receiver that it notifies."""
    folder: Path = tmp_path_factory.mktemp("alertmanager")
    port = free_port()
    with receiver() as hook, alertmanager(folder, hook.url, port):
        yield f"http://127.0.0.1:{port}", hook


def _with(url: str, work: Callable[[Alertmanager], Awaitable[None]]) -> None:
    async def run() -> None:
        async with httpx.AsyncClient() as client:
            await work(Alertmanager(url, client))

    asyncio.run(run())


def test_labels_never_change_while_annotations_do() -> None:
    told = after(ALERT, None)
    later = dataclasses.replace(ALERT, cause="bank", service="bank", headline="slow because of bank")

    first, second = payload(ALERT, told, STARTED), payload(later, after(later, told), STARTED + 60)

    assert first["labels"] == second["labels"]
    assert first["annotations"]["cause"] == "payments"
    assert second["annotations"]["cause"] == "bank"
    assert "release" not in first["annotations"], "Alertmanager takes an empty value for a missing one"


def test_a_firing_alert_lasts_four_minutes_from_its_last_sending() -> None:
    assert LASTS_SECONDS == 240
    starts, ends = (payload(ALERT, after(ALERT, None), ALERT.starts)[name] for name in ("startsAt", "endsAt"))

    assert (int(ends[14:16]) - int(starts[14:16])) % 60 == 4
    assert starts.endswith("Z")


def test_an_alert_from_a_clock_ahead_starts_before_it_ends() -> None:
    ahead = dataclasses.replace(ALERT, starts=STARTED + 3_600)

    sent = payload(ahead, after(ahead, None), STARTED)

    assert sent["startsAt"] < sent["endsAt"]


def test_alertmanager_notifies_once_however_often_it_is_sent_and_once_of_the_end(real: tuple[str, Receiver]) -> None:
    url, hook = real
    told = after(ALERT, None)

    async def story(sink: Alertmanager) -> None:
        for _ in range(3):
            await sink.fire([(ALERT, told)], time.time())
        assert (await asyncio.to_thread(hook.next))["status"] == "firing"
        await sink.fire([(dataclasses.replace(ALERT, is_open=False), told)], time.time())
        resolved = await asyncio.to_thread(hook.next)
        assert resolved["status"] == "resolved"
        assert resolved["alerts"][0]["labels"]["incident"] == "INC-1"
        assert resolved["alerts"][0]["generatorURL"] == ALERT.link

    _with(url, story)

    assert hook.all() == []


def test_a_silenced_alert_notifies_nobody_until_the_silence_is_lifted(real: tuple[str, Receiver]) -> None:
    url, hook = real
    quiet = dataclasses.replace(ALERT, key="INC-2", silenced_until=time.time() + 3_600)

    async def story(sink: Alertmanager) -> None:
        silence_id = await sink.silence(quiet, time.time())
        await sink.fire([(quiet, after(quiet, None))], time.time())
        loud = dataclasses.replace(ALERT, key="INC-3")
        await sink.fire([(loud, after(loud, None))], time.time())
        first = await asyncio.to_thread(hook.next)
        await sink.lift(silence_id)
        second = await asyncio.to_thread(hook.next)
        await sink.lift(silence_id)

        assert [each["groupLabels"]["incident"] for each in (first, second)] == ["INC-3", "INC-2"]

    _with(url, story)


def test_a_refusal_is_told_with_its_reason(real: tuple[str, Receiver]) -> None:
    async def story(sink: Alertmanager) -> None:
        bad = dataclasses.replace(ALERT, key="")
        broken = dataclasses.replace(after(bad, None), service="")
        with pytest.raises(Unavailable, match="400"):
            await sink._post("/api/v2/alerts", [{"labels": {"": "x"}}])
        await sink.fire([(dataclasses.replace(bad, is_open=False), broken)], time.time())

    _with(real[0], story)


def test_an_alertmanager_that_is_away_is_told() -> None:
    async def story(sink: Alertmanager) -> None:
        with pytest.raises(Unavailable, match="away"):
            await sink.fire([(ALERT, after(ALERT, None))], time.time())

    _with(f"http://127.0.0.1:{free_port()}", story)
