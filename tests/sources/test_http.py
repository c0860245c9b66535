"""Spans over HTTP, from the SDK's exporter, from curl, and from senders that mean no good."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from tests.live.parts import Reception, listening, trace_of

from tracetune.errors import Unavailable
from tracetune.sources import http as http_receiver
from tracetune.sources.http import HttpReceiver
from tracetune.sources.reception import Overloaded
from tracetune.testing.otlp_json_writer import otlp_json
from tracetune.testing.otlp_writer import request
from tracetune.testing.zipkin_writer import zipkin_v2

LIMIT = 1 << 20
PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def reception() -> Reception:
    return Reception()


@pytest.fixture
def receiver(reception: Reception) -> HttpReceiver:
    return HttpReceiver(
        reception.accept,
        max_request_bytes=LIMIT,
        most_bytes=2 * LIMIT,
        seconds_between_pieces=0.2,
        seconds_for_a_body=1,
    )


@pytest.fixture
def url(receiver: HttpReceiver) -> Iterator[str]:
    with listening(receiver) as port:
        yield f"http://127.0.0.1:{port}"


def otlp(url: str, body: Any, **headers: str) -> httpx.Response:
    return httpx.post(f"{url}/v1/traces", content=body, headers={**PROTOBUF, **headers})


@pytest.mark.parametrize("compression", ["NoCompression", "Gzip"])
def test_spans_of_the_sdks_exporter_arrive(url: str, reception: Reception, compression: str) -> None:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    provider = TracerProvider()
    exporter = OTLPSpanExporter(f"{url}/v1/traces", compression=Compression[compression])
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for _ in range(5):
        with provider.get_tracer("test").start_as_current_span("work"):
            pass
    provider.shutdown()

    assert reception.spans == 5


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_compressed_bodies_are_taken(url: str, reception: Reception, encoding: str, compress: Any) -> None:
    answer = otlp(url, compress(request(trace_of(0))), **{"content-encoding": encoding})

    assert (answer.status_code, answer.content, reception.spans) == (200, b"", 2)


def test_chunked_bodies_are_taken(url: str, reception: Reception) -> None:
    message = request(trace_of(0))

    answer = otlp(url, iter([message[:10], message[10:11], message[11:]]))

    assert (answer.status_code, reception.spans) == (200, 2)


def test_json_is_answered_in_json(url: str, reception: Reception) -> None:
    body = b"".join(otlp_json([trace_of(0)]))

    whole = httpx.post(f"{url}/v1/traces", content=body, headers=JSON)
    partial = httpx.post(f"{url}/v1/traces", content=body.replace(b'"spanId":"', b'"spanId":"zz', 1), headers=JSON)

    assert (whole.status_code, whole.json()) == (200, {})
    assert partial.status_code == 200
    assert partial.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert reception.spans == 3


@pytest.mark.parametrize("path", ["/api/v2/spans", "/api/v1/spans"])
def test_zipkin_is_answered_as_its_server_does(url: str, reception: Reception, path: str) -> None:
    from tracetune.testing.zipkin_writer import zipkin_v1

    body = b"".join((zipkin_v1 if "v1" in path else zipkin_v2)([trace_of(0)]))

    curl = subprocess.run(  # noqa: S603 - ours
        ["curl", "-s", "-w", "%{http_code}", "--data-binary", "@-", "-H", "Content-Type: application/json", url + path],  # noqa: S607
        input=body,
        capture_output=True,
        check=True,
    )

    assert curl.stdout == b"202"
    assert reception.spans == 2


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/v1/metrics", "POST", PROTOBUF, 404),
        ("/v1/traces", "GET", PROTOBUF, 405),
        ("/v1/traces", "POST", {"content-type": "text/html"}, 415),
        ("/v1/traces", "POST", {**PROTOBUF, "content-encoding": "br"}, 400),
        ("/v1/traces", "POST", {**PROTOBUF, "content-encoding": "gzip"}, 400),
        ("/v1/traces", "POST", PROTOBUF, 400),
        ("/api/v2/spans", "POST", JSON, 400),
    ],
)
def test_what_is_no_request_for_spans_is_refused(
    url: str, reception: Reception, path: str, method: str, headers: dict[str, str], status: int
) -> None:
    answer = httpx.request(method, url + path, content=b"\xff\xfe garbage", headers=headers)

    assert answer.status_code == status
    assert answer.content
    assert reception.payloads == []


def test_overload_is_told_with_when_to_come_again(url: str, reception: Reception) -> None:
    reception.failure = Overloaded("too much waits")
    overloaded = otlp(url, request(trace_of(0)))
    reception.failure = Unavailable("the disk is full")
    unavailable = otlp(url, request(trace_of(0)))

    assert (overloaded.status_code, overloaded.headers["retry-after"]) == (429, "2")
    assert (unavailable.status_code, unavailable.headers["retry-after"]) == (503, "2")


def test_sdk_sends_again_what_was_turned_away(url: str, receiver: HttpReceiver, reception: Reception) -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    reception.failure = Overloaded("too much waits")
    tally = receiver.tallies["otlp_http"]
    refused = tally.turned_away

    def turned_away() -> None:
        refused()
        reception.failure = None

    tally.turned_away = turned_away  # type: ignore[method-assign]
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces")))
    with provider.get_tracer("test").start_as_current_span("work"):
        pass
    provider.shutdown()

    assert (tally.refused, reception.spans) == (1, 1)


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "identity"])
def test_body_beyond_the_limit_is_refused_also_when_it_is_small_on_the_wire(
    url: str, reception: Reception, encoding: str
) -> None:
    bomb = bytes(4 * LIMIT)
    body = {"gzip": gzip.compress(bomb), "zstd": zstandard.compress(bomb), "identity": bomb}[encoding]

    answer = otlp(url, body, **{"content-encoding": encoding})

    assert answer.status_code == 413
    assert reception.payloads == []


def test_chunks_beyond_the_limit_are_refused(url: str, reception: Reception) -> None:
    answer = otlp(url, (bytes(LIMIT // 4) for _ in range(40)))

    assert answer.status_code == 413
    assert reception.payloads == []


def test_clients_that_send_all_before_they_read_are_told_that_it_is_too_large(url: str, tmp_path: Path) -> None:
    large = bytes(40 * LIMIT)  # more than the buffers between them hold
    connection = http.client.HTTPConnection("127.0.0.1", int(url.rpartition(":")[2]))
    (tmp_path / "spans").write_bytes(large)
    command = ["curl", "-s", "-w", "%{http_code}", "-H", "content-type: application/json", "-H", "expect:"]

    connection.request("POST", "/v1/traces", large, {"content-type": "application/json"})
    answer = connection.getresponse()
    said = answer.read()
    curl = subprocess.run(  # noqa: S603 - ours
        [*command, "--data-binary", f"@{tmp_path}/spans", f"{url}/v1/traces"], capture_output=True, check=False
    )

    assert (answer.status, curl.returncode, curl.stdout[-3:]) == (413, 0, b"413")
    assert b"send smaller batches" in said
    connection.close()


def test_sender_that_never_ends_is_cut_off_after_its_answer(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_receiver, "BYTES_TO_LINGER", 4 * LIMIT)
    head = (
        b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9000000000\r\n\r\n"
    )
    sent = 0
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as endless:
        endless.sendall(head)
        answer = endless.recv(1000)
        with contextlib.suppress(ConnectionError):
            while sent < 1000 * LIMIT:
                endless.sendall(bytes(LIMIT))
                sent += LIMIT

    assert answer.split()[1] == b"413"
    assert sent < 100 * LIMIT


def test_bodies_that_arrive_slowly_are_cut_off_and_their_room_is_free_again(url: str, receiver: HttpReceiver) -> None:
    port = int(url.rpartition(":")[2])
    head = b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 900000\r\n\r\nx"
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
    for each in slow:
        each.sendall(head)

    answers = [each.recv(1000) for each in slow]
    after = otlp(url, request(trace_of(0)))

    for each in slow:
        each.close()
    assert [answer.split()[1] for answer in answers] == [b"408", b"408"]
    assert after.status_code == 200
    assert receiver._room._free == 2 * LIMIT


def test_more_bodies_than_memory_is_set_aside_for_are_turned_away(url: str) -> None:
    port = int(url.rpartition(":")[2])
    head = b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 1000000\r\n\r\n"
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    for each in held:
        each.sendall(head)

    answers = [each.recv(1000).split()[1] for each in held]

    for each in held:
        each.close()
    assert sorted(answers) == [b"408", b"408", b"429"]


def test_only_who_has_the_token_is_let_in(reception: Reception) -> None:
    message = request(trace_of(0))
    with listening(HttpReceiver(reception.accept, tokens=["other", "open sesame"])) as port:
        url = f"http://127.0.0.1:{port}"
        without = otlp(url, message)
        wrong = otlp(url, message, authorization="Bearer open")
        right = otlp(url, message, authorization="Bearer open sesame")

    assert [without.status_code, wrong.status_code, right.status_code] == [401, 401, 200]
    assert without.headers["www-authenticate"] == "Bearer"
    assert reception.spans == 2


def test_refusals_are_messages_of_the_specifications_type(url: str) -> None:
    from google.rpc import status_pb2

    as_protobuf = status_pb2.Status.FromString(otlp(url, b"\xff garbage").content)
    as_json = json.loads(httpx.post(f"{url}/v1/traces", content=b"{", headers=JSON).content)

    assert as_protobuf.code == as_json["code"] == 3
    assert "OTLP" in as_protobuf.message
    assert as_json["message"]
