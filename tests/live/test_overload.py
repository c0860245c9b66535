"""More than the server can take: senders are told to wait, the memory stays bounded, and nothing that was sent is lost."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from google.rpc import error_details_pb2, status_pb2
from tests.live.real import PROTOBUF, Served, Template, serving, stored_calls

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
TRACES = 250
SENDERS = 24
PENDING = "200000"


class Crowd:
    """Senders that follow the specification: what is turned away is sent again when they were told to."""

    def __init__(self, served: Served, bodies: Iterator[bytes], until: float) -> None:
        self._served, self._bodies, self._until = served, bodies, until
        self._lock = threading.Lock()
        self.requests = self.refused = 0
        self.problems: list[str] = []
        self.waits: set[float] = set()
        ways = itertools.islice(itertools.cycle((self._http, self._grpc)), SENDERS)
        self._threads = [threading.Thread(target=self._guarded, args=(way,)) for way in ways]

    def run(self) -> None:
        for each in self._threads:
            each.start()
        for each in self._threads:
            each.join()

    def _guarded(self, way: Callable[[], None]) -> None:
        try:
            way()
        except Exception as error:  # noqa: BLE001 - told by the test
            self.problems.append(repr(error))

    def _next(self) -> bytes | None:
        with self._lock:
            if time.monotonic() >= self._until:
                return None
            self.requests += 1
            return next(self._bodies)

    def _turned_away(self, seconds: float) -> None:
        with self._lock:
            self.refused += 1
            self.waits.add(seconds)
        time.sleep(0.05)  # two seconds were asked for; they would be no crowd

    def _http(self) -> None:
        url = self._served.url("otlp_http", "/v1/traces")
        with httpx.Client(timeout=120) as client:
            while body := self._next():
                while (answer := client.post(url, content=body, headers=PROTOBUF)).status_code == 429:
                    self._turned_away(float(answer.headers["retry-after"]))
                assert answer.status_code == 200, answer.content

    def _grpc(self) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{self._served.ports['otlp_grpc']}") as channel:
            export = channel.unary_unary(METHOD)
            while body := self._next():
                while seconds := _refused(export, body):
                    self._turned_away(seconds)


def _refused(export: grpc.UnaryUnaryMultiCallable, body: bytes) -> float:
    """After how many seconds to come again; 0 where the spans were taken."""
    try:
        export(body, timeout=120)
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
            raise
        details = dict(error.trailing_metadata()).get("grpc-status-details-bin")
        if details is None:  # gRPC's own refusal, of more calls at a time than there are handlers for
            return 1.0
        retry = error_details_pb2.RetryInfo()
        assert status_pb2.Status.FromString(details).details[0].Unpack(retry)
        return float(retry.retry_delay.seconds)
    return 0.0


def _overloaded(directory: Path, seconds: float) -> tuple[Crowd, int, list[float]]:
    template = Template(TRACES)
    with serving(directory, TRACETUNE_SERVE_PENDING_BYTES=PENDING) as served:
        served.send(template.body(0))  # what is loaded once, is loaded
        memory = [served.resident_mebibytes]
        crowd = Crowd(served, map(template.body, itertools.count(1)), time.monotonic() + seconds)
        working = threading.Thread(target=crowd.run)
        working.start()
        while working.is_alive():
            healthy = httpx.get(served.url("api", "/healthz"), timeout=60).status_code
            memory.append(served.resident_mebibytes)
            working.join(1.0)
        after = served.send(template.body(crowd.requests + 1)).status_code
        assert (healthy, after) == (200, 200)
        assert served.stop() == 0
    return crowd, crowd.requests + 2, memory


def _check(directory: Path, seconds: float) -> None:
    crowd, requests, memory = _overloaded(directory, seconds)

    assert crowd.problems == []
    assert crowd.refused > 0
    assert crowd.waits <= {1.0, 2.0}
    assert stored_calls(directory) == dict.fromkeys(("GET /order", "Authorize"), TRACES * requests)
    assert max(memory) - memory[0] < 1024


@pytest.mark.slow
def test_overload_turns_senders_away_and_loses_nothing_of_those_that_come_again(tmp_path: Path) -> None:
    _check(tmp_path, 3.0)


@pytest.mark.slow
def test_minute_of_ten_times_the_load_loses_nothing_and_is_recovered_from(tmp_path: Path) -> None:
    _check(tmp_path, 60.0)
