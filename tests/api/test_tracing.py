from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import httpx
import msgspec
import pytest
from starlette.testclient import TestClient
from tests.api.conftest import local_client

from tracetune.api.app import Options, create_app
from tracetune.api.snapshots import fixed
from tracetune.domain.analysis import Analysis
from tracetune.sinks.own_traces import OwnTraces

CALLER = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


@dataclasses.dataclass
class Watched:
    client: TestClient
    traces: OwnTraces
    bodies: list[bytes]

    def spans(self) -> list[dict[str, object]]:
        self.traces.close()
        found = [msgspec.json.decode(body) for body in self.bodies]
        return [span for body in found for each in body["resourceSpans"] for span in each["scopeSpans"][0]["spans"]]


@pytest.fixture
def watched(shop: Analysis) -> Iterator[Watched]:
    bodies: list[bytes] = []

    def take(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(200)

    traces = OwnTraces("http://c", "tracetune", "1", {}, httpx.Client(transport=httpx.MockTransport(take)))
    with local_client(create_app(fixed(shop), options=Options(traces=traces, prefix="/t"))) as client:
        yield Watched(client, traces, bodies)


def test_a_request_is_a_span_named_by_its_route_under_its_caller(watched: Watched) -> None:
    watched.client.get("/t/api/v1/services/payments/series", headers={"traceparent": CALLER})

    (span,) = watched.spans()

    assert span["name"] == "GET /api/v1/services/{service_name:path}/series"
    assert (span["traceId"], span["parentSpanId"], span["kind"]) == ("a" * 32, "b" * 16, 2)
    assert {"key": "http.response.status_code", "value": {"intValue": "200"}} in span["attributes"]  # type: ignore[operator]


def test_a_caller_that_names_itself_wrongly_is_nobody(watched: Watched) -> None:
    watched.client.get("/api/v1/services", headers={"traceparent": CALLER.replace("b", "0")})

    (span,) = watched.spans()

    assert span["parentSpanId"] == ""
    assert span["traceId"] != "a" * 32


def test_machines_that_ask_all_the_time_make_no_spans(watched: Watched) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        watched.client.get(path)

    assert watched.spans() == []
