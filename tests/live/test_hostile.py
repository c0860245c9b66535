"""Senders that mean no good, against the real process: bombs, garbage, slow heads and bodies, made-up names."""

from __future__ import annotations

import gzip
import random
import socket
import threading
from collections.abc import Iterator

import pytest
import zstandard
from tests.live.parts import trace_of
from tests.live.real import PROTOBUF, Served, serving

from tracetune.live.listeners import SECONDS_FOR_A_HEAD
from tracetune.testing.otlp_writer import request

BOMB_BYTES = 512 << 20
SLOW = 150


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("hostile")) as served:
        served.send(request(trace_of(0)))  # what is loaded once, is loaded
        yield served


def _zeros(encoding: str) -> bytes:
    """Half a gigabyte in half a megabyte or less."""
    if encoding == "zstd":
        packer = zstandard.ZstdCompressor().compressobj()
        return b"".join(packer.compress(bytes(1 << 20)) for _ in range(BOMB_BYTES >> 20)) + packer.flush()
    return gzip.compress(bytes(BOMB_BYTES), 6)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_decompression_bomb_is_refused_without_its_memory(served: Served, encoding: str) -> None:
    bomb = _zeros(encoding)
    before = served.resident_mebibytes

    answers = [served.send(bomb, **{"content-encoding": encoding}).status_code for _ in range(4)]

    assert answers == [413] * 4
    assert served.resident_mebibytes - before < 150
    assert served.send(request(trace_of(1))).status_code == 200


def test_garbage_on_every_port_ends_nothing(served: Served) -> None:
    chance = random.Random(7)  # noqa: S311 - bytes, not secrets
    for name in ("otlp_grpc", "otlp_http", "zipkin", "api"):
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", served.ports[name]), timeout=30) as connection:
                try:
                    connection.sendall(chance.randbytes(chance.randrange(1, 4000)))
                except OSError:
                    continue
    whole = request(trace_of(2))
    damaged = [whole[: chance.randrange(1, len(whole))] + chance.randbytes(9) for _ in range(50)]

    answers = {served.send(each).status_code for each in damaged}

    assert answers <= {200, 400}  # some cuts leave a whole message
    assert 400 in answers
    assert served.send(whole).status_code == 200


@pytest.mark.slow
def test_many_slow_senders_hold_nobody_up_and_are_cut_off(served: Served) -> None:
    address = ("127.0.0.1", served.ports["otlp_http"])
    slow = [socket.create_connection(address, timeout=SECONDS_FOR_A_HEAD + 60) for _ in range(SLOW)]
    for each in slow:
        each.sendall(b"POST /v1/traces HTTP/1.1\r\nhost: x\r\nx-slow: ")
    silent = threading.Event()

    def dribble() -> None:
        while not silent.wait(1.0):
            for each in slow:
                try:
                    each.sendall(b"a")
                except OSError:
                    continue

    dribbling = threading.Thread(target=dribble)
    dribbling.start()
    meanwhile = served.send(request(trace_of(3))).status_code
    ends = [_end(each) for each in slow]
    silent.set()
    dribbling.join()

    assert meanwhile == 200
    assert ends == [b""] * SLOW
    assert served.send(request(trace_of(4)), **PROTOBUF).status_code == 200


def _end(connection: socket.socket) -> bytes:
    """What comes before the other side closes."""
    with connection:
        try:
            return connection.recv(100)
        except ConnectionResetError:
            return b""
