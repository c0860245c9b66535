from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from tests.api.real import free_port, receiver, served

from tracetune.api.app import create_app
from tracetune.app import Application
from tracetune.cli.endpoint import SERVICE, Step, follow
from tracetune.cli.remote import Server
from tracetune.domain.analysis import Analysis
from tracetune.live.publisher import Publisher, Snapshot
from tracetune.live.status import Status
from tracetune.settings import ClientSettings, load


@pytest.fixture
def answering() -> Iterator[tuple[str, Publisher, list[Any]]]:
    """The API beside a receiver that only keeps what it is sent."""
    publisher, bodies = Publisher(Snapshot(status=Status(ready=True, received={"otlp_http": 7}))), []
    app = FastAPI()

    @app.post("/v1/traces")
    async def take(request: Request) -> dict[str, object]:
        bodies.append(await request.json())
        before = publisher.current()
        publisher.publish(dataclasses.replace(before, status=Status(received={"otlp_http": 8}), version=1))
        return {"partialSuccess": {}}

    app.mount("/", create_app(publisher))
    with served(app) as url:
        yield url, publisher, bodies


def test_a_span_is_followed_from_the_receiver_to_a_closed_minute(answering: Any, tmp_path: Path) -> None:
    url, publisher, bodies = answering
    server = Server.at(ClientSettings(url))

    def minute_ends(_: float) -> None:
        publisher.publish(Snapshot(_analysis_of(bodies[0], tmp_path), 2, 1, Status(received={"otlp_http": 8})))

    with server:
        steps = list(follow(url, "", server, sleep=minute_ends))

    assert [(step.name, step.ok) for step in steps] == [("sent", True), ("received", True), ("stored", True)]


def test_without_a_server_only_the_receiver_is_tried(answering: Any) -> None:
    url, _, bodies = answering

    steps = list(follow(f"{url}/v1/traces", "", None))

    assert [(step.name, step.ok) for step in steps] == [("sent", True), ("arrived", None)]
    resource = bodies[0]["resourceSpans"][0]["resource"]["attributes"][0]
    assert resource == {"key": "service.name", "value": {"stringValue": SERVICE}}


def test_a_refusal_ends_it_with_the_reason() -> None:
    with receiver() as other:
        other.status = 401
        steps = list(follow(other.url, "", None))

    assert [step.ok for step in steps] == [False]
    assert "401" in steps[0].text


def test_nobody_at_the_address_is_told_with_the_usual_mistake() -> None:
    step = next(iter(follow(f"http://127.0.0.1:{free_port()}", "", None)))
    grpc = next(iter(follow("http://127.0.0.1:4317", "", None)))

    assert (step.name, step.ok) == ("sent", False)
    assert "does not answer" in step.text
    assert isinstance(grpc, Step)


def test_another_server_behind_url_is_noticed(answering: Any) -> None:
    url, _, _ = answering
    now = [0.0]

    def wait(seconds: float) -> None:
        now[0] += 100 * seconds

    other = create_app(Publisher(Snapshot(status=Status(received={"zipkin": 3}))))
    with served(other) as elsewhere, Server.at(ClientSettings(elsewhere)) as server:
        steps = list(follow(url, "", server, clock=lambda: now[0], sleep=wait))

    assert (steps[-1].name, steps[-1].ok) == ("received", False)
    assert "same server" in steps[-1].text


def _analysis_of(body: Any, folder: Path) -> Analysis:
    """What the whole pipeline makes of the request that was sent: it is a real one."""
    (folder / "sent.json").write_text(json.dumps(body))
    settings, _ = load(environ={}, flags={"learn.model": "baselines"})
    return Application(settings).analyze([str(folder / "sent.json")], lambda *_: None)
