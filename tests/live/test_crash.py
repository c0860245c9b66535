"""A server that is killed amid its work loses nothing it acknowledged, and counts nothing twice."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

import grpc
import pytest
from tests.live.parts import FIRST_MINUTE, trace_of

from tracetune.domain.spans import SpanBatch
from tracetune.stores.clickhouse import ClickHouse
from tracetune.stores.minutes import ClickHouseMinutes
from tracetune.testing.minutes import sorted_rows
from tracetune.testing.otlp_writer import request
from tracetune.traces.summarise import summarise

SERVER = """
import sys
from pathlib import Path
from tests.live.parts import Clock, settings
from tracetune import log
from tracetune.live import admission
from tracetune.live.server import Server
admission.CHECKPOINT_SECONDS = 0.0 if sys.argv[2] == "often" else 1e9
log.configure(verbosity=-1)
clock = Clock()
clock.now += 3600.0
server = Server(settings(Path(sys.argv[1]), otlp_grpc_port=0, max_spans=400), clock=clock, ticking=False)
server.start()
print(server.grpc.port, flush=True)
for line in sys.stdin:
    server.admission.close_minute(int(line))
server.stop()
"""
METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


class Sender(threading.Thread):
    """Sends requests one after the other until its server is gone; what was not acknowledged stays in ``left``."""

    def __init__(self, port: int, left: list[bytes], enough: int) -> None:
        super().__init__()
        self._port, self._left, self._enough = port, left, enough
        self.acknowledged = 0
        self.sent_enough = threading.Event()

    def run(self) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{self._port}") as channel:
            export = channel.unary_unary(METHOD)
            try:
                while self._left:
                    export(self._left[-1], timeout=60)
                    self._left.pop()
                    self.acknowledged += 1
                    if self.acknowledged == self._enough:
                        self.sent_enough.set()
            except grpc.RpcError:
                pass
        self.sent_enough.set()


def _work(directory: Path, checkpoints: str, kills: int) -> SpanBatch:
    """Send traces to a server that is killed over and over; gives all spans, each of which was acknowledged in the end."""
    chance = random.Random(kills)  # noqa: S311 - moments, not secrets
    traces = [trace_of(number % 10, number) for number in range(60 * (kills + 1))]
    left = [request(each) for each in reversed(traces)]
    for round_ in range(kills + 1):
        command = [sys.executable, "-c", SERVER, str(directory), checkpoints]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
            assert process.stdout is not None
            assert process.stdin is not None
            is_last = round_ == kills
            sender = Sender(int(process.stdout.readline()), left, 10**9 if is_last else chance.randrange(1, 60))
            sender.start()
            process.stdin.write(f"{FIRST_MINUTE + chance.randrange(10)}\n")
            process.stdin.flush()
            sender.sent_enough.wait()
            if is_last:
                sender.join()
                process.stdin.write(f"{FIRST_MINUTE + 10}\n")
                process.stdin.close()
                assert process.wait(120) == 0
            else:
                process.stdin.write(f"{FIRST_MINUTE + chance.randrange(10)}\n")
                process.stdin.flush()
                process.kill()
                sender.join()
    return SpanBatch.concat(traces)


def _check(directory: Path, checkpoints: str, kills: int) -> None:
    spans = _work(directory, checkpoints, kills)

    store = ClickHouseMinutes(ClickHouse(f"chdb://{directory / 'store'}"))
    found = store.read(0, 2**31 - 1)
    store.close()
    expected = summarise(spans).minutes
    assert sorted_rows(found)["operations"] == sorted_rows(expected)["operations"]
    assert sorted_rows(found)["paths"] == sorted_rows(expected)["paths"]


def test_server_that_is_killed_twice_has_the_minutes_of_one_that_was_not(tmp_path: Path) -> None:
    _check(tmp_path, "often", 2)


@pytest.mark.slow
@pytest.mark.parametrize("checkpoints", ["often", "never"])
def test_server_that_is_killed_twenty_times_has_the_minutes_of_one_that_was_not(
    tmp_path: Path, checkpoints: str
) -> None:
    _check(tmp_path, checkpoints, 20)
