"""What only a real server shows: streams, broken requests, bodies without a length, prefixes."""

from __future__ import annotations

import dataclasses
import json
import socket
from collections.abc import Iterator

import httpx
import pytest
from tests.api.real import served

from tracetune.api.app import Options, create_app
from tracetune.api.guard import Limits
from tracetune.api.snapshots import fixed
from tracetune.domain.analysis import Analysis
from tracetune.live.events import IncidentOpened, IncidentRecord, MinuteClosed
from tracetune.live.publisher import Publisher


@pytest.fixture
def publisher(shop: Analysis) -> Publisher:
    return fixed(shop)


@pytest.fixture
def url(publisher: Publisher) -> Iterator[str]:
    options = Options(prefix="/tracetune", limits=Limits(body_bytes=2_000))
    with served(create_app(publisher, options=options)) as url:
        yield url


def _events(response: httpx.Response) -> Iterator[dict[str, object]]:
    for line in response.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def test_a_page_hears_of_an_incident_as_it_happens(publisher: Publisher, url: str, shop: Analysis) -> None:
    record = IncidentRecord(shop.incidents[0], shop.rankings[shop.incidents[0].id], 1, 1)

    with httpx.stream("GET", f"{url}/tracetune/api/v1/stream", timeout=20) as response:
        events = _events(response)
        first = next(events)
        publisher.publish(
            dataclasses.replace(publisher.current(), version=2), [IncidentOpened(record), MinuteClosed(5, 2)]
        )
        heard = [next(events) for _ in range(2)]

    assert response.headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in response.headers, "a compressed stream would wait for more to compress"
    assert first["kind"] == "snapshot"
    assert [each["kind"] for each in heard] == ["incident_opened", "snapshot"]
    assert heard[0]["incident_id"] == "INC-3f9c"


def test_a_server_with_listeners_can_be_stopped(publisher: Publisher) -> None:
    with served(create_app(publisher)) as url, httpx.stream("GET", f"{url}/api/v1/stream", timeout=20) as response:
        next(_events(response))

    assert publisher._subscribers == set()


def test_pages_and_api_work_under_a_prefix(url: str) -> None:
    page = httpx.get(f"{url}/tracetune/services/payments")
    answer = httpx.get(f"{url}/tracetune/api/v1/overview")

    assert '<base href="/tracetune/">' in page.text
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"


def test_a_body_without_a_length_is_cut_off_where_it_is_too_long(url: str) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1_000):
            yield b"x" * 1_000

    try:
        answer = httpx.post(f"{url}/tracetune/api/v1/events", content=endless(), timeout=20)
    except httpx.TransportError:
        return  # the connection was closed on it, which is as good

    assert answer.status_code == 400
    assert "more than 2000 bytes" in answer.json()["detail"]


@pytest.mark.parametrize(
    "garbage", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /x HTTP/1.1\r\nContent-Length: -5\r\n\r\n"]
)
def test_garbage_is_refused_and_the_server_goes_on(url: str, garbage: bytes) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(garbage)
        connection.recv(1_000)

    assert httpx.get(f"{url}/healthz").status_code == 200
