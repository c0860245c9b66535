"""Keeps every channel up to date about the incidents: what it was told is compared with what is, and mended."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracetune import log
from tracetune.clock import Clock, system_clock
from tracetune.domain.alerts import Alert, Occasion, Told, after, alert_of, occasion, takes
from tracetune.domain.anomalies import Severity
from tracetune.domain.notes import Notes, Sending
from tracetune.errors import TracetuneError
from tracetune.live.events import TrainingProgress
from tracetune.live.publisher import Publisher
from tracetune.sinks.alertmanager import RESEND_SECONDS, Alertmanager
from tracetune.sinks.webhook import Webhook
from tracetune.stores.notes import NoteBook

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
"""A channel that is away is tried again after a second, then after twice as long each time, up to a minute."""


@dataclass
class Channel:
    """One way out, which incidents it hears of, and how it is doing."""

    sink: Alertmanager | Webhook
    least: Severity
    sent: int = 0
    failed: int = 0
    problem: str = ""
    pause_seconds: float = 0.0
    _not_before: float = 0.0

    def is_due(self, now: float) -> bool:
        """Whether it may be tried."""
        return now >= self._not_before

    def succeeded(self, count: int) -> None:
        """Note that it took what it was sent."""
        self.sent += count
        self.problem, self.pause_seconds, self._not_before = "", 0.0, 0.0

    def failed_at(self, now: float, error: TracetuneError) -> None:
        """Note that it did not, and when to try again."""
        self.failed += 1
        self.problem = error.message
        self.pause_seconds = min(max(2 * self.pause_seconds, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
        self._not_before = now + self.pause_seconds


@dataclass
class Alerter:
    """Tells channels of incidents; what was told survives the process, so that nothing is said twice.

    Attributes:
        external_url: the address by which people reach this server; links in messages begin with it.
    """

    publisher: Publisher
    notebook: NoteBook
    channels: Sequence[Channel]
    external_url: str = ""
    clock: Clock = system_clock
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """Look again at once, because somebody said something; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Go on until cancelled: at every event, at every word of a person, and each minute."""
        self._loop = asyncio.get_running_loop()
        listening = asyncio.ensure_future(self._listen())
        await asyncio.sleep(0)  # it listens now: what is published from here on wakes the loop
        try:
            while True:
                self._woken.clear()
                try:
                    await self.settle()
                except Exception as error:  # noqa: BLE001 - a fault in one round must not end all alerts
                    log.get_logger("alerts").error("alerts not sent", error=f"{type(error).__name__}: {error}")
                with contextlib.suppress(TimeoutError):
                    # Not asyncio.wait_for: before Python 3.12 it loses a cancellation that comes as its event is set.
                    async with asyncio.timeout(self._wait_seconds()):
                        await self._woken.wait()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def settle(self) -> None:
        """Bring every channel up to date once; one that is away does not hold up another."""
        now = self.clock()
        alerts = self._alerts(self.notebook.notes(), now)
        await asyncio.gather(*(self._attempt(channel, alerts, now) for channel in self.channels if channel.is_due(now)))

    async def test(self) -> Mapping[str, str]:
        """Send a test message by every channel: "" or what went wrong, by channel.

        Alertmanager lets its alert end by itself after four minutes: one that ended at once would notify nobody.
        """
        now = self.clock()
        alert = Alert(
            "INC-test", Severity.MINOR, "tracetune", "", "A test of tracetune's alerts", {"numbers": "Nothing is wrong."},
            now - 60, is_open=True, link=self.external_url,
        )  # fmt: skip
        found: dict[str, str] = {}
        for channel in self.channels:
            try:
                if isinstance(channel.sink, Alertmanager):
                    await channel.sink.fire([(alert, after(alert, None))], now)
                else:
                    await channel.sink.tell(alert, Occasion.TEST)
                found[channel.sink.name] = ""
            except TracetuneError as error:
                found[channel.sink.name] = error.message
        return found

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Messages by (channel, "sent" or "failed")."""
        counted: Counter[tuple[str, str]] = Counter()
        for channel in self.channels:
            counted[channel.sink.name, "sent"] += channel.sent
            counted[channel.sink.name, "failed"] += channel.failed
        return counted

    async def _listen(self) -> None:
        async with contextlib.aclosing(self.publisher.subscribe()) as events:
            async for event in events:
                if not isinstance(event, TrainingProgress):
                    self.wake()

    def _wait_seconds(self) -> float:
        pauses = [channel.pause_seconds for channel in self.channels if channel.problem]
        return min([RESEND_SECONDS, *pauses])

    def _alerts(self, notes: Notes, now: float) -> dict[str, Alert]:
        """Every incident on record as an alert; what people said was no anomaly is over."""
        snapshot = self.publisher.current()
        recorded = [(r.incident, r.ranking) for r in (*snapshot.open_incidents, *snapshot.ended_incidents)]
        if not recorded and snapshot.analysis is not None:
            recorded = [(each, snapshot.analysis.rankings.get(each.id)) for each in snapshot.analysis.incidents]
        found: dict[str, Alert] = {}
        for incident, ranking in recorded:
            silence = notes.silence(incident, now)
            link = f"{self.external_url}/incidents/{incident.id}" if self.external_url else ""
            alert = alert_of(incident, ranking, link=link, silenced_until=silence.until if silence else 0.0)
            found[incident.id] = dataclasses.replace(alert, is_open=False) if notes.dismisses(incident) else alert
        return found

    async def _attempt(self, channel: Channel, alerts: Mapping[str, Alert], now: float) -> None:
        every = {key: _told(each) for key, each in self.notebook.alerts(channel.sink.name).items()}
        try:
            if isinstance(channel.sink, Alertmanager):
                await self._refresh(channel, channel.sink, alerts, every, now)
            else:
                await self._tell(channel, channel.sink, alerts, every, now)
        except TracetuneError as error:
            channel.failed_at(now, error)
            log.get_logger("alerts").warning("alert not sent", channel=channel.sink.name, error=error.message)

    async def _refresh(
        self, channel: Channel, sink: Alertmanager, alerts: Mapping[str, Alert], every: Mapping[str, Told], now: float
    ) -> None:
        """Send everything that fires, once more; end what ended; keep silences in step."""
        sending: list[tuple[Alert, Told]] = []
        for key, alert in _with_vanished(alerts, every).items():
            told = every.get(key)
            if told is None and not (alert.is_open and takes(channel.least, alert.severity)):
                continue
            known = after(alert, told)
            if told is not None and known.severity != told.severity:  # another label: the old alert ends
                sending.append((dataclasses.replace(alert, is_open=False, severity=told.severity), told))
            known = await self._silence(sink, alert, known, now)
            if known != told:
                await self._keep(sink, key, known)
            sending.append((alert, known))
        await sink.fire(sending, now)
        channel.succeeded(len(sending))
        for alert, _ in sending:
            await self._took(sink, alert, alerts.get(alert.key), every.get(alert.key), now)

    async def _took(self, sink: Alertmanager, sent: Alert, is_now: Alert | None, told: Told | None, now: float) -> None:
        """Keep what follows from an alert that was taken: a moment of the timeline, or that there is no more to end."""
        if sent == is_now:  # what was known before it could be sent was not told before
            was_told = any((sink.name, sent.key) == (each.channel, each.incident_id) for each in self._sendings())
            await self._note(sink, sent.key, occasion(sent, told if was_told else None, now), now)
        if not sent.is_open and not (is_now and is_now.is_open):
            await self._keep(sink, sent.key, None)

    async def _silence(self, sink: Alertmanager, alert: Alert, known: Told, now: float) -> Told:
        until = alert.silenced_until if alert.is_open and alert.silenced_until > now else 0.0
        if until == known.silenced_until:
            return known
        if known.silence_id:
            await sink.lift(known.silence_id)
        silence_id = await sink.silence(alert, now) if until else ""
        return dataclasses.replace(known, silence_id=silence_id, silenced_until=until)

    def _sendings(self) -> Sequence[Sending]:
        return self.notebook.notes().sendings

    async def _note(self, sink: Alertmanager | Webhook, key: str, why: Occasion | None, now: float) -> None:
        """Keep for the incident's timeline that people were told."""
        if why is not None:
            await asyncio.to_thread(self.notebook.add, Sending("", key, sink.name, why.value, now))

    async def _keep(self, sink: Alertmanager | Webhook, key: str, told: Told | None) -> None:
        body = None if told is None else dataclasses.asdict(told)
        await asyncio.to_thread(self.notebook.keep_alert, sink.name, key, body)

    async def _tell(
        self, channel: Channel, sink: Webhook, alerts: Mapping[str, Alert], every: Mapping[str, Told], now: float
    ) -> None:
        """Send the messages that are due, remembering each as soon as it was taken."""
        for key, alert in _with_vanished(alerts, every).items():
            told = every.get(key)
            why = occasion(alert, told, now)
            if why is None or (told is None and not takes(channel.least, alert.severity)):
                continue
            await sink.tell(alert, why)
            channel.succeeded(1)
            await self._keep(sink, key, None if why is Occasion.ENDED else after(alert, told))
            await self._note(sink, key, why, now)


def _with_vanished(alerts: Mapping[str, Alert], every: Mapping[str, Told]) -> dict[str, Alert]:
    """The alerts, and an end for each that was told but is on record no more."""
    gone = {
        key: Alert(key, told.severity, told.service, told.cause, "It is over.", {}, 0.0, is_open=False)
        for key, told in every.items()
        if key not in alerts
    }
    return {**alerts, **gone}


def _told(kept: Mapping[str, Any]) -> Told:
    return Told(**{**kept, "severity": Severity(kept["severity"])})
