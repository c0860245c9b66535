"""A server sends spans of its own work where it was told to, and never takes its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.api.real import free_port
from tests.live.parts import FIRST_MINUTE, Clock, closed, listening, otlp, running, trace_of

from tracetune.errors import InvalidSettings
from tracetune.live.server import Server
from tracetune.live.watching import own_name, own_traces
from tracetune.settings import ServeSettings


def test_a_server_that_sends_its_spans_to_itself_does_not_watch_itself(tmp_path: Path) -> None:
    port = free_port()
    clock = Clock()

    async def work(server: Server) -> None:
        await asyncio.wrap_future(server.admission.accept(otlp(trace_of(0))))
        await closed(server, clock, FIRST_MINUTE)

    with running(tmp_path, clock, own_traces_url=f"http://127.0.0.1:{port}") as server, listening(server.http, port):
        asyncio.run(work(server))
        assert server.traces is not None
        server.traces.close()  # sends what waits
        sent = server.traces.sent
        received = dict(server.admission.received)
        asyncio.run(closed(server, clock, FIRST_MINUTE + 1))
        analysis = server.publisher.current().analysis

    assert sent >= 5  # the minute, and its four stages
    assert server.admission.dropped["own_span"] == sent
    assert received["otlp_http"] == len(trace_of(0))
    assert analysis is not None
    assert "tracetune" not in analysis.graph.services


def test_another_tracetune_is_watched_where_it_has_another_name(tmp_path: Path) -> None:
    port = free_port()
    other = own_traces(ServeSettings(own_service_name="tracetune-west", own_traces_url=f"http://127.0.0.1:{port}"), {})
    assert other is not None

    with running(tmp_path) as server, listening(server.http, port):
        with other.span("judge a minute"):
            pass
        other.close()

    assert (other.sent, other.problem) == (1, "")
    assert server.admission.dropped["own_span"] == 0


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/"}, "http://collector:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://box/otlp"}, "https://box/otlp"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "true"}, ""),
    ],
)
def test_the_address_is_opentelemetrys(environment: dict[str, str], address: str) -> None:
    found = own_traces(ServeSettings(), environment)

    assert (found._url if found else "") == address
    if found:
        found.close()


def test_a_setting_wins_over_the_variables_and_an_address_that_is_none_is_refused() -> None:
    found = own_traces(
        ServeSettings(own_traces_url="http://here:4318"),
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://there/v1/traces"},
    )
    assert found is not None
    assert found._url == "http://here:4318/v1/traces"
    found.close()

    with pytest.raises(InvalidSettings, match="collector:4317"):
        own_traces(ServeSettings(own_traces_url="collector:4317"), {})


def test_the_own_name_is_the_settings_else_the_variables_else_tracetune() -> None:
    assert own_name(ServeSettings(own_service_name="a"), {"OTEL_SERVICE_NAME": "b"}) == "a"
    assert own_name(ServeSettings(), {"OTEL_SERVICE_NAME": "b"}) == "b"
    assert own_name(ServeSettings(), {}) == "tracetune"
