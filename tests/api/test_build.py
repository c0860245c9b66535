from __future__ import annotations

import dataclasses
import socket
from pathlib import Path

import grpc
import pytest
from tests.api.conftest import local_client

from tracetune.api.access import Role
from tracetune.api.build import access, build, channels
from tracetune.domain.anomalies import Severity
from tracetune.errors import InvalidSettings
from tracetune.live.publisher import Publisher
from tracetune.settings import AlertSettings, ApiSettings, Settings


def test_each_token_has_its_role() -> None:
    found = access(ApiSettings(read_token="r", ingest_token="i", admin_token="a"))  # noqa: S106 - of this test

    assert found.tokens == {"r": Role.READ, "i": Role.INGEST, "a": Role.ADMIN}


def test_one_token_cannot_have_two_roles() -> None:
    with pytest.raises(InvalidSettings, match="equal"):
        access(ApiSettings(read_token="same", admin_token="same"))  # noqa: S106 - of this test


def test_lists_are_parted_by_commas() -> None:
    found = access(ApiSettings(hosts="Box, other", proxies="10.0.0.1", user_header="X-Forwarded-User"))

    assert found.hosts == {"box", "other"}
    assert found.proxies == {"10.0.0.1"}
    assert found.user_header == "x-forwarded-user"


def test_only_channels_that_are_set_are_made() -> None:
    assert list(channels(AlertSettings())) == []

    found = list(channels(AlertSettings(alertmanager_url="http://am:9093", slack_url="https://hooks.example/T/B/x")))

    assert [(each.sink.name, each.least) for each in found] == [
        ("alertmanager", Severity.WARNING),
        ("slack", Severity.CRITICAL),
    ]


def test_an_address_that_is_none_is_refused_without_repeating_it() -> None:
    with pytest.raises(InvalidSettings) as caught:
        list(channels(AlertSettings(slack_url="hooks.example/T/B/secret")))

    assert "secret" not in caught.value.message


def test_what_was_said_is_there_after_a_restart(tmp_path: Path) -> None:
    local_client(build(Settings(), Publisher(), folder=tmp_path)).post("/api/v1/events", json={"text": "release"})

    again = local_client(build(Settings(), Publisher(), folder=tmp_path))

    assert [each["text"] for each in again.get("/api/v1/events").json()] == ["release"]


def test_links_and_prefix_come_from_the_settings() -> None:
    api = ApiSettings(prefix="tracetune/", trace_link="https://jaeger/trace/{trace_id}")
    client = local_client(build(dataclasses.replace(Settings(), api=api), Publisher()))

    assert client.get("/tracetune/api/v1/").json()["links"] == {"trace": "https://jaeger/trace/{trace_id}"}
    assert '<base href="/tracetune/">' in client.get("/tracetune/").text


def test_keda_is_answered_while_the_application_runs_and_only_if_a_port_is_set() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = build(Settings(api=ApiSettings(keda_port=port)), Publisher())

    with local_client(app):
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        grpc.channel_ready_future(channel).result(timeout=20)
        channel.close()

    assert not _listens(port)


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
