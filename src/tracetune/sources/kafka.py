"""Consumes spans from Kafka: requests of OTLP protobuf or JSON, or Jaeger's JSON, one a message."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future

from tracetune import log
from tracetune.errors import InvalidInput, Unavailable
from tracetune.sources.backoff import MOST_SECONDS, Backoff
from tracetune.sources.payloads import Format
from tracetune.sources.reception import Accept, Payload, Receipt, Tally

NAME = "kafka"

_MOST_RECORDS = 500
_POLL_MILLISECONDS = 500
SILENCE_SECONDS = 5.0
"""After so long without a message the broker is asked whether it is there."""

_SECONDS_TO_LEAVE = 5.0


class KafkaReceiver:
    """A member of a consumer group, in a thread of its own, from ``start`` to ``stop``.

    Offsets are committed when the spans of all messages before them are on disk: what was consumed when the process died is
    consumed again, and its spans are known as duplicates. A broker that is away, from the start or from some moment on, is
    told in ``tally.problem`` and tried again at longer and longer intervals. A message that cannot be read is counted as
    refused and passed over.

    Args:
        accept: takes each message.
        brokers: HOST:PORT, by commas.
        topics: one or more.
        group: several members of a group share the partitions; topics keyed by trace id keep traces together.
        most_seconds: the longest pause between two tries.

    Raises:
        Unavailable: aiokafka is not installed.
    """

    def __init__(
        self, accept: Accept, brokers: str, topics: Sequence[str], group: str, *, most_seconds: float = MOST_SECONDS
    ) -> None:
        try:
            import aiokafka  # noqa: F401, PLC0415 - an extra
        except ImportError:
            raise Unavailable("the Kafka consumer is not installed", hint="pip install 'tracetune[kafka]'") from None
        self._accept, self._brokers, self._topics, self._group = accept, brokers, tuple(topics), group
        self._most_seconds = most_seconds
        self._heard = time.monotonic()
        self.tally = Tally(NAME, f"{brokers} {','.join(topics)}")
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="kafka")

    def start(self) -> None:
        """Begin to consume."""
        self._thread.start()

    def stop(self) -> None:
        """Leave the group and end."""
        self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join()

    def _cancel(self) -> None:
        if self._task:
            self._task.cancel()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._consume())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.close()

    async def _consume(self) -> None:
        from aiokafka.errors import KafkaError  # noqa: PLC0415

        backoff = Backoff(self._most_seconds)
        watching = asyncio.ensure_future(self._watch())
        try:
            while True:
                begun = time.monotonic()
                try:
                    await self._consume_until_broken()
                except KafkaError as error:
                    self._tell(error)
                    if self._heard > begun:
                        backoff.reset()
                    await asyncio.sleep(backoff.pause())
        finally:
            watching.cancel()

    async def _consume_until_broken(self) -> None:
        from aiokafka import AIOKafkaConsumer  # noqa: PLC0415

        consumer = AIOKafkaConsumer(
            *self._topics,
            bootstrap_servers=self._brokers,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=32 << 20,
        )
        try:
            await consumer.start()
            self._hear()
            while True:
                found = await consumer.getmany(timeout_ms=_POLL_MILLISECONDS, max_records=_MOST_RECORDS)
                messages = [message.value for batch in found.values() for message in batch if message.value]
                if messages:
                    await self._take(messages)
                if found:
                    await consumer.commit()
                    self._hear()
        finally:  # leaving the group of a broker that is away would wait for it
            await asyncio.wait({asyncio.ensure_future(consumer.stop())}, timeout=_SECONDS_TO_LEAVE)

    async def _watch(self) -> None:
        """Tell when the broker is away, and when it is back: the consumer waits for it without a word."""
        from aiokafka.client import AIOKafkaClient  # noqa: PLC0415
        from aiokafka.errors import KafkaError  # noqa: PLC0415

        backoff = Backoff(self._most_seconds)
        pause = SILENCE_SECONDS
        while True:
            await asyncio.sleep(pause)
            if time.monotonic() - self._heard < SILENCE_SECONDS:
                continue
            client = AIOKafkaClient(bootstrap_servers=self._brokers)
            try:
                await client.bootstrap()
                self._hear()
                backoff.reset()
                pause = SILENCE_SECONDS
            except KafkaError as error:
                self._tell(error)
                pause = backoff.pause()
            finally:
                await client.close()

    def _hear(self) -> None:
        self._heard = time.monotonic()
        self.tally.problem = ""

    def _tell(self, error: Exception) -> None:
        if not self.tally.problem:
            log.get_logger(NAME).warning("the broker is away", brokers=self._brokers, why=str(error))
        self.tally.problem = f"the broker {self._brokers} is away: {error}"

    async def _take(self, messages: Sequence[bytes]) -> None:
        """Have all messages on disk; those for which there is no room yet are offered until there is."""
        waiting = [(message, asyncio.wrap_future(await self._offer(message))) for message in messages]
        for message, receipt in waiting:
            try:
                self.tally.took(len(message), (await receipt).spans)
            except InvalidInput:
                self.tally.turned_away()
            except Unavailable:
                await self._take([message])  # the disk is full: the same message until it has room

    async def _offer(self, message: bytes) -> Future[Receipt]:
        backoff = Backoff(self._most_seconds)
        while True:
            try:
                return self._accept(Payload(NAME, _format(message), message))
            except Unavailable:
                await asyncio.sleep(backoff.pause())


def _format(message: bytes) -> Format:
    head = message[:512].lstrip()
    if head[:1] not in (b"{", b"["):
        return Format.OTLP_PROTOBUF
    if b'"resourceSpans"' in head or b'"resource_spans"' in head:
        return Format.OTLP_JSON
    return Format.ZIPKIN_JSON if head[:1] == b"[" else Format.JAEGER_JSON
