"""Ports: taken ones are said, and connections that send nothing are closed."""

from __future__ import annotations

import socket

import pytest
from tests.live.parts import Reception, listening

from tracetune.errors import Conflict, InvalidSettings
from tracetune.live import listeners
from tracetune.sources.http import HttpReceiver


def test_port_that_is_taken_is_a_conflict_that_names_the_setting() -> None:
    first = listeners.bind("127.0.0.1", 0, "OTLP", "serve.otlp_http_port")
    port = first.getsockname()[1]

    with pytest.raises(Conflict, match=f"port {port}") as caught:
        listeners.bind("127.0.0.1", port, "OTLP", "serve.otlp_http_port")

    first.close()
    assert "serve.otlp_http_port" in caught.value.hint


def test_address_of_another_machine_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="cannot listen on 203"):
        listeners.bind("203.0.113.7", 0, "OTLP", "serve.otlp_http_port")


@pytest.mark.parametrize("sent", [b"", b"POST /v1/traces HTTP/1.1\r\nhost: slow"])
def test_head_that_does_not_arrive_closes_the_connection(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(listeners, "SECONDS_FOR_A_HEAD", 0.1)
    with listening(HttpReceiver(Reception().accept)) as port:
        slow = socket.create_connection(("127.0.0.1", port))
        slow.sendall(sent)
        slow.settimeout(10)
        received = slow.recv(100)
        slow.close()

    assert received == b""
